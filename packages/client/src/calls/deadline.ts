import {
  parsePositiveDuration,
  ShaleError,
  StoreDecorator,
  systemClock,
  type Answer,
  type BatchOperation,
  type Clock,
  type Duration,
  type ScanPage,
  type Store,
  type Tally,
} from '@shale/contracts'
import { LateErrors } from './late-errors.ts'
import { nameOfStore } from './name-of-store.ts'
import { PendingCalls } from './pending-calls.ts'
import { quiet } from './quiet.ts'

export interface DeadlineOptions {
  /** How long a call may take, from the call. */
  readonly timeout: Duration
  readonly clock?: Clock | undefined
}

/**
 * A store whose calls all settle within `timeout` and 50 ms: whatever has no answer by then gets `SERVER_TIMEOUT`, and what
 * becomes of it is not known. Of a scan each page has the deadline; `connect` and `close` keep their own time.
 */
export function withDeadline(store: Store, options: DeadlineOptions): Store {
  return new DeadlineStore(store, parsePositiveDuration(options.timeout, 'timeout'), options.clock ?? systemClock)
}

class DeadlineStore extends StoreDecorator {
  readonly #pending: PendingCalls
  readonly #errors: LateErrors

  constructor(store: Store, timeout: number, clock: Clock) {
    super(store)
    this.#errors = new LateErrors(timeout)
    this.#pending = new PendingCalls(timeout, clock)
  }

  // Each call is made before it is registered, so that its deadline here is never before the one that the store itself keeps.

  protected override batch<I, T>(operation: BatchOperation<I, T>, items: readonly I[]): Promise<Answer<T>[]> {
    return this.#pending.add(operation.call(this.store, items), this.#batchLate<I>, items, operation.keyOf)
  }

  override delete(keys: readonly string[]): Promise<Tally> {
    return this.#pending.add(this.store.delete(keys), this.#tallyLate, keys, undefined)
  }

  override scan(pattern: string): AsyncIterable<ScanPage> {
    return { [Symbol.asyncIterator]: () => this.#pages(this.store.scan(pattern)[Symbol.asyncIterator]()) }
  }

  override flush(): Promise<void> {
    return quiet(this.#pending.add(this.store.flush(), this.#flushLate, undefined, undefined))
  }

  override connect(): Promise<void> {
    return quiet(this.store.connect())
  }

  #pages(pages: AsyncIterator<ScanPage>): AsyncIterator<ScanPage> {
    return {
      next: () => quiet(this.#pending.add(pages.next(), this.#pageLate, undefined, undefined)),
      // The store's own iterator may be stuck on a page: nobody waits for it to let go.
      return: async () => {
        pages.return?.().catch(() => {})
        return { done: true, value: undefined }
      },
    }
  }

  #error(key: string | undefined): ShaleError {
    return this.#errors.of(key === undefined ? nameOfStore(this.store) : this.store.locate(key).server)
  }

  // Made once, so that a call costs no closure for a deadline that it meets.
  readonly #flushLate = (): never => {
    throw this.#error(undefined)
  }
  readonly #pageLate = (): never => {
    throw this.#errors.ofPage(nameOfStore(this.store))
  }
  readonly #batchLate = <I>(items: readonly I[], keyOf: (item: I) => string): ShaleError[] =>
    new Array<ShaleError>(items.length).fill(this.#error(items.length === 0 ? undefined : keyOf(items[0] as I)))

  readonly #tallyLate = (keys: readonly string[]): Tally => {
    const error = this.#error(keys[0])
    return { count: 0, failed: new Map(keys.map((key) => [key, error])) }
  }
}
