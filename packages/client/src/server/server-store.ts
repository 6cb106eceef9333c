import {
  ShaleError,
  type Answer,
  type Command,
  type Endpoint,
  type Reply,
  type ScanPage,
  type Store,
  type StoredValue,
  type StoreEntry,
  type StoreFill,
  type StoreIncrement,
  type StoreLease,
  type StoreLocation,
  type StoreMove,
  type StoreObserver,
  type StoreRelease,
  type StoreSwap,
  type Tally,
} from '@shale/contracts'
import { AskingWays } from './asking.ts'
import * as commands from '../commands.ts'
import { Lanes, type LanesOptions } from './lanes.ts'
import type { Links } from './links.ts'
import { namedLeaseKey, usualLeaseKey, type LeaseNaming } from './lease-naming.ts'
import type { Way, Ways } from './ways.ts'
import {
  asAnswer,
  bytesOrNone,
  falseIfMissing,
  isNotNull,
  isOne,
  onlyBytes,
  onlyError,
  readable,
  storedValue,
  sumOf,
  text,
  ttlOfReply,
} from './replies.ts'

/** The keys of one command. */
const keysPerCommand = 1000

/** A part of a batch that one command serves; `at` are its places in the batch. */
interface Part {
  readonly lane: Way
  readonly keys: string[]
  readonly at: number[]
}

export interface ServerStoreOptions extends LanesOptions {
  /** The shard that the server is one of, by name. */
  readonly shard: string
  readonly leaseKey?: LeaseNaming | undefined
  /** Whether each key is asked for by a command of its own, as in a cluster, where keys of one slot can be at two nodes. */
  readonly singleKeys?: boolean | undefined
}

/** One Redis or Valkey server as a store. It has no deadline of its own. */
export class ServerStore implements Store {
  readonly #leaseKey: LeaseNaming
  readonly #endpoint: Endpoint
  readonly #shard: string
  readonly #singleKeys: boolean
  readonly #lanes: Ways
  readonly #observers: StoreObserver[] = []
  /** The connections to the server, and how they are. */
  readonly links: Links
  /** The same server for keys whose slot it is being given: each command is introduced by ASKING. */
  readonly asking: Store

  constructor(options: ServerStoreOptions, original?: ServerStore) {
    this.#endpoint = options.endpoint
    this.#shard = options.shard
    this.#leaseKey = options.leaseKey ?? usualLeaseKey
    this.#singleKeys = options.singleKeys ?? false
    const { shard, endpoint } = options
    if (original !== undefined) {
      this.links = original.links
      this.#lanes = new AskingWays(original.#lanes)
      this.asking = this
      return
    }
    const lanes = new Lanes(options, {
      connected: () => this.#observers.forEach((observer) => observer.connected?.(endpoint.name, shard)),
      disconnected: (error) => this.#observers.forEach((observer) => observer.disconnected?.(endpoint.name, error)),
      breaker: (state) => this.#observers.forEach((observer) => observer.breaker?.(endpoint.name, state)),
    })
    this.links = lanes.links
    this.#lanes = lanes
    this.asking = new ServerStore(options, this)
  }

  get(keys: readonly string[]): Promise<Answer<Uint8Array | undefined>[]> {
    if (keys.length !== 1) return this.#singleKeys ? this.#eachKey(keys, commands.get, bytesOrNone) : this.#getMany(keys)
    const key = keys[0] as string
    return this.#lanes.of(key).send(commands.get(key)).then(onlyBytes, onlyError)
  }

  set(entries: readonly StoreEntry[]): Promise<Answer<true>[]> {
    return this.#each(entries, commands.set, () => true as const)
  }

  add(entries: readonly StoreEntry[]): Promise<Answer<boolean>[]> {
    return this.#each(entries, commands.add, isNotNull)
  }

  swap(swaps: readonly StoreSwap[]): Promise<Answer<boolean>[]> {
    return this.#each(swaps, commands.swap, isOne)
  }

  async delete(keys: readonly string[]): Promise<Tally> {
    let count = 0
    const failed = new Map<string, ShaleError>()
    const remove = async ({ lane, keys: some }: Part): Promise<void> => {
      try {
        const removed = (await lane.send(commands.remove(some))) as number
        count += removed
      } catch (error) {
        for (const key of some) failed.set(key, error as ShaleError)
      }
    }
    await Promise.all(this.#parts(keys).map(remove))
    return { count, failed: failed.size === 0 ? undefined : failed }
  }

  has(keys: readonly string[]): Promise<Answer<boolean>[]> {
    return this.#eachKey(keys, commands.has, isOne)
  }

  ttl(keys: readonly string[]): Promise<Answer<number | null | undefined>[]> {
    return this.#eachKey(keys, commands.ttlOf, ttlOfReply)
  }

  touch(keys: readonly string[], ttl: number | null): Promise<Answer<boolean>[]> {
    return this.#eachKey(keys, (key) => commands.touch(key, ttl), isOne)
  }

  async incr(increments: readonly StoreIncrement[]): Promise<Answer<number>[]> {
    const replies = await this.#each(increments, commands.incr, text)
    return replies.map((reply, i) => (ShaleError.is(reply) ? reply : sumOf(reply, increments[i] as StoreIncrement)))
  }

  async move(moves: readonly StoreMove[]): Promise<Answer<boolean>[]> {
    const crossing = moves.some(({ from, to }) => this.#lanes.of(from) !== this.#lanes.of(to))
    const lanes = new Set(moves.flatMap(({ from, to }) => [this.#lanes.of(from), this.#lanes.of(to)]))
    const replies = crossing
      ? this.#lanes.together([...lanes], moves.map(commands.move))
      : moves.map((one) => this.#lanes.of(one.from).send(commands.move(one)))
    return Promise.all(replies.map((reply) => reply.then(() => true, falseIfMissing)))
  }

  getWithTtl(keys: readonly string[]): Promise<Answer<StoredValue | undefined>[]> {
    return this.#eachKey(keys, commands.getWithTtl, storedValue)
  }

  take(keys: readonly string[]): Promise<Answer<StoredValue | undefined>[]> {
    return this.#eachKey(keys, commands.take, storedValue)
  }

  // A lease goes the way of its key, so that neither overtakes the other.

  lease(leases: readonly StoreLease[]): Promise<Answer<boolean>[]> {
    return this.#each(leases, (lease) => commands.lease(lease, this.#leaseAt(lease)), isNotNull)
  }

  fill(entries: readonly StoreFill[]): Promise<Answer<boolean>[]> {
    return this.#each(entries, (entry) => commands.fill(entry, this.#leaseAt(entry)), isOne)
  }

  release(leases: readonly (string | StoreRelease)[]): Promise<Answer<boolean>[]> {
    const releases = leases.map((lease): StoreRelease => (typeof lease === 'string' ? { key: lease } : lease))
    return this.#each(releases, (lease) => commands.release(this.#leaseAt(lease), lease.token), isOne)
  }

  async *scan(pattern: string): AsyncGenerator<ScanPage, void, undefined> {
    // What this process wrote before is there when the scan begins, over whatever connection it went.
    const first = this.#lanes.together(this.#lanes.all, [commands.scan('0', pattern)])[0] as Promise<Reply>
    let [cursor, page] = (await first) as [Reply, Uint8Array[]]
    yield readable(page)
    const lane = this.#lanes.all[0] as Way
    while (text(cursor) !== '0') {
      ;[cursor, page] = (await lane.send(commands.scan(text(cursor), pattern))) as [Reply, Uint8Array[]]
      yield readable(page)
    }
  }

  async flush(): Promise<void> {
    await this.#lanes.together(this.#lanes.all, [commands.flush])[0]
  }

  /** Sends a command that concerns no key. */
  ask(command: Command): Promise<Reply> {
    return (this.#lanes.all[0] as Way).send(command)
  }

  locate(_key: string): StoreLocation {
    return { shard: this.#shard, server: this.#endpoint.name }
  }

  connect(): Promise<void> {
    return this.#lanes.connect()
  }

  close(): Promise<void> {
    return this.#lanes.close()
  }

  observe(observer: StoreObserver): void {
    this.#observers.push(observer)
  }

  async #getMany(keys: readonly string[]): Promise<Answer<Uint8Array | undefined>[]> {
    const answers = new Array<Answer<Uint8Array | undefined>>(keys.length)
    const ask = async ({ lane, keys: some, at }: Part): Promise<void> => {
      try {
        const replies = (await lane.send(commands.getMany(some))) as (Uint8Array | null)[]
        at.forEach((place, i) => (answers[place] = replies[i] ?? undefined))
        this.#lookForForeign(
          lane,
          some.filter((_, i) => replies[i] === null),
        )
      } catch (error) {
        for (const place of at) answers[place] = error as ShaleError
      }
    }
    await Promise.all(this.#parts(keys).map(ask))
    return answers
  }

  /** MGET does not tell a key of another type from a missing one: asks again, after the answer, where someone wants to know. */
  #lookForForeign(lane: Way, missing: readonly string[]): void {
    if (missing.length === 0 || this.#observers.every(({ foreign }) => foreign === undefined)) return
    const look = async (): Promise<void> => {
      if ((await lane.send(commands.countOf(missing))) === 0) return
      const ask = async (key: string): Promise<void> => {
        const type = text(await lane.send(commands.typeOf(key)))
        if (type !== 'none' && type !== 'string') this.#observers.forEach((observer) => observer.foreign?.(key))
      }
      await Promise.all(missing.map(ask))
    }
    look().catch(() => {})
  }

  #leaseAt({ key, name }: StoreRelease): string {
    const at = this.#leaseKey(key)
    return name === undefined ? at : namedLeaseKey(name, at)
  }

  #each<I extends { readonly key: string }, T>(
    items: readonly I[],
    command: (item: I) => ReturnType<typeof commands.get>,
    read: (reply: Reply) => T,
  ): Promise<Answer<T>[]> {
    return Promise.all(items.map((item) => this.#lanes.of(item.key).send(command(item)).then(read, asAnswer)))
  }

  #eachKey<T>(
    keys: readonly string[],
    command: (key: string) => ReturnType<typeof commands.get>,
    read: (reply: Reply) => T,
  ): Promise<Answer<T>[]> {
    return Promise.all(keys.map((key) => this.#lanes.of(key).send(command(key)).then(read, asAnswer)))
  }

  /** A batch by lanes, in commands of bounded length. */
  #parts(keys: readonly string[]): Part[] {
    const parts: Part[] = []
    const most = this.#singleKeys ? 1 : keysPerCommand
    const filling = new Map<Way, Part>()
    keys.forEach((key, place) => {
      const lane = this.#lanes.of(key)
      let part = filling.get(lane)
      if (part === undefined || part.keys.length === most) {
        part = { lane, keys: [], at: [] }
        filling.set(lane, part)
        parts.push(part)
      }
      part.keys.push(key)
      part.at.push(place)
    })
    return parts
  }
}
