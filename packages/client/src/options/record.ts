import { describe, ShaleError } from '@shale/contracts'

/** True of an object that holds things by name: not of an array, a `Map`, a `Promise` and the like. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && Object.prototype.toString.call(value) === '[object Object]'
}

/**
 * What an object holds by name, inherited things included, as it held them once: a copy without getters.
 *
 * @throws ShaleError `CONFIG_INVALID` for what is no such object, cannot be read, or holds anything but what is known.
 */
export function readRecord<Name extends string>(
  value: unknown,
  known: readonly Name[],
  where: string,
): Readonly<Partial<Record<Name, unknown>>> {
  if (!isRecord(value))
    throw new ShaleError('CONFIG_INVALID', `${where}: expected an object of ${known.join(', ')}; found ${kindOf(value)}.`)
  const read: Partial<Record<Name, unknown>> = {}
  try {
    for (const name in value) {
      if (!known.includes(name as Name)) throw unknown(name, known, where)
      read[name as Name] = value[name]
    }
  } catch (error) {
    throw unreadable(error, where)
  }
  return read
}

/** What a list holds, as it held it once. */
export function readList(value: readonly unknown[], where: string): readonly unknown[] {
  try {
    return Array.from(value)
  } catch (error) {
    throw unreadable(error, where)
  }
}

/** What was found, without showing a text: it may be a URL with its password. */
export function kindOf(value: unknown): string {
  if (typeof value !== 'string') return describe(value)
  return value === '' ? 'an empty string' : 'a string'
}

function unknown(name: string, known: readonly string[], where: string): ShaleError {
  return new ShaleError('CONFIG_INVALID', `${where}: unknown property ${JSON.stringify(name)}; the known ones are ${known.join(', ')}.`)
}

function unreadable(error: unknown, where: string): ShaleError {
  if (ShaleError.is(error)) return error
  return new ShaleError('CONFIG_INVALID', `${where}: expected what can be read; found what throws. Hand over plain values.`, {
    cause: error,
  })
}
