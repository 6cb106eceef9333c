import {
  BatchStore,
  ShaleError,
  type Answer,
  type BatchName,
  type BatchOperation,
  type Brought,
  type Clock,
  type KeyGroup,
  type Random,
  type ScanPage,
  type ServerStatus,
  type Store,
  type StoreLocation,
  type StoreMove,
  type StoreObserver,
  type StorePart,
  type Tally,
} from '@shale/contracts'
import { answersOf, firstOf } from './answers-of.ts'
import { BothLayouts } from './both-layouts.ts'
import { KeyChanges, missing } from './key-changes.ts'
import { KeyLines } from './key-lines.ts'
import { bringing, removal, workOf } from './key-work.ts'
import { LayoutReads } from './layout-reads.ts'
import { comparePlaces, type Layouts } from './layouts.ts'
import { PendingCalls } from '../calls/pending-calls.ts'
import { quiet, quietPages } from '../calls/quiet.ts'
import { sumOfTallies } from '../calls/tallies.ts'

export interface ReshardingOptions {
  /** The layout in use. */
  readonly current: Store
  /** The layout of the neighbouring deploy. Where both name the same server they share one store. */
  readonly previous: Store
  /** Whether a key lives at the same place in both; found out by `parts` and `locate` unless stated. */
  readonly isSame?: ((key: string) => boolean) | undefined
  /** Milliseconds that a call may take, all its steps together. */
  readonly timeout: number
  readonly clock: Clock
  readonly random: Random
}

const reads: ReadonlySet<BatchName> = new Set<BatchName>(['get', 'getWithTtl', 'has', 'ttl'])

/**
 * A store over two layouts of the same entries, so that neither loses an entry nor keeps an old one while processes of two deploys run
 * side by side, each with the other's layout as the previous one.
 *
 * A key that both layouts have at one place goes straight there. Of the others, a read asks the other place for what the current one
 * misses, and copies it behind the answer; a change is made by one process at a time, and leaves the entry at the current place alone.
 * docs/decisions/0015-resharding-by-leases.md says why that holds.
 */
export class Resharding extends BatchStore {
  readonly #layouts: Layouts
  readonly #both: BothLayouts
  readonly #timeout: number
  readonly #clock: Clock
  readonly #lines = new KeyLines()
  readonly #reads: LayoutReads
  readonly #changes: KeyChanges
  readonly #pending: PendingCalls

  constructor({ current, previous, isSame, timeout, clock, random }: ReshardingOptions) {
    super()
    this.#layouts = { current, previous, isSame: isSame ?? comparePlaces(current, previous) }
    this.#both = new BothLayouts(this.#layouts)
    this.#timeout = timeout
    this.#clock = clock
    const options = { layouts: this.#layouts, lines: this.#lines, timeout, clock, random }
    this.#reads = new LayoutReads(options)
    this.#changes = new KeyChanges(options)
    this.#pending = new PendingCalls(timeout, clock)
  }

  protected override batch<I, T>(operation: BatchOperation<I, T>, items: readonly I[]): Promise<Answer<T>[]> {
    const since = this.#clock.now()
    return this.#inTurn(
      () => this.#batch(operation, items, since),
      (error) => items.map(() => error),
    )
  }

  override delete(keys: readonly string[]): Promise<Tally> {
    const since = this.#clock.now()
    return this.#inTurn(
      () => this.#delete(keys, since),
      (error) => ({ count: 0, failed: new Map(keys.map((key) => [key, error])) }),
    )
  }

  override scan(pattern: string): AsyncIterable<ScanPage> {
    return quietPages(this.#scan(pattern))
  }

  async *#scan(pattern: string): AsyncGenerator<ScanPage, void, undefined> {
    // What this process wrote before is there when the scan begins.
    await this.#lines.settled()
    yield* this.#both.scan(pattern)
  }

  override flush(): Promise<void> {
    const flushed = new Promise<void>((resolve, reject) => {
      this.#lines.behind(() =>
        this.#lines.takeAll(
          () =>
            void this.#both
              .flush()
              .finally(() => this.#lines.leaveAll())
              .then(resolve, reject),
        ),
      )
    })
    const late = (): never => {
      throw this.#late()
    }
    return quiet(this.#pending.add(flushed, late, undefined, undefined))
  }

  override locate(key: string): StoreLocation {
    return this.#layouts.current.locate(key)
  }

  divide(keys: readonly string[]): readonly KeyGroup[] {
    const { current } = this.#layouts
    return current.divide?.(keys) ?? [{ shard: current.locate('').shard, keys, places: [...keys.keys()] }]
  }

  override connect(): Promise<void> {
    return quiet(this.#both.connect())
  }

  override async close(): Promise<void> {
    await this.#both.close()
  }

  observe(observer: StoreObserver): void {
    this.#both.observe(observer)
  }

  status(): readonly ServerStatus[] {
    return this.#both.status()
  }

  parts(): readonly StorePart[] {
    return this.#both.parts((keys, before) => this.#bring(keys, before))
  }

  /** Makes a call; behind a flush, if one is under way. */
  #inTurn<T>(call: () => Promise<T>, late: (error: ShaleError) => T): Promise<T> {
    if (!this.#lines.isBlocked) return call()
    const called = new Promise<T>((resolve, reject) => this.#lines.behind(() => void call().then(resolve, reject)))
    return this.#pending.add<T, undefined, undefined>(called, () => late(this.#late()), undefined, undefined)
  }

  /** Whether a key needs more than a call to the current layout: it has two places, or others are before it. */
  #isApart(key: string): boolean {
    return !this.#layouts.isSame(key) || this.#lines.isBusy(key)
  }

  async #batch<I, T>(operation: BatchOperation<I, T>, items: readonly I[], since: number): Promise<Answer<T>[]> {
    const { current } = this.#layouts
    const isApart = items.map((item) => this.#isApart(operation.keyOf(item)) || this.#isTargetApart(operation, item))
    if (!isApart.includes(true)) return operation.call(current, items)
    if (operation.name === 'move') return this.#moveAll(operation, items as unknown as StoreMove[], since) as Promise<Answer<T>[]>
    const straight = items.filter((_, i) => !isApart[i])
    const apart = items.filter((_, i) => isApart[i])
    const [first, second] = await Promise.all([
      straight.length === 0 ? [] : answersOf(operation.call(current, straight), straight.length),
      reads.has(operation.name)
        ? this.#reads.read(operation as unknown as BatchOperation<string, T>, apart as string[], since)
        : Promise.all(apart.map((item) => this.#changes.change(operation.keyOf(item), workOf(operation, item), since))),
    ])
    let [at, behind] = [0, 0]
    return isApart.map((two) => (two ? second[behind++] : first[at++]) as Answer<T>)
  }

  /** Whether the new key of a move is. */
  #isTargetApart<I, T>({ name }: BatchOperation<I, T>, item: I): boolean {
    return name === 'move' && this.#isApart((item as unknown as StoreMove).to)
  }

  async #moveAll<T>(operation: BatchOperation<T, unknown>, moves: readonly StoreMove[], since: number): Promise<Answer<unknown>[]> {
    const move = (one: StoreMove): Promise<Answer<unknown>> => {
      if (this.#isApart(one.from) || this.#isApart(one.to)) return this.#changes.move(one, since)
      return firstOf(operation.call(this.#layouts.current, [one as T]))
    }
    return Promise.all(moves.map(move))
  }

  async #delete(keys: readonly string[], since: number): Promise<Tally> {
    const { current } = this.#layouts
    const isApart = keys.map((key) => this.#isApart(key))
    if (!isApart.includes(true)) return current.delete(keys)
    const straight = keys.filter((_, i) => !isApart[i])
    const apart = keys.filter((_, i) => isApart[i])
    const removals = apart.map(async (key): Promise<Tally> => {
      const removed = await this.#changes.change(key, removal(key), since)
      return ShaleError.is(removed) ? { count: 0, failed: new Map([[key, removed]]) } : { count: removed ? 1 : 0, failed: undefined }
    })
    if (straight.length > 0) removals.push(removeAll(current, straight))
    return sumOfTallies(await Promise.all(removals))
  }

  /** Brings over what is where the other layout has it; what is anywhere else is none of our business. */
  #bring(keys: readonly string[], before: StorePart | undefined): Promise<Answer<Brought>[]> {
    const since = this.#clock.now()
    const bring = async (key: string): Promise<Answer<Brought>> =>
      before?.isHome(key) !== true || this.#layouts.isSame(key) ? missing : this.#changes.change(key, bringing, since)
    return this.#inTurn(
      () => Promise.all(keys.map(bring)),
      (error) => keys.map(() => error),
    )
  }

  #late(): ShaleError {
    return new ShaleError('SERVER_TIMEOUT', `No answer within ${this.#timeout} ms; whether the operation was carried out is not known.`)
  }
}

async function removeAll(store: Store, keys: readonly string[]): Promise<Tally> {
  try {
    return await store.delete(keys)
  } catch (error) {
    const failure = ShaleError.from(error, 'SERVER_UNAVAILABLE')
    return { count: 0, failed: new Map(keys.map((key) => [key, failure])) }
  }
}
