import {
  ShaleError,
  StoreDecorator,
  systemClock,
  type Answer,
  type BatchOperation,
  type Clock,
  type Random,
  type Store,
  type StoreMove,
  type StoreObserver,
  type Tally,
} from '@shale/contracts'
import { doubtRules, leavesDoubt, refusesUs, rejectionLeavesDoubt, type DoubtRule } from './doubt-rules.ts'
import { DoubtfulKeys, type DoubtedKeys } from './doubtful-keys.ts'
import { Repair } from './repair.ts'
import { WriteRecord } from './write-record.ts'
import { WritesUnderWay, type Hold } from './writes-under-way.ts'

export interface DoubtsOptions {
  /** The name of what the store holds, for `repaired`. */
  readonly shard: string
  /** Which keys there may be in doubt; all unless stated. No other key is ever removed. */
  readonly keys?: DoubtedKeys | undefined
  /** The part of the store that a key is in, where one part can fail while others answer; one for all unless given. */
  readonly regionOf?: ((key: string) => number) | undefined
  /** How many keys are remembered one by one; 100,000. */
  readonly mostKeys?: number | undefined
  readonly clock?: Clock | undefined
  readonly random?: Random | undefined
}

/** What promise 4 asks for at least. */
const mostKeys = 100_000

/**
 * A store that never answers with an entry older than a write through it that failed. Such a write may have been carried out, or may
 * not, or may yet be: its key is in doubt, and counts as missing until it was removed, or a later write of it succeeded. Once the store
 * answers again the keys in doubt are removed. Beyond `mostKeys` of them all keys are in doubt, until those that there are were removed.
 *
 * It relies on the order that `Store` promises: what is asked later of a key takes effect later. That must hold of a call that had failed,
 * too: a command that sits in the buffer of a hung server must not be carried out after one that comes over the next connection. The client's
 * own servers see to that by killing the connection that was given up before anything else is sent (`CLIENT KILL`). Where they may not,
 * a server that goes on after a hang may carry out a write that had failed after the removal of its key; what that wrote is served then.
 */
export function withDoubts(store: Store, options: DoubtsOptions): Store {
  return new DoubtsStore(store, options)
}

class DoubtsStore extends StoreDecorator {
  override readonly observe: (observer: StoreObserver) => void
  readonly #doubts: DoubtfulKeys
  readonly #underWay = new WritesUnderWay()
  readonly #record: WriteRecord
  readonly #repair: Repair
  readonly #observers: StoreObserver[] = []
  /** Whether the server has refused us, and has answered nothing since. */
  #isRefused = false
  /** Servers that are known to be away: what they refuse must not look like a miss. */
  readonly #down = new Set<string>()

  constructor(store: Store, { shard, keys, regionOf, mostKeys: most = mostKeys, clock, random }: DoubtsOptions) {
    super(store)
    this.#doubts = new DoubtfulKeys({ concerns: keys?.concerns, regionOf, most })
    this.#repair = new Repair({
      store,
      doubts: this.#doubts,
      underWay: this.#underWay,
      pattern: keys === undefined ? '*' : keys.pattern,
      hasRegions: regionOf !== undefined,
      clock: clock ?? systemClock,
      random: random ?? Math.random,
      repaired: (count) => this.#observers.forEach((observer) => observer.repaired?.(shard, count)),
    })
    this.#record = new WriteRecord({ doubts: this.#doubts, underWay: this.#underWay, doubted: () => this.#repair.arm() })
    const back = (): void => this.#repair.begin()
    store.observe?.({
      connected: (server) => {
        this.#down.delete(server)
        back()
      },
      disconnected: (server) => void this.#down.add(server),
      primary: back,
      breaker: (server, state) => {
        if (state === 'open') this.#down.add(server)
        if (state !== 'closed') return
        this.#down.delete(server)
        back()
      },
    })
    this.observe = (observer) => {
      this.#observers.push(observer)
      store.observe?.(observer)
    }
  }

  protected override batch<I, T>(operation: BatchOperation<I, T>, items: readonly I[]): Promise<Answer<T>[]> {
    const rule = doubtRules[operation.name]
    if (this.#doubts.isEmpty || rule.approach === 'passes') return this.#ask(operation, rule, items)
    const inDoubt = items.map((item) => this.#isInDoubt(operation.keyOf(item)))
    if (!inDoubt.includes(true)) return this.#ask(operation, rule, items)
    if (rule.approach === 'answers' && (this.#isRefused || this.#down.size > 0)) return this.#askForErrors(operation, rule, items, inDoubt)
    // A move may end the doubt about the key that the next one is from.
    return operation.name === 'move' && items.length > 1 ? this.#oneByOne(operation, items) : this.#avoid(operation, rule, items, inDoubt)
  }

  override delete(keys: readonly string[]): Promise<Tally> {
    const start = this.#underWay.next()
    const asked = this.store.delete(keys)
    for (const key of keys) this.#underWay.begin(key, start)
    return asked.then(
      (tally) => {
        const { failed } = tally
        for (const key of keys) this.#record.endKey(key, start, leavesDoubt(failed?.get(key)), failed?.has(key) !== true)
        if (failed === undefined || failed.size < keys.length) this.#answered()
        else if (refusesUs(failed.get(keys[0] as string))) this.#isRefused = true
        return tally
      },
      (error: unknown) => {
        for (const key of keys) this.#record.endKey(key, start, rejectionLeavesDoubt(error), false)
        throw error
      },
    )
  }

  override async flush(): Promise<void> {
    const start = this.#underWay.next()
    await this.store.flush()
    this.#doubts.endAll(start)
  }

  override close(): Promise<void> {
    this.#repair.close()
    return this.store.close()
  }

  /** Whether a key is in doubt, and no write is under way that may end it: what is asked now would find what that leaves. */
  #isInDoubt(key: string): boolean {
    const doubtedBy = this.#doubts.doubtedBy(key)
    return doubtedBy !== undefined && this.#underWay.newest(key) <= doubtedBy
  }

  /** Asks the store, and learns from its answers, once they count. */
  #ask<I, T>(operation: BatchOperation<I, T>, rule: DoubtRule, items: readonly I[]): Promise<Answer<T>[]> {
    const holds = rule.reads && !this.#underWay.isEmpty ? this.#holds(operation, items) : undefined
    if (!rule.writes && holds === undefined && this.#doubts.isEmpty) return operation.call(this.store, items)
    const start = this.#underWay.next()
    const asked = operation.call(this.store, items)
    if (rule.writes) this.#record.begin(operation, items, start)
    return asked.then(
      (answers) => {
        const older = holds?.flatMap((hold, i) => (ShaleError.is(answers[i]) ? [] : (hold?.wait() ?? []))) ?? []
        if (older.length === 0) return this.#learn(operation, rule, items, start, answers, holds)
        return Promise.all(older).then(() => this.#learn(operation, rule, items, start, answers, holds))
      },
      (error: unknown) => {
        for (const hold of holds ?? []) hold?.end()
        const failed = rejectionLeavesDoubt(error)
        if (rule.writes) for (const item of items) this.#record.end(operation, item, start, error, failed, false)
        throw error
      },
    )
  }

  /** Does without the entries in doubt. What is to be removed is asked for first, and so is gone when the rest is done. */
  async #avoid<I, T>(
    operation: BatchOperation<I, T>,
    rule: DoubtRule,
    items: readonly I[],
    inDoubt: readonly boolean[],
  ): Promise<Answer<T>[]> {
    const renews = rule.approach === 'renews'
    const avoided = items.filter((_, i) => inDoubt[i])
    const start = this.#underWay.next()
    if (operation.name === 'move') for (const item of avoided) this.#underWay.begin((item as StoreMove).to, start)
    const removal = rule.approach === 'answers' ? nextTurn() : this.#remove(avoided.map((item) => operation.keyOf(item)))
    const rest = renews ? items : items.filter((_, i) => !inDoubt[i])
    const answers = rest.length === 0 ? [] : await this.#askAll(operation, rule, rest)
    const failed = await removal
    if (operation.name === 'move') {
      for (const item of avoided) this.#record.endKey((item as StoreMove).to, start, failed?.has(operation.keyOf(item)) === true, false)
    }
    let next = 0
    return items.map((item, i) => {
      if (inDoubt[i] !== true) return answers[next++] as Answer<T>
      const error = failed?.get(operation.keyOf(item))
      if (!renews) return error ?? (rule.missing(item) as Answer<T>)
      const answer = answers[next++] as Answer<T>
      // What it found there may be what was to be removed.
      return answer === false && error !== undefined ? error : answer
    })
  }

  /** Asks for the entries in doubt, too: a server that is away, or refuses us, must not look like an empty one. */
  async #askForErrors<I, T>(
    operation: BatchOperation<I, T>,
    rule: DoubtRule,
    items: readonly I[],
    inDoubt: readonly boolean[],
  ): Promise<Answer<T>[]> {
    const answers = await this.#ask(operation, rule, items)
    return answers.map((answer, i) => (inDoubt[i] === true && !ShaleError.is(answer) ? (rule.missing(items[i]) as Answer<T>) : answer))
  }

  #oneByOne<I, T>(operation: BatchOperation<I, T>, items: readonly I[]): Promise<Answer<T>[]> {
    const failed = (error: unknown): Answer<T>[] => [ShaleError.from(error, 'SERVER_UNAVAILABLE')]
    return Promise.all(items.map((item) => this.batch(operation, [item]).catch(failed))).then((answers) => answers.flat())
  }

  /** As `#ask`; never rejects. */
  #askAll<I, T>(operation: BatchOperation<I, T>, rule: DoubtRule, items: readonly I[]): Promise<Answer<T>[]> {
    return this.#ask(operation, rule, items).catch((error: unknown) => {
      const failure = ShaleError.from(error, 'SERVER_UNAVAILABLE')
      return items.map(() => failure)
    })
  }

  /** Removes keys; gives the errors of those that may still be there. */
  #remove(keys: readonly string[]): Promise<ReadonlyMap<string, ShaleError> | undefined> {
    return this.delete([...new Set(keys)]).then(
      ({ failed }) => failed,
      (error: unknown) => {
        const failure = ShaleError.from(error, 'SERVER_UNAVAILABLE')
        return new Map(keys.map((key) => [key, failure]))
      },
    )
  }

  /** What the answers of items have to wait for, by their places; `undefined` if there is nothing. */
  #holds<I, T>(operation: BatchOperation<I, T>, items: readonly I[]): (Hold | undefined)[] | undefined {
    let holds: (Hold | undefined)[] | undefined
    for (let i = 0; i < items.length; i++) {
      const key = operation.keyOf(items[i] as I)
      if (!this.#underWay.has(key)) continue
      holds ??= new Array<Hold | undefined>(items.length).fill(undefined)
      holds[i] = this.#underWay.hold(key, this.#doubts.doubtedBy(key) ?? 0)
    }
    return holds
  }

  #learn<I, T>(
    operation: BatchOperation<I, T>,
    rule: DoubtRule,
    items: readonly I[],
    start: number,
    answers: Answer<T>[],
    holds: readonly (Hold | undefined)[] | undefined,
  ): Answer<T>[] {
    let isHeard = false
    for (let i = 0; i < items.length; i++) {
      const item = items[i] as I
      const isSpoilt = holds?.[i]?.end() === false && !ShaleError.is(answers[i])
      if (isSpoilt) answers[i] = rule.missing(item) as Answer<T>
      const failed = leavesDoubt(answers[i])
      isHeard ||= !failed
      if (failed && refusesUs(answers[i])) this.#isRefused = true
      if (rule.writes) this.#record.end(operation, item, start, answers[i], failed, isSpoilt)
    }
    if (isHeard) this.#answered()
    return answers
  }

  #answered(): void {
    this.#isRefused = false
    if (!this.#doubts.isEmpty) this.#repair.answered()
  }
}

/** Whoever asks again at once, for ever, must not keep the event loop from what would bring the server back. */
function nextTurn(): Promise<undefined> {
  return new Promise((resolve) => setImmediate(resolve, undefined))
}
