import { describe, ShaleError, type Duration } from '@shale/contracts'
import type { CallOptions, ClearOptions, GetOptions, SetOptions } from './call-options.ts'
import { increment, moveVersion } from './changes.ts'
import { eventNames, type CacheEventName, type CacheEvents } from './events.ts'
import { inspectEntry, type EntryInfo } from './inspect.ts'
import { getOrLoad, type Factory, type GetOrSetOptions } from './load.ts'
import { acquire, type Lock, type LockOptions } from './lock.ts'
import { refuseClosed, refuseKeys } from './closed.ts'
import { openNamespace, type NamespaceOptions } from './namespace.ts'
import { readHas, readMany, readOne, readTtl } from './reads.ts'
import { rebalance, type RebalanceOptions, type RebalanceReport } from './rebalance.ts'
import { reinsert, type ReinsertOptions, type ReinsertReport } from './reinsert.ts'
import type { Scope } from './scope.ts'
import type { CacheStats } from './stats.ts'
import { clearKeys, deleteMatching, listKeys } from './sweep.ts'
import { addOne, removeMany, removeOne, touchOne, writeMany, writeOne, type Entries } from './writes.ts'

/**
 * A cache: values of many kinds under keys of one keyspace.
 *
 * Operations that have a safe answer give it when a server fails (unless `errors: 'throw'`); those whose effect the
 * caller relies on throw a `ShaleError`. Every operation throws `KEY_INVALID`, `VALUE_*` and `CONFIG_INVALID` for what
 * its caller got wrong, and `CLOSED` after `close`.
 */
export class Cache implements AsyncDisposable {
  readonly #scope: Scope
  readonly #isNamespace: boolean

  /** @internal Made by `createCache` and `namespace`. */
  constructor(scope: Scope, isNamespace = false) {
    this.#scope = scope
    this.#isNamespace = isNamespace
  }

  /** The value of a key; `undefined`, or the default, is a miss; a stored `null` is a hit. */
  get<T = unknown>(key: string, options?: GetOptions<undefined>): Promise<T | undefined>
  get<T = unknown, D = T>(key: string, options: GetOptions<D> & { readonly default: D }): Promise<T | D>
  get<T = unknown, D = T>(key: string, options?: GetOptions<D>): Promise<T | D | undefined>
  get<T, D>(key: string, options?: GetOptions<D>): Promise<T | D | undefined> {
    return this.#isClosed ? refuseClosed('get') : (readOne(this.#scope, key, options) as Promise<T | D | undefined>)
  }

  /** The hits among some keys, under the caller's keys and in the caller's order. */
  getMany<T = unknown>(keys: Iterable<string>, options?: CallOptions): Promise<Map<string, T>> {
    return this.#isClosed ? refuseClosed('getMany') : (readMany(this.#scope, keys, options) as Promise<Map<string, T>>)
  }

  /** Stores a value over whatever is there; `false` if no server took it. A ttl of zero or less deletes, and gives `true`. */
  set(key: string, value: unknown, options?: SetOptions): Promise<boolean> {
    return this.#isClosed ? refuseClosed('set') : writeOne(this.#scope, key, value, options)
  }

  /** Stores many values; gives the keys that were *not* stored. A bad key or value throws before anything is sent. */
  setMany(entries: Iterable<readonly [key: string, value: unknown]>, options?: SetOptions): Promise<string[]>
  setMany(entries: Entries, options?: SetOptions): Promise<string[]>
  setMany(entries: Entries, options?: SetOptions): Promise<string[]> {
    return this.#isClosed ? refuseClosed('setMany') : writeMany(this.#scope, entries, options)
  }

  /** Stores a value only if the key is absent, atomically; gives whether it was. A ttl of zero or less stores nothing. */
  add(key: string, value: unknown, options?: SetOptions): Promise<boolean> {
    return this.#isClosed ? refuseClosed('add') : addOne(this.#scope, key, value, options)
  }

  /**
   * The value of a key, made by the factory (or the value given) if it is not there, and stored. Concurrent callers of
   * this process share one load and each get a copy of their own. The factory's error reaches them unchanged, and
   * nothing is stored then; nor is `undefined`, nor a result whose key was written or removed meanwhile.
   */
  getOrSet<T>(key: string, valueOrFactory: T | Factory<T>, options?: GetOrSetOptions): Promise<T> {
    return this.#isClosed ? refuseClosed('getOrSet') : getOrLoad(this.#scope, key, valueOrFactory, options)
  }

  /** Whether a key is there. */
  has(key: string, options?: CallOptions): Promise<boolean> {
    return this.#isClosed ? refuseClosed('has') : readHas(this.#scope, key, options)
  }

  /** Removes a key; gives whether it was there. */
  delete(key: string, options?: CallOptions): Promise<boolean> {
    return this.#isClosed ? refuseClosed('delete') : removeOne(this.#scope, key, options)
  }

  /** Removes many keys; gives how many were there. */
  deleteMany(keys: Iterable<string>, options?: CallOptions): Promise<number> {
    return this.#isClosed ? refuseClosed('deleteMany') : removeMany(this.#scope, keys, options)
  }

  /** Gives a key a new ttl, the cache's own by default; `null` makes it persistent; `false` only if it is missing. */
  touch(key: string, ttl?: Duration | null, options?: CallOptions): Promise<boolean> {
    return this.#isClosed ? refuseClosed('touch') : touchOne(this.#scope, key, ttl, options)
  }

  /** `true` if the entry exists and now never expires. */
  persist(key: string, options?: CallOptions): Promise<boolean> {
    return this.#isClosed ? refuseClosed('persist') : touchOne(this.#scope, key, null, options, 'persist')
  }

  /** Milliseconds left; `null` never expires; `undefined` is missing. */
  ttl(key: string, options?: CallOptions): Promise<number | null | undefined> {
    return this.#isClosed ? refuseClosed('ttl') : readTtl(this.#scope, key, options)
  }

  /**
   * Adds to an integer, atomically, and keeps its ttl; gives the new value.
   *
   * @throws ShaleError `KEY_NOT_FOUND`, `VALUE_NOT_INTEGER`, or `VALUE_OUT_OF_RANGE` if a number cannot hold the result
   * exactly; the entry then stays as it was.
   */
  incr(key: string, by = 1, options?: CallOptions): Promise<number> {
    return this.#isClosed ? refuseClosed('incr') : increment(this.#scope, key, by, options)
  }

  /** `incr` by `-by`. */
  decr(key: string, by = 1, options?: CallOptions): Promise<number> {
    return this.#isClosed ? refuseClosed('decr') : increment(this.#scope, key, negated(by), options, 'decr')
  }

  /**
   * Moves an entry to its version plus `by`, over whatever is there, and keeps its ttl; gives the new version.
   *
   * @throws ShaleError `KEY_NOT_FOUND`
   */
  incrVersion(key: string, by = 1, options?: CallOptions): Promise<number> {
    return this.#isClosed ? refuseClosed('incrVersion') : moveVersion(this.#scope, key, by, options)
  }

  /** `incrVersion` by `-by`. */
  decrVersion(key: string, by = 1, options?: CallOptions): Promise<number> {
    return this.#isClosed ? refuseClosed('decrVersion') : moveVersion(this.#scope, key, negated(by), options, 'decrVersion')
  }

  /** Removes the keys of one version that match a glob, as Redis reads globs; gives how many there were. */
  deletePattern(glob: string, options?: CallOptions): Promise<number> {
    return this.#isClosed ? refuseClosed('deletePattern') : deleteMatching(this.#scope, glob, options)
  }

  /** Removes every key of this keyspace, of one version of it, or (`database: true`) of the whole database. */
  clear(options?: ClearOptions): Promise<void> {
    return this.#isClosed ? refuseClosed('clear') : clearKeys(this.#scope, options)
  }

  /** The keys of one version that match a glob, each once. */
  keys(glob = '*', options?: CallOptions): AsyncIterable<string> {
    return this.#isClosed ? refuseKeys() : listKeys(this.#scope, glob, options)
  }

  /** Rewrites every entry that is not in the current codec, protocol, compression or encryption key. */
  reinsertKeys(options?: ReinsertOptions): Promise<ReinsertReport> {
    return this.#isClosed ? refuseClosed('reinsertKeys') : reinsert(this.#scope, options)
  }

  /** Moves every entry that is not on its shard to it, with its ttl, also while others read and write. */
  rebalance(options?: RebalanceOptions): Promise<RebalanceReport> {
    return this.#isClosed ? refuseClosed('rebalance') : rebalance(this.#scope, options)
  }

  /** What is known of an entry without decoding it; `undefined` if it is missing. */
  inspect(key: string, options?: CallOptions): Promise<EntryInfo | undefined> {
    return this.#isClosed ? refuseClosed('inspect') : inspectEntry(this.#scope, key, options)
  }

  /** Takes a lock that all processes respect; `undefined` if another holds it for all of `wait`. */
  lock(key: string, options?: LockOptions): Promise<Lock | undefined> {
    return this.#isClosed ? refuseClosed('lock') : acquire(this.#scope, key, options)
  }

  /** A cache over the same connections with a keyspace of its own; closing it is left to this one. */
  namespace(name: string, options?: NamespaceOptions): Cache {
    return new Cache(openNamespace(this.#scope, name, options), true)
  }

  /** What was counted so far, in all and by shard, and how each server is. */
  stats(): CacheStats {
    return this.#scope.core.stats.snapshot()
  }

  /** Listens to an event; the result stops it. */
  on<Name extends CacheEventName>(event: Name, listener: (event: CacheEvents[Name]) => void): () => void {
    if (!eventNames.includes(event)) {
      throw new ShaleError('CONFIG_INVALID', `on: expected one of the events ${eventNames.join(', ')}; found ${describe(event)}.`)
    }
    if (typeof listener !== 'function') {
      throw new ShaleError('CONFIG_INVALID', `on: expected a function to call at '${event}'; found ${describe(listener)}.`)
    }
    return this.#scope.core.events.on(event, listener)
  }

  /** Connects now instead of at the first call; throws when that fails. */
  async connect(): Promise<void> {
    if (this.#isClosed) await refuseClosed('connect')
    await this.#scope.core.store.connect()
  }

  get #isClosed(): boolean {
    return this.#scope.core.closed
  }

  /** Lets the connections go; later calls throw `CLOSED`. On a namespace it does nothing: its owner closes. */
  async close(): Promise<void> {
    if (!this.#isNamespace) await this.#scope.core.close()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }
}

/** `-by`, but never `-0`; what is no number stays as it is, to be refused by name. */
function negated(by: number): number {
  return typeof by === 'number' ? 0 - by : by
}
