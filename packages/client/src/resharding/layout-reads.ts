import { ShaleError, type Answer, type BatchOperation, type Clock } from '@shale/contracts'
import { answersOf } from './answers-of.ts'
import { KeyCopies } from './key-copies.ts'
import type { KeyLines } from './key-lines.ts'
import type { Layouts } from './layouts.ts'
import { longestGapMs } from '../calls/deadlines.ts'
import { PendingCalls } from '../calls/pending-calls.ts'

export interface LayoutReadsOptions {
  readonly layouts: Layouts
  readonly lines: KeyLines
  /** Milliseconds that a read may take, from the call. */
  readonly timeout: number
  readonly clock: Clock
}

/** A batch that is being read. */
interface Reading<T> {
  readonly operation: BatchOperation<string, T>
  readonly keys: readonly string[]
  readonly answers: Answer<T>[]
  readonly since: number
}

/**
 * Reads of keys that live at one place in the current layout and at another one in the previous: what the current place misses the other
 * one is asked for, and what `get` finds there is copied behind the answer. A read waits for nobody but for earlier calls of its own
 * process on the key. Shards are asked each for itself, so that one that fails keeps no other from its second step.
 */
export class LayoutReads {
  readonly #layouts: Layouts
  readonly #lines: KeyLines
  readonly #timeout: number
  readonly #clock: Clock
  readonly #copies: KeyCopies
  readonly #pending: PendingCalls

  constructor(options: LayoutReadsOptions) {
    this.#layouts = options.layouts
    this.#lines = options.lines
    this.#timeout = options.timeout
    this.#clock = options.clock
    this.#copies = new KeyCopies(options)
    this.#pending = new PendingCalls(options.timeout, options.clock)
  }

  async read<T>(operation: BatchOperation<string, T>, keys: readonly string[], since: number): Promise<Answer<T>[]> {
    const reading: Reading<T> = { operation, keys, answers: new Array<Answer<T>>(keys.length), since }
    const atOnce: number[] = []
    const steps: Promise<void>[] = []
    for (const [place, key] of keys.entries()) {
      let isWaiting = false
      let step: (() => void) | undefined
      this.#lines.share(key, () => {
        if (isWaiting) step?.()
        else atOnce.push(place)
      })
      if (atOnce.at(-1) === place) continue
      isWaiting = true
      steps.push(this.#readLater(reading, place, new Promise<void>((resolve) => (step = resolve))))
    }
    for (const places of this.#byShard(atOnce, keys, (key) => this.#layouts.current.locate(key).shard)) {
      steps.push(this.#readHere(reading, places))
    }
    await Promise.all(steps)
    return reading.answers
  }

  /** Reads a key that calls before it have not left. */
  async #readLater<T>(reading: Reading<T>, place: number, turn: Promise<void>): Promise<void> {
    const key = reading.keys[place] as string
    const alone: Reading<T> = { ...reading, keys: [key], answers: [] }
    const read = turn.then(() => this.#readHere(alone, [0])).then(() => alone.answers)
    const [answer] = await this.#within(reading.since, read, alone.keys)
    reading.answers[place] = answer as Answer<T>
  }

  /** Asks the current layout for keys of one of its shards. */
  async #readHere<T>(reading: Reading<T>, places: readonly number[]): Promise<void> {
    const { operation, keys, answers, since } = reading
    const { current, previous, isSame } = this.#layouts
    const some = places.map((place) => keys[place] as string)
    const found = await this.#within(since, answersOf(operation.call(current, some), some.length), some)
    const missed: number[] = []
    for (const [i, place] of places.entries()) {
      const answer = found[i] as Answer<T>
      answers[place] = answer
      if ((answer === undefined || answer === false) && !isSame(keys[place] as string)) missed.push(place)
      else this.#lines.unshare(keys[place] as string)
    }
    const shards = this.#byShard(missed, keys, (key) => previous.locate(key).shard)
    await Promise.all(shards.map((part) => this.#readThere(reading, part)))
  }

  /** Asks the other layout for keys of one of its shards that the current one has missed. */
  async #readThere<T>({ operation, keys, answers, since }: Reading<T>, places: readonly number[]): Promise<void> {
    const { previous } = this.#layouts
    const some = places.map((place) => keys[place] as string)
    const found = await this.#within(since, answersOf(operation.call(previous, some), some.length), some)
    for (const [i, place] of places.entries()) {
      const key = keys[place] as string
      const answer = found[i] as Answer<T>
      answers[place] = answer
      if (operation.name === 'get' && answer !== undefined && !ShaleError.is(answer)) this.#copies.copy(key)
      this.#lines.unshare(key)
    }
  }

  #within<T>(since: number, asked: Promise<Answer<T>[]>, keys: readonly string[]): Promise<Answer<T>[]> {
    // A step that begins soon has its time from then on, as the shard counts it, which knows what was answered in part.
    const start = Math.min(this.#clock.now(), since + Math.min(longestGapMs, this.#timeout / 20))
    return this.#pending.add(asked, this.#allLate, keys, undefined, start)
  }

  #byShard(places: readonly number[], keys: readonly string[], shardOf: (key: string) => string): number[][] {
    if (places.length < 2) return places.length === 0 ? [] : [[...places]]
    const shards = new Map<string, number[]>()
    for (const place of places) {
      const shard = shardOf(keys[place] as string)
      const part = shards.get(shard)
      if (part === undefined) shards.set(shard, [place])
      else part.push(place)
    }
    return [...shards.values()]
  }

  readonly #allLate = (keys: readonly string[]): ShaleError[] => {
    const error = this.#late(keys[0] as string)
    return keys.map(() => error)
  }

  #late(key: string): ShaleError {
    const { server } = this.#layouts.current.locate(key)
    return new ShaleError('SERVER_TIMEOUT', `${server}: no answer within ${this.#timeout} ms, the other layout's included.`)
  }
}
