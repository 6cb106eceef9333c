import type { ErrorCode } from '@shale/contracts'

/** What was counted since a cache was made; a namespace counts together with the cache it came from. */
export interface Counters {
  /** Keys that were asked for and found. */
  readonly hits: number
  /** Keys that were asked for and not found, not readable, or not answered for. */
  readonly misses: number
  /** Entries that were stored. */
  readonly sets: number
  /** Entries that were removed. */
  readonly deletes: number
  /** Calls that gave a safe answer instead of a server's. */
  readonly degraded: number
  /** Bytes of the entries that were read. */
  readonly bytesRead: number
  /** Bytes of the entries that were stored. */
  readonly bytesWritten: number
  /** Errors by code, those that were degraded included. */
  readonly errors: Readonly<Partial<Record<ErrorCode, number>>>
}

/** The counters of a cache, and of each of its shards by name. */
export interface CacheStats extends Counters {
  readonly shards: Readonly<Record<string, Counters>>
}

/** The counters while they grow. */
export class Stats {
  hits = 0
  misses = 0
  sets = 0
  deletes = 0
  degraded = 0
  bytesRead = 0
  bytesWritten = 0
  readonly errors: Partial<Record<ErrorCode, number>> = {}

  error(code: ErrorCode): void {
    this.errors[code] = (this.errors[code] ?? 0) + 1
  }

  snapshot(): Counters {
    return { ...this, errors: { ...this.errors } }
  }
}
