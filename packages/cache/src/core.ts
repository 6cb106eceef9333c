import { ShaleError, type Answer, type Clock, type KeyGroup, type Random, type Store } from '@shale/contracts'
import type { Serializer } from '@shale/codecs'
import { Emitter } from './events.ts'
import { isServerFailure } from './failure.ts'
import { Flights } from './flights.ts'
import type { OwnKeys } from './own-keys.ts'
import { ReachedShards } from './reached.ts'
import { Stats, type Counts } from './stats.ts'

/** What a cache is made of; checked already. */
export interface CoreParts {
  readonly store: Store
  /** Whether closing the cache closes the store: not if the user made it. */
  readonly ownsStore: boolean
  /** What two caches over the same entries have in common: the store, or some server by name. */
  readonly places: readonly (object | string)[]
  readonly ownKeys: OwnKeys
  readonly serializer: Serializer
  /** Whether entries are bound to their prefix and key. */
  readonly encrypts: boolean
  readonly degrades: boolean
  /** Milliseconds that the cache's own part of an operation may take. */
  readonly timeout: number
  readonly clock: Clock
  readonly random: Random
  /** The key that a stored key is for. */
  readonly keyOf: (stored: string) => string
}

/** What a cache and its namespaces share: the store, the codecs, the loads under way, counters and listeners. */
export class Core {
  readonly store: Store
  readonly serializer: Serializer
  readonly encrypts: boolean
  readonly timeout: number
  readonly clock: Clock
  readonly random: Random
  readonly stats: Stats
  readonly events: Emitter = new Emitter()
  readonly flights: Flights
  /** What of all stored keys is the cache's. */
  readonly ownKeys: OwnKeys
  closed = false
  readonly #degrades: boolean
  readonly #ownsStore: boolean
  readonly #moves = new Set<Promise<unknown>>()
  readonly #reached: ReachedShards

  constructor(parts: CoreParts) {
    this.store = parts.store
    this.stats = new Stats(parts.store)
    this.ownKeys = parts.ownKeys
    this.flights = new Flights(parts.places)
    this.serializer = parts.serializer
    this.encrypts = parts.encrypts
    this.timeout = parts.timeout
    this.clock = parts.clock
    this.random = parts.random
    this.#degrades = parts.degrades
    this.#ownsStore = parts.ownsStore
    this.#reached = new ReachedShards(parts.store, this.stats.isOfOne)
    parts.store.observe?.({
      connected: (server, shard) => {
        this.#reached.add(shard)
        this.events.emit('connect', { server })
      },
      disconnected: (server, error) => this.events.emit('disconnect', { server, error }),
      foreign: (stored) => this.unreadable(parts.keyOf(stored), stored, otherType(stored)),
      breaker: (server, state) => this.events.emit('breaker', { server, state }),
      primary: (shard, server, previous) => this.events.emit('primary', { shard, server, previous }),
      replica: (shard, server, readable, lag) => this.events.emit('replica', { shard, server, readable, lag }),
      repaired: (shard, keys) => this.events.emit('repaired', { shard, keys }),
    })
  }

  /** Takes the failure of an operation that has a safe answer; throws it where there must be none. `stored` is its key, if it is about one. */
  absorb(operation: string, keys: readonly string[], error: ShaleError, stored?: string): void {
    this.stats.error(error, stored)
    if (!this.#degrades || !isServerFailure(error) || this.#reached.neverLetIn(error, stored)) throw error
    this.stats.degraded(error, stored)
    this.events.emit('degraded', { operation, keys, error })
  }

  /** Counts and tells an entry that cannot be read. */
  unreadable(key: string, stored: string, error: ShaleError): void {
    this.stats.error(error, stored)
    this.events.emit('decode-error', { key, stored, error })
  }

  /** Stored keys by shard: each group is asked for by itself, so that its answers are dealt with while others are on their way. */
  groups(stored: readonly string[]): readonly CountedGroup[] {
    const { store, stats } = this
    if (stored.length < 2 || stats.isOfOne) {
      return [{ keys: stored, counts: stats.of(stored[0] as string), placeOf: (index) => index }]
    }
    const groups = store.divide?.(stored) ?? divide(store, stored)
    return groups.map(({ shard, keys, places }) => ({ keys, counts: stats.named(shard), placeOf: (index) => places[index] as number }))
  }

  /** The answer, or its error thrown: for operations whose effect the caller relies on. `stored` is the key it is about, if it is one. */
  demand<T>(answer: Answer<T> | undefined, stored?: string): T {
    if (!ShaleError.is(answer)) return answer as T
    this.stats.error(answer, stored)
    throw answer
  }

  /** A move of an entry between shards is under way, of which a sweep that comes later must find the end. */
  moving(moved: Promise<unknown>): void {
    this.#moves.add(moved)
    moved.catch(() => {}).finally(() => this.#moves.delete(moved))
  }

  /** Settles when the moves that are under way now have settled; `undefined` if there is none. */
  moved(): Promise<unknown> | undefined {
    return this.#moves.size === 0 ? undefined : Promise.allSettled(this.#moves)
  }

  async close(): Promise<void> {
    if (!this.closed) {
      this.closed = true
      this.flights.abandon(new ShaleError('CLOSED', 'The cache was closed while this value was being loaded.'))
    }
    if (this.#ownsStore) await this.store.close()
  }
}

function otherType(stored: string): ShaleError {
  return new ShaleError('CODEC_CORRUPT', `The key '${stored}' holds another Redis type than a string; a cache cannot read it.`)
}

/** Stored keys that are asked for together, what is counted of them, and where each is among the keys of the call. */
export interface CountedGroup {
  readonly keys: readonly string[]
  readonly counts: Counts
  readonly placeOf: (index: number) => number
}

function divide(store: Store, stored: readonly string[]): readonly KeyGroup[] {
  const groups = new Map<string, { shard: string; keys: string[]; places: number[] }>()
  for (const [place, key] of stored.entries()) {
    const { shard } = store.locate(key)
    const group = groups.get(shard) ?? { shard, keys: [], places: [] }
    groups.set(shard, group)
    group.keys.push(key)
    group.places.push(place)
  }
  return [...groups.values()]
}

/** The answers of a store, also where it rejected as a whole. */
export async function answersOf<T>(asked: Promise<Answer<T>[]>, count: number): Promise<Answer<T>[]> {
  try {
    return await asked
  } catch (error) {
    return new Array<Answer<T>>(count).fill(ShaleError.from(error, 'SERVER_UNAVAILABLE'))
  }
}
