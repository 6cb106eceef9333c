import type { Clock } from '@shale/contracts'
import { deadlinesOf, type Deadlines, type Due } from './deadlines.ts'

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

/**
 * Calls that all have the same time to settle. Of calls that are made of others the others are given up first, if the list of those was made
 * first.
 */
export class PendingCalls implements Due {
  isWatched = false
  readonly #timeout: number
  readonly #clock: Clock
  readonly #excuse: Excuse
  readonly #deadlines: Deadlines
  readonly #place: number
  #first: PendingCall | undefined
  #last: PendingCall | undefined

  constructor(timeout: number, clock: Clock, excuse: Excuse = noExcuse) {
    this.#excuse = excuse
    this.#timeout = timeout
    this.#clock = clock
    this.#deadlines = deadlinesOf(timeout, clock)
    this.#place = this.#deadlines.place()
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
    const deadline = call.since + this.#timeout
    // Calls come in the order of their deadlines, unless they are a later step of an older one.
    if (!this.isWatched || deadline < this.#deadlines.earliest) this.#deadlines.expect(this.#place, this, deadline)
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

  left(now: number): number {
    const first = this.#first
    return first === undefined ? Infinity : this.#left(first, now)
  }

  isLate(now: number): boolean {
    return this.#first !== undefined && this.#isLate(this.#first, now)
  }

  expire(now: number): void {
    for (let call = this.#first; call !== undefined && this.#isLate(call, now); call = this.#first) this.#expire(call)
  }

  #left({ since }: PendingCall, now: number): number {
    const age = now - since
    // A clock that was put back must not keep anyone waiting.
    return age < -this.#timeout ? 0 : this.#timeout - age
  }

  #isLate(call: PendingCall, now: number): boolean {
    return this.#left(call, now) + this.#excused(call) <= 0
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
