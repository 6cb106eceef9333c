/** What became of a write: it failed; it ended a doubt about its key; or neither. */
export type WriteOutcome = 'failed' | 'ended' | 'done'

interface Reader {
  readonly before: number
  readonly resolve: () => void
}

/** The writes of one key that have not settled, and what became of the others since there was one. */
class Line {
  readonly starts: Set<number>
  newest: number
  failures = 0
  /** The write that ended the latest doubt. */
  endedBy = 0
  readers: Reader[] = []

  constructor(start: number) {
    this.starts = new Set([start])
    this.newest = start
  }

  get oldest(): number {
    for (const start of this.starts) return start
    return Infinity
  }

  settle(start: number, outcome: WriteOutcome): void {
    this.starts.delete(start)
    if (outcome === 'failed') this.failures++
    else if (outcome === 'ended') this.endedBy = start
    if (this.readers.length === 0) return
    const { oldest } = this
    const waiting = this.readers
    this.readers = waiting.filter(({ before }) => before > oldest)
    for (const { before, resolve } of waiting) if (before <= oldest) resolve()
  }
}

/**
 * An answer that was asked for while older writes of its key had not settled. It counts only once they have, and only if none of them
 * failed: it may have been given before any of them took effect, or instead of them.
 */
export class Hold {
  readonly #line: Line
  readonly #before: number
  readonly #doubtedBy: number | undefined
  readonly #failures: number

  /** @param doubtedBy the failed write that the key was in doubt for, which one of the older writes was to end. */
  constructor(line: Line, before: number, doubtedBy: number | undefined) {
    this.#line = line
    this.#before = before
    this.#doubtedBy = doubtedBy
    this.#failures = line.failures
  }

  /** Settles once all older writes have; `undefined` if they have. */
  wait(): Promise<void> | undefined {
    if (this.#line.oldest >= this.#before) return undefined
    return new Promise((resolve) => this.#line.readers.push({ before: this.#before, resolve }))
  }

  /** Whether the answer must not be given. */
  get isSpoilt(): boolean {
    const { failures, endedBy } = this.#line
    if (failures !== this.#failures) return true
    return this.#doubtedBy !== undefined && !(endedBy > this.#doubtedBy && endedBy < this.#before)
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

  /** The place of the newest write of a key; 0 if there is none. */
  newest(key: string): number {
    const line = this.#lines.get(key)
    if (line === undefined) return 0
    return typeof line === 'number' ? line : line.newest
  }

  begin(key: string, start: number): void {
    const line = this.#lines.get(key)
    if (line === undefined) {
      this.#lines.set(key, start)
    } else if (line !== start) {
      const longer = this.#lineOf(key, line)
      longer.starts.add(start)
      longer.newest = start
    }
  }

  settle(key: string, start: number, outcome: WriteOutcome): void {
    const line = this.#lines.get(key)
    if (line === start) this.#lines.delete(key)
    if (line === undefined || typeof line === 'number') return
    line.settle(start, outcome)
    if (line.starts.size === 0) this.#lines.delete(key)
  }

  /** What the answer of the call that begins next has to wait for; `undefined` if no write is under way. */
  hold(key: string, doubtedBy: number | undefined): Hold | undefined {
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
