import { describe, ShaleError, type Clock, type TimerHandle } from '@shale/contracts'

/** A clock that stands still until it is turned. */
export interface ManualClock extends Clock {
  /**
   * Turns the clock on by so many milliseconds, and calls the timers that are due in the order of their time, each
   * with the clock at its time; also those that are set meanwhile. What a timer throws comes out here, and the timers after it stay.
   */
  advance(ms: number): void
  /** How many timers wait. */
  readonly pending: number
}

/** A manual clock that begins at `start`, in milliseconds since the epoch. */
export function createManualClock(start = 1_700_000_000_000): ManualClock {
  return new TurnedClock(start)
}

interface Timer {
  readonly fn: () => void
  readonly at: number
}

class TurnedClock implements ManualClock {
  #now: number
  /** In the order they were set. */
  readonly #timers = new Set<Timer>()

  constructor(start: number) {
    this.#now = start
  }

  now(): number {
    return this.#now
  }

  get pending(): number {
    return this.#timers.size
  }

  setTimeout(fn: () => void, ms: number): TimerHandle {
    const timer: Timer = { fn, at: this.#now + Math.max(0, ms) }
    this.#timers.add(timer)
    return timer
  }

  clearTimeout(handle: TimerHandle): void {
    this.#timers.delete(handle as Timer)
  }

  advance(ms: number): void {
    if (!(Number.isFinite(ms) && ms >= 0)) {
      throw new ShaleError('CONFIG_INVALID', `advance: expected a number of milliseconds, zero or more; found ${describe(ms)}.`)
    }
    const end = this.#now + ms
    for (let next = this.#next(end); next !== undefined; next = this.#next(end)) {
      this.#timers.delete(next)
      this.#now = next.at
      next.fn()
    }
    this.#now = end
  }

  /** The timer that is due first; of several at one time, the one set first. */
  #next(end: number): Timer | undefined {
    let first: Timer | undefined
    for (const timer of this.#timers) {
      if (timer.at <= end && (first === undefined || timer.at < first.at)) first = timer
    }
    return first
  }
}
