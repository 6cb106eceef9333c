import { ShaleError, type Clock } from '@shale/contracts'
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
}

/** How long a command waits that would be refused again at once: doubled from try to try, in milliseconds. */
const firstPauseMs = 10
const longestPauseMs = 50

/** What is in flight in each slot, and what of it strayed: the diversions that there are. */
export class Detours {
  /** How many items were never sent, and wait with those that strayed. */
  held = 0
  readonly #options: DetoursOptions
  readonly #inFlight = new Int32Array(slotCount)
  readonly #diversions = new Map<number, Diversion>()
  #closed = false

  constructor(options: DetoursOptions) {
    this.#options = options
  }

  /** Sends nothing again from now on. */
  close(): void {
    this.#closed = true
  }

  get isClosed(): boolean {
    return this.#closed
  }

  /** Whether something of a slot strayed, and is not yet where it belongs. */
  has(slot: number): boolean {
    return this.#diversions.has(slot)
  }

  sent(slots: readonly number[]): void {
    for (const slot of slots) (this.#inFlight[slot] as number)++
  }

  /** An item is back, be it to stray. */
  back(slot: number): void {
    ;(this.#inFlight[slot] as number)--
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

  /** What comes waits until all that is in flight is back. */
  drain(slot: number): void {
    if ((this.#inFlight[slot] as number) > 0) this.#divert(slot)
  }

  /** The same for all slots. */
  drainAll(): void {
    this.#inFlight.forEach((count, slot) => {
      if (count > 0) this.#divert(slot)
    })
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

function notRun(error: ShaleError, why: string): ShaleError {
  return new ShaleError('SERVER_UNAVAILABLE', `${error.message} It was not run there, and not sent again: ${why}.`, { cause: error.cause })
}
