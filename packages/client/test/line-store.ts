import {
  BatchStore,
  compileGlob,
  ShaleError,
  type Answer,
  type BatchOperation,
  type Random,
  type ScanPage,
  type StoreEntry,
  type StoreFill,
  type StoreIncrement,
  type StoreLease,
  type StoreLocation,
  type StoreMove,
  type StoreObserver,
  type StoreSwap,
  type Tally,
} from '@shale/contracts'

/** How a call ends: it is answered; it is lost and was never carried out; or it was carried out and the reply is lost. */
export type Ending = 'answer' | 'lost' | 'reply lost'

interface Waiting {
  readonly call: string
  end(ending: Ending): void
}

/** What any call is answered with that is lost. */
export const lost: ShaleError = new ShaleError('SERVER_UNAVAILABLE', 'the line is down')

const text = (value: Uint8Array): string => Buffer.from(value).toString()

/**
 * A store reached over one line: calls are carried out one after the other, and how each ends is the test's to say while the line is
 * held. Entries are texts that never expire. Calls are carried
 * out in order; their answers take a random number of microtasks, or a turn of the event loop, as they do through a composite.
 */
export class LineStore extends BatchStore {
  readonly entries = new Map<string, string>()
  readonly leases = new Map<string, string>()
  /** Every call so far: `set a,b`. */
  readonly calls: string[] = []
  readonly waiting: Waiting[] = []
  /** What all calls are refused with at once. */
  refusal: ShaleError | undefined
  /** Whether calls wait until they are ended. */
  isHeld = false
  pageSize = 1000
  readonly #observers: StoreObserver[] = []
  readonly #random: Random

  constructor(random: Random = () => 0) {
    super()
    this.#random = random
  }

  /** Ends the oldest call that waits. */
  end(ending: Ending = 'answer'): void {
    this.waiting.shift()?.end(ending)
  }

  /** Ends all calls that wait, and those that come. */
  letGo(ending: Ending = 'answer'): void {
    this.isHeld = false
    while (this.waiting.length > 0) this.end(ending)
  }

  tell(event: (observer: StoreObserver) => void): void {
    this.#observers.forEach(event)
  }

  protected batch<I, T>(operation: BatchOperation<I, T>, items: readonly I[]): Promise<Answer<T>[]> {
    return this.#call(
      `${operation.name} ${items.map((item) => operation.keyOf(item)).join()}`,
      () => items.map((item) => this.#do(operation.name, item) as Answer<T>),
      (error) => items.map(() => error),
    )
  }

  delete(keys: readonly string[]): Promise<Tally> {
    return this.#call<Tally>(
      `delete ${keys.join()}`,
      () => ({ count: keys.filter((key) => this.entries.delete(key)).length, failed: undefined }),
      (error) => ({ count: 0, failed: new Map(keys.map((key) => [key, error])) }),
    )
  }

  async *scan(pattern: string): AsyncGenerator<ScanPage, void, undefined> {
    const matches = compileGlob(pattern)
    const keys = await this.#callOrThrow(`scan ${pattern}`, () => [...this.entries.keys()].filter(matches))
    for (let at = 0; at < keys.length; at += this.pageSize) {
      yield at === 0 ? keys.slice(0, this.pageSize) : await this.#callOrThrow('page', () => keys.slice(at, at + this.pageSize))
    }
  }

  flush(): Promise<void> {
    return this.#callOrThrow('flush', () => this.entries.clear())
  }

  locate(): StoreLocation {
    return { shard: 'line', server: 'line' }
  }

  async connect(): Promise<void> {}
  async close(): Promise<void> {}

  observe(observer: StoreObserver): void {
    this.#observers.push(observer)
  }

  async #callOrThrow<T>(call: string, work: () => T): Promise<T> {
    const answer = await this.#call<T | ShaleError>(call, work, (error) => error)
    if (ShaleError.is(answer)) throw answer
    return answer
  }

  #call<T>(call: string, work: () => T, fail: (error: ShaleError) => T): Promise<T> {
    this.calls.push(call)
    const { refusal } = this
    if (refusal !== undefined) return new Promise((resolve) => setImmediate(() => resolve(fail(refusal))))
    return new Promise((resolve) => {
      const end = (ending: Ending): void => {
        const answer = ending === 'lost' ? undefined : work()
        const settle = (): void => resolve(ending === 'answer' ? (answer as T) : fail(lost))
        let hops = Math.floor(this.#random() * 10)
        const hop = (): void => (hops-- > 0 ? queueMicrotask(hop) : settle())
        if (hops === 9) setImmediate(settle)
        else hop()
      }
      this.waiting.push({ call, end })
      if (!this.isHeld) queueMicrotask(() => this.letGo())
    })
  }

  #do(name: string, item: unknown): unknown {
    const { entries, leases } = this
    const key = typeof item === 'string' ? item : (item as { key: string }).key
    const held = entries.get(key)
    switch (name) {
      case 'get':
        return held === undefined ? undefined : Buffer.from(held)
      case 'getWithTtl':
        return held === undefined ? undefined : { value: Buffer.from(held), ttl: null }
      case 'has':
      case 'touch':
        return held !== undefined
      case 'ttl':
        return held === undefined ? undefined : null
      case 'take':
        entries.delete(key)
        return held === undefined ? undefined : { value: Buffer.from(held), ttl: null }
      case 'set':
        entries.set(key, text((item as StoreEntry).value))
        return true
      case 'add':
        if (held === undefined) entries.set(key, text((item as StoreEntry).value))
        return held === undefined
      case 'swap': {
        const { expected, value } = item as StoreSwap
        if (held !== text(expected)) return false
        if (value === undefined) entries.delete(key)
        else entries.set(key, text(value))
        return true
      }
      case 'incr': {
        if (held === undefined) return new ShaleError('KEY_NOT_FOUND', 'missing')
        const sum = Number(held) + (item as StoreIncrement).by
        entries.set(key, String(sum))
        return sum
      }
      case 'move': {
        const { from, to } = item as StoreMove
        const moved = entries.get(from)
        entries.delete(from)
        if (moved !== undefined) entries.set(to, moved)
        return moved !== undefined
      }
      case 'lease': {
        const isFree = !leases.has(key)
        if (isFree) leases.set(key, (item as StoreLease).token)
        return isFree
      }
      case 'fill': {
        const { value, token } = item as StoreFill
        if (leases.get(key) !== token) return false
        leases.delete(key)
        if (held === undefined) entries.set(key, text(value))
        return held === undefined
      }
      default:
        return leases.delete(key)
    }
  }
}
