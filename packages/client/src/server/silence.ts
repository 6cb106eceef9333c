/** What is watched of one connection: how many commands were sent over it, ever, how many are settled, and how many of these without a reply. */
export interface Watched {
  readonly connection: unknown
  readonly sent: number
  readonly settled: number
  readonly failed: number
  /** Told whether its oldest command is overdue. */
  overdue: boolean
}

interface Mark {
  readonly at: number
  readonly sent: number
}

/**
 * How long one connection has owed replies, from counters that are looked at now and then instead of a time for each command.
 * Replies come in the order of the commands, so that whatever was sent by an earlier look is older than that look.
 */
export class Silence {
  readonly #watched: Watched
  #replies = 0
  /** What had been sent when, while no reply has come. */
  #marks: Mark[] = []
  /** Up to which command, as `sent` counts them, all are older than they may become. */
  #lateTo = 0
  #countedTo = 0
  #oldest: Mark = { at: 0, sent: 0 }
  /** Since when no reply has come though one was due; `undefined` while none is due. */
  since: number | undefined

  constructor(watched: Watched) {
    this.#watched = watched
  }

  /** Looks at the counters; the look before was at `before`. Gives whether there was a reply since. */
  look(now: number, before: number, timeout: number): boolean {
    const { connection, sent, settled, failed } = this.#watched
    const replies = settled - failed
    const heard = replies > this.#replies
    this.#replies = replies
    if (heard || settled === sent || connection === undefined) {
      this.#marks = []
      this.since = undefined
    }
    if (settled >= this.#oldest.sent) this.#oldest = { at: now, sent }
    this.#watched.overdue = sent > settled && now - this.#oldest.at >= timeout
    if (settled === sent || connection === undefined) {
      this.#lateTo = this.#countedTo = settled
      return heard
    }
    this.since ??= before
    if (this.#marks.at(-1)?.sent !== sent) this.#marks.push({ at: now, sent })
    for (let mark = this.#marks[0]; mark !== undefined && now - mark.at >= timeout; mark = this.#marks[0]) {
      this.#lateTo = mark.sent
      this.#marks.shift()
    }
    return heard
  }

  /** How many commands have become late that were not given before. */
  takeLate(): number {
    const late = this.#lateTo - Math.max(this.#countedTo, this.#watched.settled)
    if (late <= 0) return 0
    this.#countedTo = this.#lateTo
    return late
  }
}
