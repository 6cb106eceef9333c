import type { Clock, TimerHandle } from '@shale/contracts'

/** Some calls with deadlines, for whoever looks whether they are over. */
export interface Due {
  /** Whether somebody looks whether they are over. */
  isWatched: boolean
  /** Milliseconds from a time until the first deadline; `Infinity` where there is no call. */
  left(now: number): number
  /** Whether the first call is to be given up at a time, and not only late. */
  isLate(now: number): boolean
  /** Gives up what is to be given up at a time. */
  expire(now: number): void
}

/** The longest time between two looks, in milliseconds. */
export const longestGapMs = 25

/**
 * Looks after all the calls of a process that have the same time to settle by the same clock, with one timer. It is set for the first
 * deadline that can come, and never twice within a twentieth of the timeout; so stores whose calls are answered are hardly ever looked at.
 *
 * A call is often made of calls with the same deadline: a batch of a cluster of its batches of nodes, say. Those are given up first, and
 * have a turn of the event loop to tell, so that what some of them were answered is not lost with the whole. They belong to a store that was
 * made earlier, since whoever is made of others is made after them.
 */
export class Deadlines {
  readonly #timeout: number
  readonly #gap: number
  readonly #clock: Clock
  /** Those with calls, by when they were made. */
  readonly #members = new Map<number, Due>()
  #made = 0
  #timer: TimerHandle
  #due = Infinity
  #isGivingUp = false

  /** A call with an earlier deadline than this, by the clock, is told of even if its member is watched. */
  get earliest(): number {
    return this.#due - this.#gap
  }

  constructor(timeout: number, clock: Clock) {
    this.#timeout = timeout
    this.#gap = Math.min(longestGapMs, timeout / 20)
    this.#clock = clock
  }

  /** A place in the order of those that are looked after. */
  place(): number {
    return this.#made++
  }

  /** There is a call of the member at a place whose deadline is at a time, by the clock. */
  expect(place: number, member: Due, deadline: number): void {
    this.#members.set(place, member)
    member.isWatched = true
    if (deadline < this.earliest) this.#lookIn(deadline - this.#clock.now())
  }

  #lookIn(ms: number): void {
    if (this.#isGivingUp) return
    const delay = Math.max(Math.min(ms, this.#timeout), this.#gap)
    this.#clock.clearTimeout(this.#timer)
    this.#due = this.#clock.now() + delay
    this.#timer = this.#clock.setTimeout(this.#look, delay)
  }

  readonly #look = (): void => {
    const now = this.#clock.now()
    const lateBy = now - this.#due
    this.#due = Infinity
    const left = this.#left(now)
    if (left === Infinity) return
    if (left > 0) return this.#lookIn(left)
    const late = [...this.#members].filter(([, member]) => member.isLate(now))
    // A process that was busy itself has not even sent its last commands: the server gets a moment to answer them.
    const isBusy = lateBy > longestGapMs && left > -this.#timeout
    if (late.length === 0 || isBusy) return this.#lookIn(longestGapMs)
    late.sort(([one], [other]) => one - other)
    this.#isGivingUp = true
    this.#giveUp(
      late.map(([, member]) => member),
      now,
    )
  }

  #giveUp([first, ...others]: readonly Due[], now: number): void {
    // Replies that have come meanwhile are read before anything is given up.
    setImmediate(() => {
      // As of the look: what comes due in the meantime may be made of what was not given up with the others.
      first?.expire(now)
      if (others.length > 0) return this.#giveUp(others, now)
      this.#isGivingUp = false
      const left = this.#left(this.#clock.now())
      if (left < Infinity) this.#lookIn(left)
    })
  }

  /** Milliseconds until the first deadline of all; forgets those that have no call any more. */
  #left(now: number): number {
    let least = Infinity
    for (const [place, member] of this.#members) {
      const left = member.left(now)
      if (left === Infinity) {
        this.#members.delete(place)
        member.isWatched = false
      } else if (left < least) least = left
    }
    return least
  }
}

const known = new WeakMap<Clock, Map<number, Deadlines>>()

/** The deadlines of all calls that have so many milliseconds by a clock. */
export function deadlinesOf(timeout: number, clock: Clock): Deadlines {
  let ofClock = known.get(clock)
  if (ofClock === undefined) known.set(clock, (ofClock = new Map()))
  let deadlines = ofClock.get(timeout)
  if (deadlines === undefined) ofClock.set(timeout, (deadlines = new Deadlines(timeout, clock)))
  return deadlines
}
