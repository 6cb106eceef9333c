/** What became of a write: it failed; its key holds nothing older than it; or neither. */
export type WriteOutcome = 'failed' | 'ended' | 'done'

/** The writes of one key that have not settled, and the answers that were asked for since. */
class Line {
  readonly starts: Set<number>
  /** The newest of those that have ended what was older; 0 if there is none. */
  ended = 0
  readonly holds: Set<Hold> = new Set()
  waiting: Hold[] = []

  constructor(start: number) {
    this.starts = new Set([start])
  }

  get oldest(): number {
    for (const start of this.starts) return start
    return Infinity
  }

  settle(start: number, outcome: WriteOutcome): void {
    this.starts.delete(start)
    if (outcome === 'ended' && start > this.ended) this.ended = start
    if (outcome !== 'done') for (const hold of this.holds) hold.hear(start, outcome)
    if (this.waiting.length === 0) return
    const { oldest, waiting } = this
    this.waiting = waiting.filter((hold) => !hold.goOn(oldest))
  }
}

/**
 * An answer that was asked for while older writes of its key had not settled. It counts only once they have, and only if one of them
 * succeeded after the last that failed: it may have been given before any of these took effect, or instead of them.
 */
export class Hold {
  readonly #line: Line
  readonly #before: number
  /** The newest of the older writes that failed, and of those that ended what was older; 0 if there is none. */
  #failed: number
  #ended: number
  #resolve: (() => void) | undefined

  constructor(line: Line, before: number, doubtedBy: number) {
    this.#line = line
    this.#before = before
    this.#failed = doubtedBy
    this.#ended = line.ended
    line.holds.add(this)
  }

  /** Settles once all older writes have; `undefined` if they have. */
  wait(): Promise<void> | undefined {
    if (this.#line.oldest >= this.#before) return undefined
    this.#line.waiting.push(this)
    return new Promise((resolve) => (this.#resolve = resolve))
  }

  /** Ends the hold; answers whether the answer counts. */
  end(): boolean {
    this.#line.holds.delete(this)
    return this.#failed <= this.#ended
  }

  /** A write has settled. */
  hear(start: number, outcome: 'failed' | 'ended'): void {
    if (start >= this.#before) return
    if (outcome === 'failed') this.#failed = Math.max(this.#failed, start)
    else this.#ended = Math.max(this.#ended, start)
  }

  /** Settles what waits if there is no older write; answers whether that is so. */
  goOn(oldest: number): boolean {
    if (oldest < this.#before) return false
    this.#resolve?.()
    return true
  }
}

/** The calls of a store by their order, and those of its writes that have not settled, by key. */
export class WritesUnderWay {
  /** Nearly always a key has one write under way: then just its place in the order. */
  readonly #lines = new Map<string, number | Line>()
  #last = 0

  get isEmpty(): boolean {
    return this.#lines.size === 0
  }

  /** The place of the latest call in the order of all. */
  get last(): number {
    return this.#last
  }

  /** The place of a call that begins now. */
  next(): number {
    return ++this.#last
  }

  has(key: string): boolean {
    return this.#lines.has(key)
  }

  /** The place of the newest write of a key that is under way; 0 if there is none. */
  newest(key: string): number {
    const line = this.#lines.get(key)
    if (line === undefined) return 0
    return typeof line === 'number' ? line : ([...line.starts].at(-1) as number)
  }

  begin(key: string, start: number): void {
    const line = this.#lines.get(key)
    if (line === undefined) {
      this.#lines.set(key, start)
    } else if (line !== start) {
      this.#lineOf(key, line).starts.add(start)
    }
  }

  settle(key: string, start: number, outcome: WriteOutcome): void {
    const line = this.#lines.get(key)
    if (line === start) this.#lines.delete(key)
    if (line === undefined || typeof line === 'number') return
    line.settle(start, outcome)
    if (line.starts.size === 0) this.#lines.delete(key)
  }

  /** Whether a newer write of the key has succeeded while the one that began at `start` was under way. */
  isOvertaken(key: string, start: number): boolean {
    const line = this.#lines.get(key)
    return typeof line === 'object' && line.ended > start
  }

  /**
   * What the answer of the call that begins next has to wait for; `undefined` if no write is under way.
   *
   * @param doubtedBy the failed write that the key is in doubt for; 0 if it is not.
   */
  hold(key: string, doubtedBy: number): Hold | undefined {
    const line = this.#lines.get(key)
    return line === undefined ? undefined : new Hold(this.#lineOf(key, line), this.#last + 1, doubtedBy)
  }

  #lineOf(key: string, line: number | Line): Line {
    if (typeof line !== 'number') return line
    const longer = new Line(line)
    this.#lines.set(key, longer)
    return longer
  }
}
