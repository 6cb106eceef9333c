import { describe, ShaleError, systemClock, type Clock } from '@shale/contracts'

/** How much an embedded store may hold, and where it gets its time from. */
export interface MemoryStoreOptions {
  /** The most entries that are held; no limit of its own unless stated. An integer above zero. */
  readonly maxEntries?: number | undefined
  /** The most bytes that are held, key, value and `entryOverheadBytes` of each entry together; 64 MiB unless stated. An integer above zero. */
  readonly maxBytes?: number | undefined
  /** The time of this machine unless stated. */
  readonly clock?: Clock | undefined
}

/** The same with nothing left open. */
export interface MemoryLimits {
  readonly maxEntries: number
  readonly maxBytes: number
  readonly clock: Clock
}

const defaultMaxBytes = 64 * 1024 * 1024

const known: readonly string[] = ['maxEntries', 'maxBytes', 'clock'] satisfies (keyof MemoryStoreOptions)[]

export function resolveOptions(options: MemoryStoreOptions): MemoryLimits {
  if (typeof options !== 'object' || options === null) {
    throw invalid(`options: expected an object such as { maxBytes: ${defaultMaxBytes} }; found ${describe(options)}.`)
  }
  const unknown = Object.keys(options).find((name) => !known.includes(name))
  if (unknown !== undefined) throw invalid(`options: expected ${known.join(', ')}; found the unknown option ${describe(unknown)}.`)
  const { maxEntries, maxBytes = defaultMaxBytes, clock = systemClock } = options
  return {
    maxEntries: maxEntries === undefined ? Infinity : checkLimit(maxEntries, 'maxEntries'),
    maxBytes: checkLimit(maxBytes, 'maxBytes'),
    clock: checkClock(clock),
  }
}

function checkLimit(limit: unknown, name: string): number {
  if (Number.isSafeInteger(limit) && (limit as number) > 0) return limit as number
  throw invalid(`${name}: expected an integer above zero; found ${describe(limit)}.`)
}

function checkClock(clock: unknown): Clock {
  if (typeof (clock as Clock | null)?.now === 'function') return clock as Clock
  throw invalid(`clock: expected a Clock, such as systemClock of @shale/contracts; found ${describe(clock)}.`)
}

function invalid(text: string): ShaleError {
  return new ShaleError('CONFIG_INVALID', text)
}
