import { describe } from './describe.ts'
import { ShaleError } from './shale-error.ts'

/** True of an object that may hold things by name: not of an array, a `Map`, a `Promise` and the like. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && Object.prototype.toString.call(value) === '[object Object]'
}

/**
 * What an object holds by name, inherited things included, as it held them once: a copy without getters.
 *
 * @param where what the object is, as its reader knows it, for the message.
 * @param what what each thing in it is called there.
 * @throws ShaleError `CONFIG_INVALID` for what is no such object, cannot be read, or holds anything but what is known.
 */
export function readRecord<Name extends string>(
  value: unknown,
  known: readonly Name[],
  where: string,
  what: 'property' | 'option' = 'property',
): Readonly<Partial<Record<Name, unknown>>> {
  if (!isRecord(value)) {
    const expected = what === 'option' ? 'its options as an object' : `an object of ${known.join(', ')}`
    throw new ShaleError('CONFIG_INVALID', `${where}: expected ${expected}; found ${kindOf(value)}.`)
  }
  const read: Partial<Record<Name, unknown>> = {}
  try {
    for (const name in value) {
      if (!known.includes(name as Name)) throw unknown(name, known, where, what)
      read[name as Name] = value[name]
    }
  } catch (error) {
    throw unreadable(error, where)
  }
  return read
}

/**
 * What a list holds, as it held it once.
 *
 * @throws ShaleError `CONFIG_INVALID` for one that cannot be read.
 */
export function readList(value: readonly unknown[], where: string): readonly unknown[] {
  try {
    return Array.from(value)
  } catch (error) {
    throw unreadable(error, where)
  }
}

/** What was found, without showing a text: it may be a URL with its password. */
export function kindOf(value: unknown): string {
  if (value instanceof URL) return 'a URL object, whose text is its href'
  if (typeof value !== 'string') return describe(value)
  return value === '' ? 'an empty string' : 'a string'
}

function unknown(name: string, known: readonly string[], where: string, what: string): ShaleError {
  const list = known.length === 1 ? `the known one is ${known[0]}` : `the known ones are ${known.join(', ')}`
  return new ShaleError('CONFIG_INVALID', `${where}: unknown ${what} ${JSON.stringify(name)}; ${list}.`)
}

function unreadable(error: unknown, where: string): ShaleError {
  if (ShaleError.is(error)) return error
  return new ShaleError('CONFIG_INVALID', `${where}: expected what can be read; found what throws. Hand over plain values.`, {
    cause: error,
  })
}
