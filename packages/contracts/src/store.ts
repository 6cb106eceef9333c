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

/** What an entry holds, of one moment. */
export interface StoredValue {
  readonly value: Uint8Array
  /** Whole milliseconds left; `null` never expires. */
  readonly ttl: number | null
}

/** The right to fill a key, until it is used, voided or runs out. */
export interface StoreLease {
  readonly key: string
  /** Who holds it: a random text. */
  readonly token: string
  /** Whole milliseconds above zero. */
  readonly ttl: number
  /** Which of the key's leases, by letters from a to z: they know nothing of each other. Unless stated, the one that has no name. */
  readonly name?: string | undefined
}

/** An entry to be stored by whoever holds the lease of its key. */
export interface StoreFill extends StoreEntry {
  readonly token: string
  /** Which of the key's leases, as in `StoreLease`. */
  readonly name?: string | undefined
}

/** A lease to be ended. */
export interface StoreRelease {
  readonly key: string
  /** Who must hold it; whoever does unless stated. */
  readonly token?: string | undefined
  /** Which of the key's leases, as in `StoreLease`. */
  readonly name?: string | undefined
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

/** Keys that live on one shard. */
export interface KeyGroup {
  readonly shard: string
  readonly keys: readonly string[]
  /** Where each of them is among the keys that were divided. */
  readonly places: readonly number[]
}

/** How a server is, for people to read. Times are milliseconds. */
export interface ServerStatus {
  readonly shard: string
  readonly server: string
  readonly role: 'primary' | 'replica' | 'unknown'
  /** `'idle'` was not needed yet; `'down'` waits for the next try. */
  readonly state: 'idle' | 'connecting' | 'ready' | 'down' | 'closed'
  readonly breaker: BreakerState
  /** From the command to its reply, of a sample of the latest ones, to a hundredth; `undefined` before the first. */
  readonly latency: { readonly p50: number; readonly p95: number; readonly p99: number } | undefined
  /** How far a replica is behind its primary; `undefined` where it is not known. */
  readonly lag: number | undefined
  /** How often a connection was made anew. */
  readonly reconnects: number
}

/** `'open'` refuses calls at once; `'half-open'` still does, and tries whether the server is back; `'off'` has none. */
export type BreakerState = 'closed' | 'open' | 'half-open' | 'off'

/** A part of a store that holds entries of its own, and which of them belong there. */
export interface StorePart {
  readonly shard: string
  readonly store: Store
  /** Whether a key that is found here is where it is looked for. */
  isHome(key: string): boolean
  /** Brings entries that may be here, and are not at home, to where they are looked for. A part lacks it that knows of no other layout. */
  bring?(keys: readonly string[]): Promise<Answer<Brought>[]>
}

/** What became of an entry that was to be brought to where it is looked for. */
export interface Brought {
  /**
   * It was `'moved'`; it was `'dropped'`, since there was an entry already; it is of another Redis type (`'foreign'`), and was left; or
   * it is `'missing'`, perhaps since somebody changed it meanwhile.
   */
  readonly fate: 'moved' | 'dropped' | 'foreign' | 'missing'
  /** What it held, as far as that was read. */
  readonly bytes: number
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
  /**
   * Renames each entry over whatever is at the new key; answers whether it was there. Atomic where one server holds both keys;
   * elsewhere the entry is taken, then stored, and put back if that fails and its place is still free: the error's `partial` is
   * `{ putBack: boolean }` then.
   */
  move(moves: readonly StoreMove[]): Promise<Answer<boolean>[]>
  /**
   * What each key holds and how long it will; `undefined` is missing. Another Redis type is `CODEC_CORRUPT`. Whoever asks is about to
   * store it elsewhere: it is the primary's, never an older one of a replica.
   */
  getWithTtl(keys: readonly string[]): Promise<Answer<StoredValue | undefined>[]>
  /** Removes each entry, atomically, and answers what it was; `undefined` is missing. Another Redis type is left, and `CODEC_CORRUPT`. */
  take(keys: readonly string[]): Promise<Answer<StoredValue | undefined>[]>
  /** Takes the lease of each key that nobody holds; answers whether it is ours. It is kept beside the key, whatever the key holds. */
  lease(leases: readonly StoreLease[]): Promise<Answer<boolean>[]>
  /** Stores each entry whose lease its token holds and whose key is absent, atomically; answers whether it did. Ends that lease. */
  fill(entries: readonly StoreFill[]): Promise<Answer<boolean>[]>
  /** Ends leases, of a key alone the one without a name, whoever holds it: what was to fill it is refused. Answers whether there was one. */
  release(leases: readonly (string | StoreRelease)[]): Promise<Answer<boolean>[]>
  /**
   * The stored keys that match a Redis glob, page by page, in bounded memory. Each key that is there throughout
   * comes at least once. Keys that are not valid UTF-8 are left out. A page that fails rejects.
   */
  scan(pattern: string): AsyncIterable<ScanPage>
  /** Removes everything in the database, whoever stored it. */
  flush(): Promise<void>
  /** Where a key lives. */
  locate(key: string): StoreLocation
  /** Keys by shard, for whoever wants the answers of each shard as they come, by a call for each group. A store of one shard may lack it. */
  divide?(keys: readonly string[]): readonly KeyGroup[]
  /** Reaches the servers; rejects with the error of one that cannot be reached. Calls that need it connect by themselves. */
  connect(): Promise<void>
  /** Lets everything go; later calls answer `CLOSED`. May be called again. */
  close(): Promise<void>
  /** Tells one more observer what happens from now on. A store that has nothing to tell lacks it. */
  observe?(observer: StoreObserver): void
  /** How each of its servers is. A store without servers lacks it. */
  status?(): readonly ServerStatus[]
  /** The parts between which entries can be in the wrong place. A store that is whole lacks it. */
  parts?(): readonly StorePart[]
}

/** Hears what a store has to tell beside its answers. No method may throw. */
export interface StoreObserver {
  /** A server was reached, of a shard by name. */
  connected?(server: string, shard: string): void
  /** A connection ended that was not closed by `close`; calls that come will try again. */
  disconnected?(server: string, error: ShaleError): void
  /** A key of a batch that was answered as missing holds another Redis type. */
  foreign?(key: string): void
  /** A server's breaker changed. */
  breaker?(server: string, state: BreakerState): void
  /** Another server is the primary of a shard now; `previous` is `undefined` for the first one that was found. */
  primary?(shard: string, server: string, previous: string | undefined): void
  /** A replica is read from now on, or is not; `lag` in milliseconds, where it is known. */
  replica?(shard: string, server: string, readable: boolean, lag: number | undefined): void
  /** A shard is back, and keys whose last write had failed were removed there; `keys` is how many, `undefined` all of this cache. */
  repaired?(shard: string, keys: number | undefined): void
}
