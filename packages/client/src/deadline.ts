import {
  parsePositiveDuration,
  ShaleError,
  systemClock,
  type Answer,
  type Clock,
  type Duration,
  type ScanPage,
  type Store,
  type StoreEntry,
  type StoreIncrement,
  type StoreLocation,
  type StoreMove,
  type StoreObserver,
  type StoreSwap,
  type Tally,
} from '@shale/contracts'
import { PendingCalls } from './pending-calls.ts'

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

class DeadlineStore implements Store {
  readonly observe?: (observer: StoreObserver) => void
  readonly #store: Store
  readonly #timeout: number
  readonly #pending: PendingCalls

  constructor(store: Store, timeout: number, clock: Clock) {
    this.#store = store
    this.#timeout = timeout
    this.#pending = new PendingCalls(timeout, clock)
    if (store.observe !== undefined) this.observe = (observer) => store.observe?.(observer)
  }

  // Each call is made before it is registered, so that its deadline here is never before the one that the store itself keeps.

  get(keys: readonly string[]): Promise<Answer<Uint8Array | undefined>[]> {
    return this.#pending.add(this.#store.get(keys), this.#keysLate, keys)
  }

  set(entries: readonly StoreEntry[]): Promise<Answer<true>[]> {
    return this.#pending.add(this.#store.set(entries), this.#entriesLate, entries)
  }

  add(entries: readonly StoreEntry[]): Promise<Answer<boolean>[]> {
    return this.#pending.add(this.#store.add(entries), this.#entriesLate, entries)
  }

  swap(swaps: readonly StoreSwap[]): Promise<Answer<boolean>[]> {
    return this.#pending.add(this.#store.swap(swaps), this.#entriesLate, swaps)
  }

  delete(keys: readonly string[]): Promise<Tally> {
    return this.#pending.add(this.#store.delete(keys), this.#tallyLate, keys)
  }

  has(keys: readonly string[]): Promise<Answer<boolean>[]> {
    return this.#pending.add(this.#store.has(keys), this.#keysLate, keys)
  }

  ttl(keys: readonly string[]): Promise<Answer<number | null | undefined>[]> {
    return this.#pending.add(this.#store.ttl(keys), this.#keysLate, keys)
  }

  touch(keys: readonly string[], ttl: number | null): Promise<Answer<boolean>[]> {
    return this.#pending.add(this.#store.touch(keys, ttl), this.#keysLate, keys)
  }

  incr(increments: readonly StoreIncrement[]): Promise<Answer<number>[]> {
    return this.#pending.add(this.#store.incr(increments), this.#entriesLate, increments)
  }

  move(moves: readonly StoreMove[]): Promise<Answer<boolean>[]> {
    return this.#pending.add(this.#store.move(moves), this.#movesLate, moves)
  }

  scan(pattern: string): AsyncIterable<ScanPage> {
    return { [Symbol.asyncIterator]: () => this.#pages(this.#store.scan(pattern)[Symbol.asyncIterator]()) }
  }

  flush(): Promise<void> {
    return quiet(this.#pending.add(this.#store.flush(), this.#late, undefined))
  }

  locate(key: string): StoreLocation {
    return this.#store.locate(key)
  }

  connect(): Promise<void> {
    return quiet(this.#store.connect())
  }

  close(): Promise<void> {
    return this.#store.close()
  }

  #pages(pages: AsyncIterator<ScanPage>): AsyncIterator<ScanPage> {
    return {
      next: () => quiet(this.#pending.add(pages.next(), this.#late, undefined)),
      // The store's own iterator may be stuck on a page: nobody waits for it to let go.
      return: async () => {
        pages.return?.().catch(() => {})
        return { done: true, value: undefined }
      },
    }
  }

  #error(key: string | undefined): ShaleError {
    const who = key === undefined ? '' : `${this.#store.locate(key).server}: `
    return new ShaleError(
      'SERVER_TIMEOUT',
      `${who}no answer within ${this.#timeout} ms; whether the operation was carried out is not known.`,
    )
  }

  #all(count: number, key: string | undefined): ShaleError[] {
    return new Array<ShaleError>(count).fill(this.#error(key))
  }

  // Made once, so that a call costs no closure for a deadline that it meets.
  readonly #late = (): never => {
    throw this.#error(undefined)
  }
  readonly #keysLate = (keys: readonly string[]): ShaleError[] => this.#all(keys.length, keys[0])
  readonly #entriesLate = (entries: readonly { readonly key: string }[]): ShaleError[] => this.#all(entries.length, entries[0]?.key)
  readonly #movesLate = (moves: readonly StoreMove[]): ShaleError[] => this.#all(moves.length, moves[0]?.from)
  readonly #tallyLate = (keys: readonly string[]): Tally => {
    const error = this.#error(keys[0])
    return { count: 0, failed: new Map(keys.map((key) => [key, error])) }
  }
}

/** A promise that may be left alone: a rejection that nobody asks for ends no process. */
function quiet<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => {})
  return promise
}
