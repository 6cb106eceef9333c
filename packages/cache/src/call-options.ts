import { describe, ShaleError, type Duration } from '@shale/contracts'

/** What every operation accepts. */
export interface CallOptions {
  /** The key version to work on; the cache's own by default. */
  readonly version?: number | undefined
}

/** Options of `get`. */
export interface GetOptions<D> extends CallOptions {
  /** What a miss gives instead of `undefined`. */
  readonly default?: D | undefined
}

/** Options of whatever stores. */
export interface SetOptions extends CallOptions {
  /** How long the entry lives; `null` for ever; zero or less not at all. The cache's own by default. */
  readonly ttl?: Duration | null | undefined
  /** The share of the ttl, 0 to 1, that may be taken off at random. The cache's own by default. */
  readonly ttlJitter?: number | undefined
}

/** Options of `clear`. */
export interface ClearOptions extends CallOptions {
  /** Empties the whole database of every server, whoever stored there. */
  readonly database?: boolean | undefined
}

/**
 * Refuses an options object that holds anything but the options named, inherited ones included, or that cannot be read.
 *
 * @throws ShaleError `CONFIG_INVALID`
 */
export function checkOptions(options: object | undefined, known: readonly string[], call: string): void {
  if (options !== undefined) readOptions(options, known, call)
}

/**
 * The options that an object holds, as it held them once: a copy without getters.
 *
 * @throws ShaleError `CONFIG_INVALID`, as `checkOptions`.
 */
export function readOptions(options: unknown, known: readonly string[], call: string): Readonly<Record<string, unknown>> {
  if (!isRecord(options)) throw new ShaleError('CONFIG_INVALID', `${call}: expected its options as an object; found ${kindOf(options)}.`)
  const read: Record<string, unknown> = {}
  try {
    for (const name in options) {
      if (!known.includes(name)) throw unknownOption(name, known, call)
      read[name] = options[name]
    }
  } catch (error) {
    if (ShaleError.is(error)) throw error
    throw new ShaleError('CONFIG_INVALID', `${call}: expected options that can be read; found one that throws. Hand over plain values.`, {
      cause: error,
    })
  }
  return read
}

/** True of an object that may hold things by name: not of an array, a `Map`, a `Promise` and the like. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && Object.prototype.toString.call(value) === '[object Object]'
}

/** What was found in place of options, without showing a text: it may be a URL with its password. */
export function kindOf(value: unknown): string {
  return typeof value === 'string' ? 'a string' : describe(value)
}

function unknownOption(name: string, known: readonly string[], call: string): ShaleError {
  return new ShaleError(
    'CONFIG_INVALID',
    `${call}: unknown option ${JSON.stringify(name)}; it takes ${known.map((k) => `'${k}'`).join(', ')}.`,
  )
}

/** A call's signal, or `CONFIG_INVALID`. */
export function checkSignal(signal: unknown, call: string): void {
  if (signal === undefined || signal instanceof AbortSignal) return
  throw new ShaleError('CONFIG_INVALID', `${call}: expected option 'signal' to be an AbortSignal; found ${describe(signal)}.`)
}

/** The error of a call whose signal was aborted. */
export function aborted(call: string, signal: AbortSignal, partial?: unknown): ShaleError {
  return new ShaleError('ABORTED', `${call}: its signal was aborted.`, { cause: signal.reason, partial })
}
