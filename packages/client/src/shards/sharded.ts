import {
  BatchStore,
  ShaleError,
  type Answer,
  type BatchOperation,
  type Clock,
  type KeyGroup,
  type RouterFactory,
  type ScanPage,
  type ServerStatus,
  type Store,
  type StoreLocation,
  type StoreMove,
  type StoreObserver,
  type StorePart,
  type Tally,
} from '@shale/contracts'
import { rendezvous } from '@shale/router'
import { quiet, quietPages } from '../calls/quiet.ts'
import { scanShards } from './scan-shards.ts'
import { ShardMoves } from './shard-moves.ts'
import { ShardRoutes, type Part } from './shard-routes.ts'
import { isServerFailure, shardsFailed } from './shards-failed.ts'
import { sumOfTallies } from '../calls/tallies.ts'

/** A shard: what the router knows of it, and the store that holds its keys. */
export interface Shard {
  readonly name: string
  /** Its share of the keys, against the weights of the others; 1 unless stated. */
  readonly weight?: number | undefined
  readonly store: Store
  /** Whether another store answers for it, closes it and tells of it; not unless stated. */
  readonly shared?: boolean | undefined
}

export interface ShardedOptions {
  /** At least one, each with a name of its own. */
  readonly shards: readonly Shard[]
  /** Says where a key lives; `rendezvous()` unless stated. */
  readonly router?: RouterFactory | undefined
  /** Milliseconds that a call may take that has several steps, or waits for one that has. Each shard keeps a deadline of its own. */
  readonly timeout: number
  readonly clock: Clock
}

/**
 * Several stores as one, between which the keys are divided: each call goes to the shards that it concerns, and the answers are put back in
 * order. A shard that fails takes nothing away from the others.
 *
 * Errors beside those of its shards: `SHARDS_FAILED` of `scan`, `flush` and `connect`, which concern all of them.
 */
export class Sharded extends BatchStore {
  readonly #shards: readonly Shard[]
  readonly #routes: ShardRoutes
  readonly #moves: ShardMoves

  /** @throws ShaleError `CONFIG_INVALID` for shards that the router refuses. */
  constructor({ shards, router = rendezvous(), timeout, clock }: ShardedOptions) {
    super()
    this.#shards = shards
    this.#routes = new ShardRoutes(shards, router)
    this.#moves = new ShardMoves({ timeout, clock })
  }

  protected override batch<I, T>(operation: BatchOperation<I, T>, items: readonly I[]): Promise<Answer<T>[]> {
    try {
      if (operation.name === 'move')
        return this.#moveAll(items as never, operation as never) as Promise<Answer<unknown>[]> as Promise<Answer<T>[]>
      return this.#moves.idle ? this.#ask(operation, items) : this.#askInTurn(operation, items)
    } catch (error) {
      return Promise.reject(ShaleError.from(error, 'CONFIG_INVALID'))
    }
  }

  async delete(keys: readonly string[]): Promise<Tally> {
    const waiting = this.#moves.idle ? [] : keys.filter((key) => this.#moves.waits(key))
    if (waiting.length === 0) return this.#delete(keys)
    const late = (error: ShaleError): Tally => ({ count: 0, failed: new Map(waiting.map((key) => [key, error])) })
    const removed = await Promise.all([
      this.#delete(keys.filter((key) => !this.#moves.waits(key))),
      this.#moves.inTurn(waiting, () => this.#delete(waiting), late),
    ])
    return sumOfTallies(removed)
  }

  scan(pattern: string): AsyncIterable<ScanPage> {
    return quietPages(this.#scan(pattern))
  }

  async *#scan(pattern: string): AsyncGenerator<ScanPage, void, undefined> {
    // What this process wrote before is there when the scan begins.
    if (!this.#moves.idle) await this.#moves.settled()
    if (this.#shards.length === 1) return yield* this.#shardAt(0).store.scan(pattern)
    yield* scanShards(this.#shards.map(({ name, store }, index) => ({ shard: name, pages: this.#atHome(index, store.scan(pattern)) })))
  }

  flush(): Promise<void> {
    const flushAll = async (): Promise<void> => {
      const { failures, done } = await this.#onAll((store) => store.flush())
      if (failures.size > 0) throw this.#failed('flush', failures, done)
    }
    return quiet(this.#moves.idle ? flushAll() : this.#moves.alone(flushAll))
  }

  locate(key: string): StoreLocation {
    const { name, store } = this.#shardAt(this.#routes.of(key))
    return { shard: name, server: store.locate(key).server }
  }

  divide(keys: readonly string[]): readonly KeyGroup[] {
    return this.#routes.groups(keys)
  }

  connect(): Promise<void> {
    return quiet(this.#connect())
  }

  async #connect(): Promise<void> {
    const { failures } = await this.#onAll((store) => store.connect())
    if (failures.size === 0) return
    // What no waiting cures is said as it is.
    const own = [...failures.values()].find((error) => error.code === 'SERVER_AUTH' || !isServerFailure(error))
    throw own ?? this.#failed('connect', failures)
  }

  async close(): Promise<void> {
    await Promise.all(this.#own.map(({ store }) => store.close()))
  }

  observe(observer: StoreObserver): void {
    for (const { store } of this.#own) store.observe?.(observer)
  }

  status(): readonly ServerStatus[] {
    return this.#own.flatMap(({ store }) => store.status?.() ?? [])
  }

  parts(): readonly StorePart[] {
    return this.#shards.map(({ name, store }, index) => ({
      shard: name,
      store,
      isHome: (key) => this.#routes.of(key) === index,
    }))
  }

  get #own(): readonly Shard[] {
    return this.#shards.filter(({ shared }) => shared !== true)
  }

  #shardAt(index: number): Shard {
    return this.#shards[index] as Shard
  }

  #storeOf(key: string): Store {
    return this.#shardAt(this.#routes.of(key)).store
  }

  #ask<I, T>(operation: BatchOperation<I, T>, items: readonly I[]): Promise<Answer<T>[]> {
    if (this.#shards.length === 1 || items.length === 0) return operation.call(this.#shardAt(0).store, items)
    if (items.length === 1) return operation.call(this.#storeOf(operation.keyOf(items[0] as I)), items)
    const parts = this.#routes.divide(items, operation.keyOf)
    if (parts.length === 1) return operation.call(this.#shardAt((parts[0] as Part<I>).shard).store, items)
    const answers = new Array<Answer<T>>(items.length)
    let missing = parts.length
    return new Promise((resolve) => {
      for (const { shard, items: some, places = [] } of parts) {
        const put = (given: readonly Answer<T>[]): void => {
          for (let i = 0; i < places.length; i++) answers[places[i] as number] = given[i] as Answer<T>
          if (--missing === 0) resolve(answers)
        }
        operation.call(this.#shardAt(shard).store, some).then(put, (error: unknown) => put(some.map(() => asAnswer(error))))
      }
    })
  }

  async #delete(keys: readonly string[]): Promise<Tally> {
    if (this.#shards.length === 1 || keys.length === 0) return this.#shardAt(0).store.delete(keys)
    const remove = async ({ shard, items }: Part<string>): Promise<Tally> => {
      try {
        return await this.#shardAt(shard).store.delete(items)
      } catch (error) {
        const failure = asAnswer(error)
        return { count: 0, failed: new Map(items.map((key) => [key, failure])) }
      }
    }
    return sumOfTallies(await Promise.all(this.#routes.divide(keys, itself).map(remove)))
  }

  /** As `#ask`; what concerns keys that are being moved comes after that. */
  #askInTurn<I, T>(operation: BatchOperation<I, T>, items: readonly I[]): Promise<Answer<T>[]> {
    const waits = items.map((item) => this.#moves.waits(operation.keyOf(item)))
    if (!waits.includes(true)) return this.#ask(operation, items)
    const later = items.filter((_, i) => waits[i])
    const now = items.filter((_, i) => !waits[i])
    const late = (error: ShaleError): Answer<T>[] => later.map(() => error)
    const parts = [
      now.length === 0
        ? Promise.resolve<Answer<T>[]>([])
        : this.#ask(operation, now).catch((error: unknown) => now.map(() => asAnswer(error))),
      this.#moves.inTurn(later.map(operation.keyOf), () => this.#ask(operation, later), late),
    ]
    return Promise.all(parts).then(([first = [], second = []]) => {
      let [at, behind] = [0, 0]
      return waits.map((waited) => (waited ? second[behind++] : first[at++]) as Answer<T>)
    })
  }

  #moveAll(moves: readonly StoreMove[], operation: BatchOperation<StoreMove, boolean>): Promise<Answer<boolean>[]> {
    const stays = moves.every(({ from, to }) => this.#routes.of(from) === this.#routes.of(to))
    return stays && this.#moves.idle ? this.#ask(operation, moves) : Promise.all(moves.map((move) => this.#move(move)))
  }

  #move(move: StoreMove): Promise<Answer<boolean>> {
    const [from, to] = [this.#storeOf(move.from), this.#storeOf(move.to)]
    if (from !== to) return this.#moves.move(from, to, move).catch(asAnswer)
    const late = (error: ShaleError): Answer<boolean>[] => [error]
    return this.#moves.inTurn([move.from, move.to], () => from.move([move]), late).then(([answer]) => answer as Answer<boolean>, asAnswer)
  }

  /** A shard's keys that are looked for there: another one may be left from another layout. */
  async *#atHome(shard: number, pages: AsyncIterable<ScanPage>): AsyncGenerator<ScanPage, void, undefined> {
    for await (const page of pages) yield page.filter((key) => this.#routes.of(key) === shard)
  }

  async #onAll(call: (store: Store) => Promise<void>): Promise<{ failures: Map<string, ShaleError>; done: string[] }> {
    const failures = new Map<string, ShaleError>()
    const done: string[] = []
    const callOne = async ({ name, store }: Shard): Promise<void> => {
      try {
        await call(store)
        done.push(name)
      } catch (error) {
        failures.set(name, ShaleError.from(error, 'SERVER_UNAVAILABLE'))
      }
    }
    await Promise.all(this.#shards.map(callOne))
    return { failures, done }
  }

  /** What is wrong with the only shard, or with some of many. */
  #failed(operation: string, failures: ReadonlyMap<string, ShaleError>, done?: readonly string[]): ShaleError {
    const [only] = failures.values()
    return this.#shards.length === 1 ? (only as ShaleError) : shardsFailed(operation, failures, done)
  }
}

const itself = (key: string): string => key
const asAnswer = (error: unknown): ShaleError => ShaleError.from(error, 'SERVER_UNAVAILABLE')
