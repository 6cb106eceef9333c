import type { Answer, BatchOperation, ShaleError, Store, StoreMove, Tally } from '@shale/contracts'
import type { ReplicaReads } from '../replicas/replica-reads.ts'

/** A call of a cluster: some items, each at its place, which are answered one by one over several nodes. */
export interface ClusterCall {
  /** When it was made, against other calls. */
  readonly order: number
  /** When it was made, by the clock. */
  readonly since: number
  /** Whether it may change something on a server. */
  readonly writes: boolean
  /** Whether the item at a place has no answer yet. */
  isOpen(place: number): boolean
  /** The places of its items. */
  readonly places: Iterable<number>
  /** The key of the item at a place that decides where it belongs. */
  keyAt(place: number): string
  /** The item at a place, if it is a move. */
  moveAt(place: number): StoreMove | undefined
  /** Asks one node for some of the items; those of a call that reads by way of `reads`, if there is any. */
  send(store: Store, places: readonly number[], reads: ReplicaReads | undefined): Promise<readonly Answer<unknown>[]>
  /** Takes the answer of one item for good. */
  finish(place: number, answer: Answer<unknown>): void
}

/** A batch that is answered key by key. */
export class BatchCall<I, T> implements ClusterCall {
  readonly order: number
  readonly since: number
  readonly result: Promise<Answer<T>[]>
  readonly #operation: BatchOperation<I, T>
  readonly #items: readonly I[]
  readonly #answers: Answer<T>[]
  readonly #open: Set<number>
  #resolve!: (answers: Answer<T>[]) => void

  constructor(operation: BatchOperation<I, T>, items: readonly I[], order: number, since: number) {
    this.order = order
    this.since = since
    this.#operation = operation
    this.#items = items
    this.#answers = new Array<Answer<T>>(items.length)
    this.#open = new Set(items.keys())
    this.result = new Promise((resolve) => (this.#resolve = resolve))
    if (items.length === 0) this.#resolve([])
  }

  get writes(): boolean {
    return this.#operation.writes
  }

  get places(): Iterable<number> {
    return this.#items.keys()
  }

  isOpen(place: number): boolean {
    return this.#open.has(place)
  }

  keyAt(place: number): string {
    return this.#operation.keyOf(this.#items[place] as I)
  }

  moveAt(place: number): StoreMove | undefined {
    return this.#operation.name === 'move' ? (this.#items[place] as StoreMove) : undefined
  }

  send(store: Store, places: readonly number[], reads: ReplicaReads | undefined): Promise<readonly Answer<unknown>[]> {
    const items = places.length === this.#items.length ? this.#items : places.map((place) => this.#items[place] as I)
    return reads === undefined ? this.#operation.call(store, items) : reads.read(this.#operation, items)
  }

  finish(place: number, answer: Answer<unknown>): void {
    if (!this.#open.delete(place)) return
    this.#answers[place] = answer as Answer<T>
    if (this.#open.size === 0) this.#resolve(this.#answers)
  }

  /** Gives every item that has no answer an error. */
  giveUp(errorOf: (key: string) => ShaleError): Answer<T>[] {
    for (const place of this.#open) this.#answers[place] = errorOf(this.keyAt(place))
    this.#open.clear()
    return this.#answers
  }
}

/** A call that removes keys, of which the number counts. */
export class DeleteCall implements ClusterCall {
  readonly order: number
  readonly since: number
  readonly writes = true
  readonly result: Promise<Tally>
  readonly #keys: readonly string[]
  readonly #open: Set<number>
  readonly #failed = new Map<string, ShaleError>()
  #count = 0
  #resolve!: (tally: Tally) => void

  constructor(keys: readonly string[], order: number, since: number) {
    this.order = order
    this.since = since
    this.#keys = keys
    this.#open = new Set(keys.keys())
    this.result = new Promise((resolve) => (this.#resolve = resolve))
    if (keys.length === 0) this.#resolve(this.#tally())
  }

  get places(): Iterable<number> {
    return this.#keys.keys()
  }

  isOpen(place: number): boolean {
    return this.#open.has(place)
  }

  keyAt(place: number): string {
    return this.#keys[place] as string
  }

  moveAt(): undefined {
    return undefined
  }

  async send(store: Store, places: readonly number[]): Promise<readonly Answer<true>[]> {
    const { count, failed } = await store.delete(places.map((place) => this.#keys[place] as string))
    if (places.some((place) => this.#open.has(place))) this.#count += count
    return places.map((place) => failed?.get(this.#keys[place] as string) ?? true)
  }

  finish(place: number, answer: Answer<unknown>): void {
    if (!this.#open.delete(place)) return
    if (answer !== true) this.#failed.set(this.#keys[place] as string, answer as ShaleError)
    if (this.#open.size === 0) this.#resolve(this.#tally())
  }

  /** Counts every key that has no answer as failed. */
  giveUp(errorOf: (key: string) => ShaleError): Tally {
    for (const place of this.#open) this.#failed.set(this.keyAt(place), errorOf(this.keyAt(place)))
    this.#open.clear()
    return this.#tally()
  }

  #tally(): Tally {
    return { count: this.#count, failed: this.#failed.size === 0 ? undefined : this.#failed }
  }
}
