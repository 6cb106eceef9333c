import { describe, readRecord, ShaleError, type Duration } from '@shale/contracts'

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
  if (options !== undefined) readRecord(options, known, call, 'option')
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
