import type { Clock } from '@shale/contracts'

/** A call that has not settled: a link of a chain, in the order of the calls, which is that of their deadlines. */
class PendingCall {
  previous: PendingCall | undefined
  next: PendingCall | undefined
  readonly since: number
  /** How late the process had been, ever, when the call was made. */
  readonly lateness: number
  readonly late: (subject: never, detail: never) => unknown
  readonly subject: unknown
  readonly detail: unknown
  resolve!: (value: never) => void
  reject!: (error: unknown) => void

  constructor(since: number, lateness: number, late: (subject: never, detail: never) => unknown, subject: unknown, detail: unknown) {
    this.since = since
    this.lateness = lateness
    this.late = late
    this.subject = subject
    this.detail = detail
  }
}

/** What puts the deadlines of calls off: that this process is late itself. */
export interface Excuse {
  /** Milliseconds, ever, by which it was late. */
  readonly lateness: number
  /** Whether that counts now. */
  readonly counts: boolean
}

const noExcuse: Excuse = { lateness: 0, counts: false }

/** The longest time between two looks, in milliseconds. */
const longestGapMs = 25

/**
 * Calls that all have the same time to settle, with one timer for all of them. It is set for the first deadline that can
 * come, and never twice within a twentieth of the timeout; so a busy store whose calls are answered is hardly ever looked at.
 */
export class PendingCalls {
  readonly #timeout: number
  readonly #gap: number
  readonly #clock: Clock
  readonly #excuse: Excuse
  #first: PendingCall | undefined
  #last: PendingCall | undefined
  #ticking = false
  #due = 0

  constructor(timeout: number, clock: Clock, excuse: Excuse = noExcuse) {
    this.#excuse = excuse
    this.#timeout = timeout
    this.#gap = Math.min(longestGapMs, timeout / 20)
    this.#clock = clock
  }

  /**
   * What `work` gives; once its time is over, what `late` gives or throws of `subject` and `detail` instead.
   *
   * @param since when the call began that the work is a part of, by the clock; now unless stated.
   */
  add<T, S, D>(work: Promise<T>, late: (subject: S, detail: D) => T, subject: S, detail: D, since: number = this.#clock.now()): Promise<T> {
    const call = new PendingCall(since, this.#excuse.lateness, late as (subject: never, detail: never) => unknown, subject, detail)
    return new Promise<T>((resolve, reject) => {
      call.resolve = resolve as (value: never) => void
      call.reject = reject
      this.#append(call)
      work.then(
        (value) => {
          this.#remove(call)
          resolve(value)
        },
        (error: unknown) => {
          this.#remove(call)
          reject(error as Error)
        },
      )
    })
  }

  /** Puts a call where it belongs by its age: nearly always at the end. */
  #append(call: PendingCall): void {
    let previous = this.#last
    while (previous !== undefined && previous.since > call.since) previous = previous.previous
    const next = previous === undefined ? this.#first : previous.next
    call.previous = previous
    call.next = next
    if (previous === undefined) this.#first = call
    else previous.next = call
    if (next === undefined) this.#last = call
    else next.previous = call
    if (!this.#ticking) this.#tickIn(this.#left(call))
  }

  #remove(call: PendingCall): void {
    const { previous, next } = call
    if (previous !== undefined) previous.next = next
    else if (this.#first === call) this.#first = next
    else return
    if (next === undefined) this.#last = previous
    else next.previous = previous
    call.previous = call.next = undefined
  }

  #tickIn(ms: number): void {
    this.#ticking = true
    const delay = Math.max(ms, this.#gap)
    this.#due = this.#clock.now() + delay
    this.#clock.setTimeout(this.#tick, delay)
  }

  readonly #tick = (): void => {
    this.#ticking = false
    if (this.#first === undefined) return
    const left = this.#left(this.#first)
    if (left > 0) return this.#tickIn(left)
    if (left + this.#excused(this.#first) > 0) return this.#tickIn(longestGapMs)
    // A process that was busy itself has not even sent its last commands: the server gets a moment to answer them.
    if (this.#clock.now() - this.#due > longestGapMs && left > -this.#timeout) return this.#tickIn(longestGapMs)
    this.#ticking = true
    // Replies that have come meanwhile are read before anything is given up.
    setImmediate(() => {
      this.#ticking = false
      for (let call = this.#first; call !== undefined && this.#isLate(call); call = this.#first) this.#expire(call)
      if (this.#first !== undefined) this.#tickIn(this.#left(this.#first))
    })
  }

  #left(call: PendingCall): number {
    const age = this.#clock.now() - call.since
    // A clock that was put back must not keep anyone waiting.
    return age < -this.#timeout ? 0 : this.#timeout - age
  }

  #isLate(call: PendingCall): boolean {
    return this.#left(call) + this.#excused(call) <= 0
  }

  #excused({ lateness }: PendingCall): number {
    return this.#excuse.counts ? this.#excuse.lateness - lateness : 0
  }

  #expire(call: PendingCall): void {
    this.#remove(call)
    try {
      call.resolve(call.late(call.subject as never, call.detail as never) as never)
    } catch (error) {
      call.reject(error)
    }
  }
}
