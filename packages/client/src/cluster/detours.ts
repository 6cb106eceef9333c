import { ShaleError, type Clock, type TimerHandle } from '@shale/contracts'
import type { ClusterCall } from './cluster-call.ts'
import { Diversion, type Strayed } from './diversion.ts'
import { slotCount } from './slot.ts'
import type { Turns } from '../calls/turns.ts'

export interface DetoursOptions {
  readonly turns: Turns<number>
  /** Milliseconds that a call has, from the call. */
  readonly timeout: number
  readonly clock: Clock
  /** Looks who serves what now. */
  readonly look: () => Promise<void>
  /** Sends an item again whose turn it is. */
  readonly sendAgain: (one: Strayed, slot: number) => void
  /** Told of slots that go on without what is in flight there. */
  readonly givenUp: (slots: ReadonlySet<number>) => void
}

/** How long a command waits that would be refused again at once: doubled from try to try, in milliseconds. */
const firstPauseMs = 10
const longestPauseMs = 50

/** How long a slot that another node serves waits for what the former one owes, in milliseconds. */
const drainMs = 300

/** What is in flight in each slot, and what of it strayed: the diversions that there are. */
export class Detours {
  /** How many items were never sent, and wait with those that strayed. */
  held = 0
  readonly #options: DetoursOptions
  readonly #inFlight = new Int32Array(slotCount)
  readonly #diversions = new Map<number, Diversion>()
  /** Until when slots wait for what their former nodes owe, by the clock, in order. */
  readonly #draining = new Map<number, number>()
  #drain: TimerHandle | undefined
  /** Counts the times that a slot went on without what it waited for; of each slot the latest. */
  #era = 0
  readonly #givenUp = new Map<number, number>()
  #closed = false

  constructor(options: DetoursOptions) {
    this.#options = options
  }

  /** Sends nothing again from now on. */
  close(): void {
    this.#closed = true
    this.#options.clock.clearTimeout(this.#drain)
  }

  get isClosed(): boolean {
    return this.#closed
  }

  /** Whether something of a slot strayed, and is not yet where it belongs. */
  has(slot: number): boolean {
    return this.#diversions.has(slot)
  }

  /** Items are on their way; gives what `back` wants to know. */
  sent(slots: readonly number[]): number {
    for (const slot of slots) (this.#inFlight[slot] as number)++
    return this.#era
  }

  /** An item is back, be it to stray. Gives whether it was waited for: if not, later calls have been carried out. */
  back(slot: number, era: number): boolean {
    if (this.#givenUp.size > 0 && (this.#givenUp.get(slot) ?? 0) > era) return false
    ;(this.#inFlight[slot] as number)--
    return true
  }

  /** Once all that is in flight is back, goes on with the slots in which something strayed. */
  settle(slots: readonly number[]): void {
    if (this.#diversions.size > 0) for (const slot of slots) this.#settle(slot)
  }

  /** An item was carried out. */
  ran(slot: number, call: ClusterCall, place: number): void {
    this.#diversions.get(slot)?.ran(call, place)
  }

  /** An item is to be sent again; `settle` does that. */
  stray(slot: number, one: Strayed): void {
    if (one.redirect.kind === 'held') this.held++
    this.#divert(slot).add(one)
  }

  /** Another node serves a slot: what comes waits until all that is in flight is back, for `drainMs` at most. */
  drain(slot: number): void {
    if ((this.#inFlight[slot] as number) === 0) return
    this.#divert(slot)
    const { clock } = this.#options
    this.#draining.delete(slot)
    this.#draining.set(slot, clock.now() + drainMs)
    // Callers wait for it, perhaps for nothing else.
    this.#drain ??= clock.setTimeout(this.#drained, drainMs, true)
  }

  /** What comes for any slot waits until all that is in flight is back. */
  drainAll(): void {
    this.#inFlight.forEach((count, slot) => {
      if (count > 0) this.#divert(slot)
    })
  }

  // Answers that have come while this process was busy are read first.
  readonly #drained = (): void => void setImmediate(this.#giveUp)

  readonly #giveUp = (): void => {
    this.#drain = undefined
    const { clock } = this.#options
    const now = clock.now()
    const due = [...this.#draining].filter(([, until]) => until <= now || until - now > drainMs)
    this.#era++
    const slots = new Set<number>()
    for (const [slot] of due) {
      this.#draining.delete(slot)
      if (!this.#diversions.has(slot) || this.#inFlight[slot] === 0) continue
      this.#inFlight[slot] = 0
      this.#givenUp.set(slot, this.#era)
      slots.add(slot)
    }
    if (slots.size > 0) this.#options.givenUp(slots)
    for (const slot of slots) this.#settle(slot)
    const [next] = this.#draining.values()
    if (next !== undefined && !this.#closed) this.#drain = clock.setTimeout(this.#drained, next - now, true)
  }

  #divert(slot: number): Diversion {
    let diversion = this.#diversions.get(slot)
    if (diversion === undefined) {
      diversion = new Diversion()
      this.#diversions.set(slot, diversion)
      this.#options.turns.hold(slot)
    }
    return diversion
  }

  #settle(slot: number): void {
    const diversion = this.#diversions.get(slot)
    if (diversion === undefined || diversion.resuming || (this.#inFlight[slot] as number) > 0) return
    this.#draining.delete(slot)
    if (!diversion.isEmpty) {
      void this.#resume(slot, diversion)
      return
    }
    this.#diversions.delete(slot)
    this.#options.turns.leave(slot)
  }

  async #resume(slot: number, diversion: Diversion): Promise<void> {
    const { look, sendAgain } = this.#options
    diversion.resuming = true
    const strayed = diversion.take()
    const isAny = (...kinds: Strayed['redirect']['kind'][]): boolean => strayed.some(({ redirect: { kind } }) => kinds.includes(kind))
    this.held -= strayed.filter(({ redirect: { kind } }) => kind === 'held').length
    if (isAny('down', 'elsewhere')) await look()
    else if (isAny('again')) void look()
    const tries = strayed.reduce((most, one) => (one.pauses ? Math.max(most, one.tries) : most), 0)
    if (tries > 0) await this.#pause(Math.min(longestPauseMs, firstPauseMs * 2 ** (tries - 1)), strayed)
    for (const one of strayed) {
      const { call, place, error } = one
      if (!call.isOpen(place)) continue
      if (this.#closed) call.finish(place, notRun(error, 'the store was closed'))
      else if (diversion.isOvertaken(one)) call.finish(place, notRun(error, 'a later call on the key was carried out meanwhile'))
      else sendAgain(one, slot)
    }
    diversion.resuming = false
    this.#settle(slot)
  }

  /** Waits; answers at once whoever has no time left after it. */
  #pause(ms: number, strayed: readonly Strayed[]): Promise<void> {
    const { clock, timeout } = this.#options
    const then = clock.now() + ms
    for (const { call, place, error } of strayed) {
      if (then - call.since >= timeout) call.finish(place, notRun(error, 'there was no time left'))
    }
    // Callers wait for it, perhaps for nothing else.
    return new Promise((resolve) => clock.setTimeout(resolve, ms, true))
  }
}

/** What is told of an item that was not run, and is not sent again. */
export function notRun(error: ShaleError, why: string): ShaleError {
  return new ShaleError('SERVER_UNAVAILABLE', `${error.message} It was not run there, and not sent again: ${why}.`, { cause: error.cause })
}
