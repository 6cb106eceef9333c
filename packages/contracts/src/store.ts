import type { ShaleError } from './shale-error.ts'

/** What a store says of one key: the answer, or why there is none. */
export type Answer<T> = T | ShaleError

/** An entry to be stored. */
export interface StoreEntry {
  readonly key: string
  /** Owned by the store from the call until it settles; the caller must not change it meanwhile. */
  readonly value: Uint8Array
  /** Whole milliseconds above zero; `null` never expires. */
  readonly ttl: number | null
}

/** An entry to be replaced, or removed, only if it still holds `expected`. */
export interface StoreSwap {
  readonly key: string
  readonly expected: Uint8Array
  /** What to store instead; `undefined` removes the entry. */
  readonly value: Uint8Array | undefined
  /** Whole milliseconds above zero; `null` never expires; `undefined` keeps what is left, to the millisecond. */
  readonly ttl?: number | null | undefined
}

/** An entry whose integer is to grow by `by`, a safe integer. */
export interface StoreIncrement {
  readonly key: string
  readonly by: number
}

/** An entry to be renamed, its ttl kept, over whatever is at `to`. */
export interface StoreMove {
  readonly from: string
  readonly to: string
}

/** How a batch went of which only the number counts. */
export interface Tally {
  /** How many keys the operation was true of. */
  readonly count: number
  /** The keys that got an error instead of an answer; `undefined` where there are none. */
  readonly failed: ReadonlyMap<string, ShaleError> | undefined
}

/** Where a key lives, for people to read. */
export interface StoreLocation {
  readonly shard: string
  readonly server: string
}

/** One step of a scan: some stored keys (perhaps none, perhaps some seen before). */
export type ScanPage = readonly string[]

/**
 * Whatever holds bytes under keys: the embedded store, one server, and every decorator and composite over them.
 *
 * All calls are batches: many keys in, as many answers out, in the order asked. A failure is the answer of the
 * keys it concerns (a `ShaleError` in their place), so that the other keys keep theirs; a method rejects only
 * when it has no answer for any key. A value that a caller is given is its own to change.
 *
 * Calls on one key take effect in the order made, awaited or not.
 *
 * A key that holds another Redis type answers `get` with `CODEC_CORRUPT`, or is left out as missing where many keys are
 * asked at once and the server does not tell the two apart; the observer's `foreign` is told of it then.
 */
export interface Store {
  /** The bytes under each key; `undefined` is missing. Errors: `SERVER_*`, `CODEC_CORRUPT`. */
  get(keys: readonly string[]): Promise<Answer<Uint8Array | undefined>[]>
  /** Stores each entry over whatever is there. The answer is `true`. Errors: `SERVER_*`, `VALUE_TOO_LARGE`. */
  set(entries: readonly StoreEntry[]): Promise<Answer<true>[]>
  /** Stores each entry only if its key is absent, atomically; answers whether it was. */
  add(entries: readonly StoreEntry[]): Promise<Answer<boolean>[]>
  /** Replaces or removes each entry only if it holds what is expected, atomically; answers whether it did. */
  swap(swaps: readonly StoreSwap[]): Promise<Answer<boolean>[]>
  /** Removes the keys; counts those that were there. */
  delete(keys: readonly string[]): Promise<Tally>
  /** Whether each key is there. */
  has(keys: readonly string[]): Promise<Answer<boolean>[]>
  /** Milliseconds left of each key; `null` never expires, `undefined` is missing. */
  ttl(keys: readonly string[]): Promise<Answer<number | null | undefined>[]>
  /** Gives each key that is there a new ttl (`null` never expires); answers whether it was there. */
  touch(keys: readonly string[], ttl: number | null): Promise<Answer<boolean>[]>
  /**
   * Adds to integers that are stored as decimal text, atomically; keeps their ttl. Errors: `KEY_NOT_FOUND`,
   * `VALUE_NOT_INTEGER`, `VALUE_OUT_OF_RANGE` (the result is no safe integer), each leaving the entry as it was.
   */
  incr(increments: readonly StoreIncrement[]): Promise<Answer<number>[]>
  /** Renames each entry, atomically on one server; answers whether it was there. */
  move(moves: readonly StoreMove[]): Promise<Answer<boolean>[]>
  /**
   * The stored keys that match a Redis glob, page by page, in bounded memory. Each key that is there throughout
   * comes at least once. Keys that are not valid UTF-8 are left out. A page that fails rejects.
   */
  scan(pattern: string): AsyncIterable<ScanPage>
  /** Removes everything in the database, whoever stored it. */
  flush(): Promise<void>
  /** Where a key lives. */
  locate(key: string): StoreLocation
  /** Reaches the servers; rejects with the error of one that cannot be reached. Calls that need it connect by themselves. */
  connect(): Promise<void>
  /** Lets everything go; later calls answer `CLOSED`. May be called again. */
  close(): Promise<void>
  /** Tells one more observer what happens from now on. A store that has nothing to tell lacks it. */
  observe?(observer: StoreObserver): void
}

/** Hears what a store has to tell beside its answers. No method may throw. */
export interface StoreObserver {
  /** A server was reached. */
  connected?(server: string): void
  /** A connection ended that was not closed by `close`; calls that come will try again. */
  disconnected?(server: string, error: ShaleError): void
  /** A key of a batch that was answered as missing holds another Redis type. */
  foreign?(key: string): void
}
