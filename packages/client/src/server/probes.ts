import type { Clock, Random } from '@shale/contracts'
import type { Link } from './link.ts'

/** A refusal that will not go away by itself is not asked for more often than this. */
const refusedMs = 1000
/** A server that nobody asked for in so long is not probed any more. */
const interestMs = 5000
/** Attempts that nobody waits for end together after so long, unless a single one may take longer than half of it. */
const restEveryMs = 5000

/** Which link tries for all of its server while none is ready, when, and for how long. */
export class Probes {
  /** The link that tries; `undefined` while none needs to, or nobody asks for the server. */
  by: Link | undefined
  readonly #probeMs: number
  readonly #clock: Clock
  readonly #random: Random
  #isAskedFor = false
  #askedAt = 0
  #restedAt = 0

  /** `probeMs` is the time between two attempts, at least. */
  constructor(probeMs: number, clock: Clock, random: Random) {
    this.#probeMs = probeMs
    this.#clock = clock
    this.#random = random
  }

  /** Someone would use the server now. */
  ask(): void {
    this.#isAskedFor = true
  }

  /** Has a link try for all of them, if none does: after `ms`, unless it waits already. */
  begin(link: Link, all: readonly Link[], ms: number): void {
    if (this.by !== undefined) return
    this.by = link
    this.#restedAt = this.#clock.now()
    this.#isAskedFor = true
    for (const one of all) if (one !== link) one.rest()
    if (!link.isWaiting) link.wait(ms)
  }

  /** Whether nobody has asked for the server for long; to be asked at each attempt. */
  isForgotten(): boolean {
    const now = this.#clock.now()
    if (this.#isAskedFor) this.#askedAt = now
    this.#isAskedFor = false
    return Math.abs(now - this.#askedAt) >= interestMs
  }

  /**
   * Whether the attempts under way are to end before the next one begins, where nobody waits for them. A socket that waits for an answer to
   * its first packet keeps the process alive whatever is said; and attempts that overlap would keep it for ever, when nobody but the removal
   * of keys in doubt asks.
   */
  isTimeToRest(connectTimeout: number): boolean {
    const now = this.#clock.now()
    if (Math.abs(now - this.#restedAt) < Math.max(restEveryMs, 2 * connectTimeout)) return false
    this.#restedAt = now
    return true
  }

  /** The time from one attempt to the next. */
  pause(isRefused: boolean): number {
    const chance = this.#random()
    return isRefused ? refusedMs * (1 + chance) : this.#probeMs * (1.25 + chance / 4)
  }

  /**
   * The time to the first attempt after a loss. A fleet that loses its server at once comes back spread evenly, however long the
   * server is away: the first attempts are spread over the time that lies between any two, and so are all that follow. Were it more,
   * those who fail would meet those who try for the first time; and with much jitter in between, some of a crowd would meet again.
   */
  phase(): number {
    return this.#random() * this.pause(false)
  }
}
