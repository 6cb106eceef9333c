import type { ShaleError } from '@shale/contracts'
import type { ClusterCall } from './cluster-call.ts'
import type { Redirect } from './cluster-redirect.ts'

/** An item of a call that was not run where it was sent to, and is to be sent again. */
export interface Strayed {
  readonly call: ClusterCall
  readonly place: number
  /** Where else it belongs. Not sent at all were those whose node is known to be `down`, and those `held` by others that strayed before. */
  readonly redirect: Redirect | { readonly kind: 'down' | 'held' }
  /** Why it was not run. */
  readonly error: ShaleError
  /** Whether it would be refused again at once. */
  readonly pauses: boolean
  /** How often it has been sent. */
  readonly tries: number
}

/**
 * A slot some of whose calls strayed. Whatever comes for it waits until those in flight are back; then those that strayed are sent
 * again, in the order made. So nothing overtakes.
 */
export class Diversion {
  /** Whether those that strayed are being sent again. */
  resuming = false
  #strayed: Strayed[] = []
  /** Of each key the last call that was run meanwhile. */
  readonly #ran = new Map<string, number>()

  get isEmpty(): boolean {
    return this.#strayed.length === 0
  }

  add(one: Strayed): void {
    this.#strayed.push(one)
  }

  /** Those that strayed, in the order made; it knows them no more. */
  take(): Strayed[] {
    const strayed = this.#strayed
    this.#strayed = []
    return strayed.sort((one, other) => rankOf(one.call, one.place) - rankOf(other.call, other.place))
  }

  ran(call: ClusterCall, place: number): void {
    for (const key of keysAt(call, place)) this.#ran.set(key, Math.max(rankOf(call, place), this.#ran.get(key) ?? 0))
  }

  /** Whether a later call on the same key was run: a write must not come after it. */
  isOvertaken({ call, place }: Strayed): boolean {
    return call.writes && keysAt(call, place).some((key) => (this.#ran.get(key) ?? 0) > rankOf(call, place))
  }
}

/** The order of items: of different calls, and within one. */
function rankOf(call: ClusterCall, place: number): number {
  return call.order + place / 2 ** 22
}

/** The keys that an item is about. */
export function keysAt(call: ClusterCall, place: number): readonly string[] {
  const move = call.moveAt(place)
  return move === undefined ? [call.keyAt(place)] : [move.from, move.to]
}
