import { describe, ShaleError } from '@shale/contracts'

const deepest = 200

/** Refuses whatever JSON would not bring back as it was, and names the path to it. */
export function assertPlain(value: unknown, path = 'value', depth = 0): void {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return
  if (typeof value === 'number' && Number.isFinite(value) && !Object.is(value, -0)) return
  if (typeof value !== 'object') throw unfit(path, describe(value))
  if (depth === deepest) throw unfit(path, `more than ${deepest} levels of nesting`)
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) assertPlain(value[i], `${path}[${i}]`, depth + 1)
    return
  }
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype !== Object.prototype && prototype !== null) throw unfit(path, describe(value))
  if (Object.getOwnPropertySymbols(value).length > 0) throw unfit(path, 'a symbol as a name')
  for (const [name, item] of Object.entries(value)) assertPlain(item, `${path}.${name}`, depth + 1)
}

function unfit(path: string, found: string): ShaleError {
  return new ShaleError(
    'VALUE_INVALID',
    `The columnar codec stores what JSON can hold; found ${found} at ${path}. Convert it, or use cbor().`,
  )
}
