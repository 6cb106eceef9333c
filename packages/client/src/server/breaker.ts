import { describe, parsePositiveDuration, ShaleError, type BreakerState, type Duration } from '@shale/contracts'

/** When a server is taken for down, and how often it is tried then. */
export interface BreakerOptions {
  /** How many calls may fail for want of an answer, with no reply in between; 3. */
  readonly failures?: number | undefined
  /** The time between two probes, at least; at most it is half as much again. `'500ms'`. */
  readonly probe?: Duration | undefined
}

/**
 * Says whether calls are let through to a server. It opens when so many in a row were not answered, or at once when there is no
 * connection and none can be made; it closes with the first sign of life. Where nobody asks for the server any more it lapses:
 * the next call is let through again, to find out.
 *
 * `false` as its options leaves the second half of this: without a connection there is nothing to let calls through to. It counts all the
 * same, so that the server is probed.
 */
export class Breaker {
  /** The time between two probes, at least, in milliseconds. */
  readonly probeMs: number
  readonly #limit: number
  readonly #isOff: boolean
  readonly #changed: (state: 'open' | 'closed') => void
  #failures = 0
  #reason: ShaleError | undefined
  #shown: 'open' | 'closed' = 'closed'

  /** `changed` hears of the breaker's opening, before that refuses anything, and of its closing. */
  constructor(options: BreakerOptions | false | undefined, changed: (state: 'open' | 'closed') => void) {
    const { failures = 3, probe = '500ms' } = options === false ? {} : (options ?? {})
    if (!Number.isSafeInteger(failures) || failures < 1)
      throw new ShaleError('CONFIG_INVALID', `breaker.failures: expected a whole number from 1; found ${describe(failures)}.`)
    this.probeMs = parsePositiveDuration(probe, 'breaker.probe')
    this.#limit = failures
    this.#isOff = options === false
    this.#changed = changed
  }

  /** Why calls are refused now, if they are. */
  get reason(): ShaleError | undefined {
    return this.#reason
  }

  /** Whether so many calls in a row were not answered; also of one that is off. */
  get isSilent(): boolean {
    return this.#failures >= this.#limit
  }

  get state(): BreakerState {
    return this.#isOff ? 'off' : this.#shown
  }

  /** So many more calls were not answered; `why` is what to refuse calls with if that is too many. Gives whether it opened. */
  count(calls: number, why: () => ShaleError): boolean {
    this.#failures += calls
    if (this.#isOff || this.#reason !== undefined || !this.isSilent) return false
    this.open(why())
    return true
  }

  /** Refuses calls from now on, for this reason. */
  open(reason: ShaleError): void {
    this.#reason = reason
    this.#show('open')
  }

  /** There was a sign of life. */
  close(): void {
    this.#failures = 0
    this.#reason = undefined
    this.#show('closed')
  }

  /** Lets calls through without a sign of life; one that is not answered is enough to open it again. */
  lapse(): void {
    this.#failures = this.#limit - 1
    this.#reason = undefined
  }

  #show(state: 'open' | 'closed'): void {
    if (state === this.#shown) return
    this.#shown = state
    if (!this.#isOff) this.#changed(state)
  }
}
