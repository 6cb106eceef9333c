import type {
  Answer,
  KeyGroup,
  ScanPage,
  ServerStatus,
  Store,
  StoreEntry,
  StoreFill,
  StoreIncrement,
  StoreLease,
  StoreLocation,
  StoreMove,
  StoreObserver,
  StorePart,
  StoreRelease,
  StoreSwap,
  StoredValue,
  Tally,
} from './store.ts'

/** The methods of a store that answer key by key. */
export type BatchName =
  'get' | 'set' | 'add' | 'swap' | 'has' | 'ttl' | 'touch' | 'incr' | 'move' | 'getWithTtl' | 'take' | 'lease' | 'fill' | 'release'

/** A method of a store that answers key by key, as a value: what to call, and what its items are about. */
export interface BatchOperation<I, T> {
  readonly name: BatchName
  /** Whether it may change something on a server, or must see what was changed last: then it is asked of the primary. */
  readonly writes: boolean
  /** The key that decides where an item belongs; of a move the one that it is moved from. */
  keyOf(item: I): string
  call(store: Store, items: readonly I[]): Promise<Answer<T>[]>
}

const itself = (key: string): string => key
const keyOf = ({ key }: { readonly key: string }): string => key

const get: BatchOperation<string, Uint8Array | undefined> = {
  name: 'get',
  writes: false,
  keyOf: itself,
  call: (store, keys) => store.get(keys),
}
const set: BatchOperation<StoreEntry, true> = { name: 'set', writes: true, keyOf, call: (store, entries) => store.set(entries) }
const add: BatchOperation<StoreEntry, boolean> = { name: 'add', writes: true, keyOf, call: (store, entries) => store.add(entries) }
const swap: BatchOperation<StoreSwap, boolean> = { name: 'swap', writes: true, keyOf, call: (store, swaps) => store.swap(swaps) }
const has: BatchOperation<string, boolean> = { name: 'has', writes: false, keyOf: itself, call: (store, keys) => store.has(keys) }
const ttlOf: BatchOperation<string, number | null | undefined> = {
  name: 'ttl',
  writes: false,
  keyOf: itself,
  call: (store, keys) => store.ttl(keys),
}
const touchWith = (ttl: number | null): BatchOperation<string, boolean> => ({
  name: 'touch',
  writes: true,
  keyOf: itself,
  call: (store, keys) => store.touch(keys, ttl),
})
const incr: BatchOperation<StoreIncrement, number> = { name: 'incr', writes: true, keyOf, call: (store, items) => store.incr(items) }
const move: BatchOperation<StoreMove, boolean> = {
  name: 'move',
  writes: true,
  keyOf: ({ from }) => from,
  call: (store, moves) => store.move(moves),
}
const getWithTtl: BatchOperation<string, StoredValue | undefined> = {
  name: 'getWithTtl',
  writes: true,
  keyOf: itself,
  call: (store, keys) => store.getWithTtl(keys),
}
const take: BatchOperation<string, StoredValue | undefined> = {
  name: 'take',
  writes: true,
  keyOf: itself,
  call: (store, keys) => store.take(keys),
}
const lease: BatchOperation<StoreLease, boolean> = { name: 'lease', writes: true, keyOf, call: (store, leases) => store.lease(leases) }
const fill: BatchOperation<StoreFill, boolean> = { name: 'fill', writes: true, keyOf, call: (store, entries) => store.fill(entries) }
const release: BatchOperation<string | StoreRelease, boolean> = {
  name: 'release',
  writes: true,
  keyOf: (lease) => (typeof lease === 'string' ? lease : lease.key),
  call: (store, leases) => store.release(leases),
}

/** A store all of whose key by key methods come down to one, which is told the method as a value. */
export abstract class BatchStore implements Store {
  /** Answers a batch of any kind, as `Store` has it. */
  protected abstract batch<I, T>(operation: BatchOperation<I, T>, items: readonly I[]): Promise<Answer<T>[]>

  get(keys: readonly string[]): Promise<Answer<Uint8Array | undefined>[]> {
    return this.batch(get, keys)
  }

  set(entries: readonly StoreEntry[]): Promise<Answer<true>[]> {
    return this.batch(set, entries)
  }

  add(entries: readonly StoreEntry[]): Promise<Answer<boolean>[]> {
    return this.batch(add, entries)
  }

  swap(swaps: readonly StoreSwap[]): Promise<Answer<boolean>[]> {
    return this.batch(swap, swaps)
  }

  has(keys: readonly string[]): Promise<Answer<boolean>[]> {
    return this.batch(has, keys)
  }

  ttl(keys: readonly string[]): Promise<Answer<number | null | undefined>[]> {
    return this.batch(ttlOf, keys)
  }

  touch(keys: readonly string[], ttl: number | null): Promise<Answer<boolean>[]> {
    return this.batch(touchWith(ttl), keys)
  }

  incr(increments: readonly StoreIncrement[]): Promise<Answer<number>[]> {
    return this.batch(incr, increments)
  }

  move(moves: readonly StoreMove[]): Promise<Answer<boolean>[]> {
    return this.batch(move, moves)
  }

  getWithTtl(keys: readonly string[]): Promise<Answer<StoredValue | undefined>[]> {
    return this.batch(getWithTtl, keys)
  }

  take(keys: readonly string[]): Promise<Answer<StoredValue | undefined>[]> {
    return this.batch(take, keys)
  }

  lease(leases: readonly StoreLease[]): Promise<Answer<boolean>[]> {
    return this.batch(lease, leases)
  }

  fill(entries: readonly StoreFill[]): Promise<Answer<boolean>[]> {
    return this.batch(fill, entries)
  }

  release(leases: readonly (string | StoreRelease)[]): Promise<Answer<boolean>[]> {
    return this.batch(release, leases)
  }

  abstract delete(keys: readonly string[]): Promise<Tally>
  abstract scan(pattern: string): AsyncIterable<ScanPage>
  abstract flush(): Promise<void>
  abstract locate(key: string): StoreLocation
  abstract connect(): Promise<void>
  abstract close(): Promise<void>
}

/** A store over another one: what it does not override goes to that one as it is. */
export abstract class StoreDecorator extends BatchStore {
  readonly observe?: (observer: StoreObserver) => void
  readonly status?: () => readonly ServerStatus[]
  readonly parts?: () => readonly StorePart[]
  readonly divide?: (keys: readonly string[]) => readonly KeyGroup[]
  protected readonly store: Store

  constructor(store: Store) {
    super()
    this.store = store
    if (store.observe !== undefined) this.observe = (observer) => store.observe?.(observer)
    if (store.status !== undefined) this.status = () => store.status?.() ?? []
    if (store.parts !== undefined) this.parts = () => store.parts?.() ?? []
    if (store.divide !== undefined) this.divide = (keys) => store.divide?.(keys) ?? []
  }

  protected batch<I, T>(operation: BatchOperation<I, T>, items: readonly I[]): Promise<Answer<T>[]> {
    return operation.call(this.store, items)
  }

  delete(keys: readonly string[]): Promise<Tally> {
    return this.store.delete(keys)
  }

  scan(pattern: string): AsyncIterable<ScanPage> {
    return this.store.scan(pattern)
  }

  flush(): Promise<void> {
    return this.store.flush()
  }

  locate(key: string): StoreLocation {
    return this.store.locate(key)
  }

  connect(): Promise<void> {
    return this.store.connect()
  }

  close(): Promise<void> {
    return this.store.close()
  }
}
