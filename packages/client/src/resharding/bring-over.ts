import { ShaleError, type Brought, type Clock, type Store, type StoredValue } from '@shale/contracts'
import { firstOf, removeOne } from './answers-of.ts'
import type { KeyHold } from './key-hold.ts'
import type { Layouts } from './layouts.ts'

/** What became of the entry; `'lost'` says that the key is not held any more, and that nothing was changed. */
export type BroughtOver = Brought | 'lost'

type Fate = Brought['fate']

/** How often an entry is looked at anew that somebody changes who holds no lease. */
const mostChanges = 3
/** The lease with which an entry is stored: storing it ends it, while the key is still to be held. */
const fillLease = 'fill'
/** How long taking that lease may last: by so much its end is before that of the hold. */
const mostLeasingMs = 100

/**
 * Brings the entry of a key that is held to its current place, with its remaining ttl. It is stored there before it is removed from the
 * other place, so that readers find it all the time; and stored only if the lease is still held at that very moment, so that a process
 * that was paused brings nothing back that was deleted meanwhile.
 */
export async function bringOver({ current, previous }: Layouts, hold: KeyHold, clock: Clock): Promise<BroughtOver | ShaleError> {
  const { key } = hold
  let asked = hold.peeked?.asked ?? clock.now()
  let found = hold.peeked?.answer ?? (hold.peeked === undefined ? await firstOf(previous.getWithTtl([key])) : undefined)
  let fate: Fate = 'missing'
  let bytes = 0
  /** What was stored at the current place. */
  let filled: StoredValue | undefined
  for (let change = 0; found !== undefined; change++) {
    if (ShaleError.is(found)) return found.code === 'CODEC_CORRUPT' ? foreign({ current, previous }, hold) : found
    if (change > mostChanges) return unstable(key)
    const value: StoredValue = found
    bytes = value.value.byteLength
    if (filled !== undefined) {
      const swap = { key, expected: filled.value, value: value.value, ttl: leftOf(value, asked, clock) }
      const swapped = await firstOf(current.swap([swap]))
      if (ShaleError.is(swapped)) return swapped
      filled = value
    } else if (fate === 'missing') {
      const stored = await store(current, hold, value, asked, clock)
      if (ShaleError.is(stored) || stored === 'lost') return stored
      if (stored === 'moved') filled = value
      fate = stored
    }
    const removed = await firstOf(previous.swap([{ key, expected: value.value, value: undefined }]))
    if (ShaleError.is(removed)) return removed
    if (removed) break
    // It expired, or somebody changed it: one who was paused while holding the key, or who knows of one layout only.
    asked = clock.now()
    found = await firstOf(previous.getWithTtl([key]))
  }
  hold.other = 'empty'
  return { fate, bytes }
}

/** Stores what was found, unless there is an entry or the one that was found is over. */
async function store(current: Store, hold: KeyHold, found: StoredValue, asked: number, clock: Clock): Promise<Fate | 'lost' | ShaleError> {
  const { key, token } = hold
  const leased = await leaseFill(current, hold, clock)
  if (leased !== true) return leased
  if (found.ttl !== null && found.ttl <= clock.now() - asked) {
    void firstOf(current.release([{ key, token, name: fillLease }]))
    return 'missing'
  }
  const stored = await firstOf(current.fill([{ key, value: found.value, ttl: leftOf(found, asked, clock), token, name: fillLease }]))
  if (ShaleError.is(stored)) return stored
  if (stored) return 'moved'
  // Refused since there is an entry, or since the lease is over: then the one at the other place must stay.
  const there = await firstOf(current.has([key]))
  return there === true ? 'dropped' : there === false ? 'lost' : there
}

/** Takes the lease that is over when the hold is, however long the calls are under way: so that nothing is stored after that. */
async function leaseFill(current: Store, { key, token, until }: KeyHold, clock: Clock): Promise<true | 'lost' | ShaleError> {
  const asked = clock.now()
  const ttl = until - asked - mostLeasingMs
  if (ttl <= 0) return 'lost'
  const leased = await firstOf(current.lease([{ key, token, ttl, name: fillLease }]))
  if (ShaleError.is(leased)) return leased
  if (leased && clock.now() - asked <= mostLeasingMs) return true
  void firstOf(current.release([{ key, token, name: fillLease }]))
  return 'lost'
}

/** What is left of a ttl that was asked for a while ago: never more than there was. */
function leftOf({ ttl }: StoredValue, asked: number, clock: Clock): number | null {
  return ttl === null ? null : Math.max(1, ttl - (clock.now() - asked))
}

/** An entry that cannot be brought over stays, and counts, unless there is another. */
async function foreign({ current, previous }: Omit<Layouts, 'isSame'>, hold: KeyHold): Promise<Brought | ShaleError> {
  const { key } = hold
  const here = await firstOf(current.has([key]))
  if (ShaleError.is(here)) return here
  if (!here) {
    hold.other = 'foreign'
    return { fate: 'foreign', bytes: 0 }
  }
  const removed = await removeOne(previous, key)
  if (ShaleError.is(removed)) return removed
  hold.other = 'empty'
  return { fate: 'dropped', bytes: 0 }
}

function unstable(key: string): ShaleError {
  return new ShaleError(
    'SERVER_UNAVAILABLE',
    `The entry under ${JSON.stringify(key)} was changed again and again while it was brought to the current servers; the operation was not carried out. ` +
      'Are there processes that know of the other servers only?',
  )
}
