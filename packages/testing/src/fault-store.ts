import {
  BatchStore,
  type Answer,
  type BatchOperation,
  type ScanPage,
  type ShaleError,
  type Store,
  type StoreLocation,
  type StoreMove,
  type StoreObserver,
  type Tally,
} from '@shale/contracts'
import type { Gate } from './gate.ts'

/** The methods of a store that can fail. */
export type StoreOperation = Exclude<keyof Store, 'locate' | 'divide' | 'close' | 'observe' | 'status' | 'parts'>

/** A call that reached a fault store. */
export interface StoreCall {
  readonly operation: StoreOperation
  /** The keys it named, in order; of a move both; none for `scan`, `flush` and `connect`. */
  readonly keys: readonly string[]
}

/** What is to go wrong. */
export interface Fault {
  /** With which methods; all unless stated. */
  readonly operations?: readonly StoreOperation[] | undefined
  /** With which keys; all unless stated. A call is concerned if one of its keys is. */
  readonly keys?: ((key: string) => boolean) | undefined
  /** The answer of the keys that are concerned. A call without keys rejects with it. */
  readonly error?: ShaleError | undefined
  /** Whether the whole call rejects with `error` instead. */
  readonly rejects?: boolean | undefined
  /** Where the call waits: a call hangs for as long as the gate is shut. */
  readonly gate?: Gate | undefined
  /**
   * Whether it happens `'before'` the store is reached, which then never hears of the keys that fail, or `'after'` it
   * did what was asked, as when a reply is lost. `'before'` unless stated.
   */
  readonly when?: 'before' | 'after' | undefined
  /** How many calls are concerned; all that come unless stated. */
  readonly times?: number | undefined
}

/** A store over another one with which things go wrong as a test wants them to. */
export interface FaultStore extends Store {
  /** Every call so far, in the order made. */
  readonly calls: readonly StoreCall[]
  /** Lets a fault happen from now on; of several that fit a call the first one does. Gives what takes it back. */
  inject(fault: Fault): () => void
}

/** A fault store without any fault yet: it answers as `store` does. */
export function createFaultStore(store: Store): FaultStore {
  return new FaultyStore(store)
}

interface Injected {
  readonly fault: Fault
  left: number
}

/** A fault that has met a call. */
interface Hit {
  readonly fault: Fault
  readonly concerns: (keys: readonly string[]) => boolean
}

class FaultyStore extends BatchStore implements FaultStore {
  readonly calls: StoreCall[] = []
  readonly #store: Store
  readonly #faults: Injected[] = []

  constructor(store: Store) {
    super()
    this.#store = store
  }

  inject(fault: Fault): () => void {
    const injected = { fault, left: fault.times ?? Infinity }
    this.#faults.push(injected)
    return () => {
      injected.left = 0
    }
  }

  protected batch<I, T>(operation: BatchOperation<I, T>, items: readonly I[]): Promise<Answer<T>[]> {
    const keysOf = (item: I): readonly string[] =>
      operation.name === 'move' ? [(item as StoreMove).from, (item as StoreMove).to] : [operation.keyOf(item)]
    const call = (some: readonly I[]): Promise<Answer<T>[]> => operation.call(this.#store, some)
    const hit = this.#meet(operation.name, items.flatMap(keysOf))
    return hit === undefined ? call(items) : answerWith(hit, items, keysOf, call)
  }

  delete(keys: readonly string[]): Promise<Tally> {
    const hit = this.#meet('delete', keys)
    return hit === undefined ? this.#store.delete(keys) : this.#deleteWith(hit, keys)
  }

  async *scan(pattern: string): AsyncGenerator<ScanPage, void, undefined> {
    const hit = this.#meet('scan', [])
    if (hit === undefined) return yield* this.#store.scan(pattern)
    if (hit.fault.when !== 'after') await happen(hit.fault)
    yield* this.#store.scan(pattern)
    if (hit.fault.when === 'after') await happen(hit.fault)
  }

  flush(): Promise<void> {
    return this.#whole('flush', () => this.#store.flush())
  }

  connect(): Promise<void> {
    return this.#whole('connect', () => this.#store.connect())
  }

  locate(key: string): StoreLocation {
    return this.#store.locate(key)
  }

  close(): Promise<void> {
    return this.#store.close()
  }

  observe(observer: StoreObserver): void {
    this.#store.observe?.(observer)
  }

  /** Records a call, and finds the fault that it meets. What meets none goes on in the same turn, so that the order of calls stays. */
  #meet(operation: StoreOperation, keys: readonly string[]): Hit | undefined {
    this.calls.push({ operation, keys })
    const injected = this.#faults.find(
      ({ fault, left }) =>
        left > 0 && (fault.operations?.includes(operation) ?? true) && (fault.keys === undefined || keys.some(fault.keys)),
    )
    if (injected === undefined) return undefined
    injected.left--
    const { fault } = injected
    return { fault, concerns: (some) => fault.keys === undefined || some.some(fault.keys) }
  }

  async #deleteWith(hit: Hit, keys: readonly string[]): Promise<Tally> {
    const failed = new Map<string, ShaleError>()
    const answers = await answerWith(hit, keys, own, async (some) => {
      const tally = await this.#store.delete(some)
      for (const [key, error] of tally.failed ?? []) failed.set(key, error)
      return some.map((_, index) => (index === 0 ? tally.count : 0))
    })
    let count = 0
    answers.forEach((answer, index) => {
      if (typeof answer === 'number') count += answer
      else failed.set(keys[index]!, answer)
    })
    return { count, failed: failed.size > 0 ? failed : undefined }
  }

  async #whole(operation: StoreOperation, call: () => Promise<void>): Promise<void> {
    const hit = this.#meet(operation, [])
    if (hit === undefined) return call()
    if (hit.fault.when !== 'after') await happen(hit.fault)
    await call()
    if (hit.fault.when === 'after') await happen(hit.fault)
  }
}

const own = (key: string): readonly string[] => [key]

async function happen({ gate, error }: Fault): Promise<void> {
  await gate?.pass()
  if (error !== undefined) throw error
}

/** The answers of a batch some of whose keys a fault concerns. */
async function answerWith<I, T>(
  { fault, concerns }: Hit,
  items: readonly I[],
  keysOf: (item: I) => readonly string[],
  call: (items: readonly I[]) => Promise<Answer<T>[]>,
): Promise<Answer<T>[]> {
  const { error, rejects = false, gate, when = 'before' } = fault
  const fails = (item: I): boolean => error !== undefined && (rejects || concerns(keysOf(item)))
  if (when === 'before') await gate?.pass()
  const reached = when === 'after' ? items : items.filter((item) => !fails(item))
  const answers = reached.length > 0 ? await call(reached) : []
  if (when === 'after') await gate?.pass()
  if (rejects && error !== undefined) throw error
  let next = 0
  return items.map((item) => {
    if (!fails(item)) return answers[next++]!
    if (when === 'after') next++
    return error!
  })
}
