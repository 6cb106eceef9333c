/** What a clock gives for a timer; only that clock knows what it is. */
export type TimerHandle = unknown

/** Where time comes from. Everything that waits or expires takes one, so that tests can turn it by hand. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number
  /**
   * Calls `fn` once after `ms` milliseconds.
   *
   * @param keepAlive whether the process stays alive for it, as it must where a caller waits for nothing else;
   * `false` by default.
   */
  setTimeout(fn: () => void, ms: number, keepAlive?: boolean): TimerHandle
  /** Takes a timer back; does nothing to one that is over, nor to `undefined`. */
  clearTimeout(handle: TimerHandle): void
}

/** The longest delay that a timer of the runtime can hold; a longer one would fire at once. */
const longestTimerMs = 2 ** 31 - 1

interface LongTimer {
  current: NodeJS.Timeout
}

/** The time of this machine. Delays beyond 2^31 ms are waited for in pieces. */
export const systemClock: Clock = {
  now: () => Date.now(),
  setTimeout(fn, ms, keepAlive = false) {
    const timer = {} as LongTimer
    const wait = (left: number): void => {
      timer.current = left <= longestTimerMs ? setTimeout(fn, left) : setTimeout(() => wait(left - longestTimerMs), longestTimerMs)
      if (!keepAlive) timer.current.unref()
    }
    wait(ms)
    return timer
  },
  clearTimeout(handle) {
    clearTimeout((handle as LongTimer | undefined)?.current)
  },
}

/** Where chance comes from: a number from 0 up to, but not including, 1, as `Math.random` gives it. */
export type Random = () => number
