import type { ErrorCode, ServerStatus, ShaleError, Store } from '@shale/contracts'
import { failuresOf } from './failure.ts'

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
  /** Calls that gave a safe answer instead of a server's; of a shard, those in which it failed. */
  readonly degraded: number
  /** Bytes of the entries that were read. */
  readonly bytesRead: number
  /** Bytes of the entries that were stored. */
  readonly bytesWritten: number
  /** Errors by code, those that were degraded included. A call on many keys counts as `SHARDS_FAILED`, and with a code of its own on each shard that failed. */
  readonly errors: Readonly<Partial<Record<ErrorCode, number>>>
}

/** The counters of a cache and of each of its shards by name, and how its servers are. */
export interface CacheStats extends Counters {
  readonly shards: Readonly<Record<string, Counters>>
  /** Each server: its state, breaker, latencies, lag and reconnects. Empty for an embedded cache. */
  readonly servers: readonly ServerStatus[]
}

/** Counters while they grow; what is counted of a shard counts in all, too. */
export class Counts {
  hits = 0
  misses = 0
  sets = 0
  deletes = 0
  degraded = 0
  bytesRead = 0
  bytesWritten = 0
  readonly errors: Partial<Record<ErrorCode, number>> = {}
  readonly #all: Counts | undefined

  constructor(all?: Counts) {
    this.#all = all
  }

  /** An entry was found. */
  hit(bytes: number): void {
    this.hits++
    this.bytesRead += bytes
    this.#all?.hit(bytes)
  }

  /** A key was not found, not readable, or not answered for. */
  miss(): void {
    this.misses++
    this.#all?.miss()
  }

  /** An entry was stored. */
  set(bytes: number): void {
    this.sets++
    this.bytesWritten += bytes
    this.#all?.set(bytes)
  }

  /** Entries were removed. */
  deleted(count: number): void {
    this.deletes += count
    this.#all?.deleted(count)
  }

  /** Something went wrong; an error of many shards counts in all under a code of its own. */
  error(code: ErrorCode): void {
    this.errors[code] = (this.errors[code] ?? 0) + 1
  }

  snapshot(): Counters {
    return { ...this, errors: { ...this.errors } }
  }
}

/** What a cache counts, in all and for each shard. */
export class Stats {
  readonly #store: Store
  readonly #all = new Counts()
  readonly #shards = new Map<string, Counts>()
  /** The counts of the only shard there is. */
  readonly #only: Counts | undefined

  constructor(store: Store) {
    this.#store = store
    const shards = store.parts?.().map(({ shard }) => shard) ?? []
    for (const shard of shards) this.named(shard)
    if (this.#shards.size < 2) this.#only = this.#shards.values().next().value ?? new Counts(this.#all)
  }

  /** Whether there is one shard alone. */
  get isOfOne(): boolean {
    return this.#only !== undefined
  }

  /** What is counted of a stored key. */
  of(stored: string): Counts {
    return this.#only ?? this.named(this.#store.locate(stored).shard)
  }

  /** What is counted of a shard. */
  named(shard: string): Counts {
    if (this.#only !== undefined) return this.#only
    let counts = this.#shards.get(shard)
    if (counts === undefined) this.#shards.set(shard, (counts = new Counts(this.#all)))
    return counts
  }

  /** Something went wrong: at the shards that an error names, or that of a key. */
  error(error: ShaleError, stored?: string): void {
    this.#all.error(error.code)
    for (const [counts, code] of this.#at(error, stored)) counts.error(code)
  }

  /** A call gave its safe answer for an error. */
  degraded(error: ShaleError, stored?: string): void {
    this.#all.degraded++
    for (const [counts] of this.#at(error, stored)) counts.degraded++
  }

  snapshot(): CacheStats {
    const shards = this.#only === undefined ? this.#shards : new Map([[this.#store.locate('').shard, this.#only]])
    return {
      ...this.#all.snapshot(),
      shards: Object.fromEntries(Array.from(shards, ([shard, counts]) => [shard, counts.snapshot()])),
      servers: this.#store.status?.() ?? [],
    }
  }

  #at(error: ShaleError, stored: string | undefined): readonly (readonly [Counts, ErrorCode])[] {
    const failures = failuresOf(error)
    if (failures.length > 0) return failures.map(({ shard, code }) => [this.named(shard), code])
    return stored === undefined ? [] : [[this.of(stored), error.code]]
  }
}
