import { ShaleError, type Answer, type Clock, type Store, type StoredValue, type StoreMove } from '@shale/contracts'
import { PendingCalls } from './pending-calls.ts'

/** Where an entry is moved from and where to. */
export interface MoveEnds {
  readonly from: Pick<Store, 'take' | 'add'>
  readonly to: Pick<Store, 'set'>
}

/** What an error says of a move that could not store what it had taken. */
export interface MovePartial {
  /** Whether the entry is at its old place again. */
  readonly putBack: boolean
}

/** The part of the time after which an entry that could not be stored is put back, so that there is time left for that. */
const storeShare = 0.6

/**
 * Moves entries between places that no single command reaches: takes an entry, value and ttl, atomically; stores it over
 * whatever is at the new place; and puts it back, if its old place is still free, when that fails. So of several who move one
 * entry exactly one succeeds, and readers may see neither entry for a moment.
 *
 * Whoever calls it keeps later calls on both keys waiting meanwhile. All steps together have one deadline, from the call.
 */
export class MoveAcross {
  readonly #clock: Clock
  readonly #all: PendingCalls
  readonly #storing: PendingCalls

  constructor({ timeout, clock }: { readonly timeout: number; readonly clock: Clock }) {
    this.#clock = clock
    this.#all = new PendingCalls(timeout, clock)
    this.#storing = new PendingCalls(timeout * storeShare, clock)
  }

  /**
   * Moves one entry; answers whether it was there. An error of the second step carries `MovePartial` as its `partial`.
   *
   * @param since when the call began, by the clock; now unless stated.
   */
  async move({ from, to }: MoveEnds, { from: oldKey, to: newKey }: StoreMove, since: number = this.#clock.now()): Promise<Answer<boolean>> {
    const taken = await this.#all.add(first(from.take([oldKey])), late, 'whether the entry was taken is not known', undefined, since)
    if (taken === undefined) return false
    if (ShaleError.is(taken)) return taken
    const takenAt = this.#clock.now()
    const storing = first(to.set([{ key: newKey, value: taken.value, ttl: leftOf(taken, 0) }]))
    const stored = await this.#storing.add(storing, late, 'whether the entry was stored is not known', undefined, since)
    if (stored === true) return true
    const ttl = leftOf(taken, this.#clock.now() - takenAt)
    const putting = first(from.add([{ key: oldKey, value: taken.value, ttl }]))
    const putBack = await this.#all.add(putting, late, 'whether the entry was put back is not known', undefined, since)
    return failed(stored, putBack)
  }
}

/** The answer of a batch of one. */
async function first<T>(answers: Promise<Answer<T>[]>): Promise<Answer<T>> {
  try {
    return (await answers)[0] as Answer<T>
  } catch (error) {
    return ShaleError.from(error, 'SERVER_UNAVAILABLE')
  }
}

function late(what: string): ShaleError {
  return new ShaleError('SERVER_TIMEOUT', `move: no answer in time; ${what}.`)
}

function leftOf({ ttl }: StoredValue, passedMs: number): number | null {
  return ttl === null ? null : Math.max(1, ttl - Math.max(0, passedMs))
}

function failed(stored: ShaleError, putBack: Answer<boolean>): ShaleError {
  const partial: MovePartial = { putBack: putBack === true }
  const fate = partial.putBack
    ? 'The entry is at its old place again.'
    : !ShaleError.is(putBack)
      ? 'Its old place was taken meanwhile; the entry is lost.'
      : `It could not be put back either (${putBack.code}); the entry may be lost.`
  return new ShaleError(stored.code, `move: the entry was taken and could not be stored: ${stored.message} ${fate}`, {
    cause: stored,
    partial,
  })
}
