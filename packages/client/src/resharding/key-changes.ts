import { ShaleError, type Answer, type Brought, type Clock, type Random, type Store, type StoreMove } from '@shale/contracts'
import { firstOf, removeOne } from './answers-of.ts'
import { bringOver, type BroughtOver } from './bring-over.ts'
import { KeyHolds, type KeyHold } from './key-hold.ts'
import type { KeyLines } from './key-lines.ts'
import type { Layouts } from './layouts.ts'
import { PendingCalls } from '../calls/pending-calls.ts'

/** What a change does to a key that lives at two places, once nobody else can change it. */
export interface KeyWork<T> {
  /** What has to become of the entry at the other place first: nothing; it is `'emptied'`, at the same time; it is `'brought'` over. */
  readonly needs: 'nothing' | 'emptied' | 'brought'
  /**
   * Makes the change; never rejects.
   *
   * @param store the store that holds the entry, or is to.
   * @param other what the work has to know of the other place.
   */
  run(store: Store, other: OtherPart): Promise<Answer<T>>
}

/** The other place of a key, as far as the work on it may be interested. */
export interface OtherPart {
  /** The other layout's store; `undefined` where the key has one place. */
  readonly store: Store | undefined
  /** Whether there was an entry that was removed for this change. */
  readonly removed: Promise<Answer<boolean>>
  /** What became of the entry there. */
  readonly brought: Brought
}

/** A change that has been asked for. */
interface Change {
  readonly since: number
  readonly work: KeyWork<unknown>
  settle(answer: unknown): void
}

/** The changes of one key that are made under one hold after the other; as long as it is the last in line, more may come. */
class Session {
  isOpen = true
  readonly key: string
  readonly waiting: Change[]

  constructor(key: string, first: Change) {
    this.key = key
    this.waiting = [first]
  }
}

export interface KeyChangesOptions {
  readonly layouts: Layouts
  readonly lines: KeyLines
  /** Milliseconds that a change may take, from the call. */
  readonly timeout: number
  readonly clock: Clock
  readonly random: Random
}

const no = Promise.resolve(false)
/** What is known of an entry that was not looked for, or is not there. */
export const missing: Brought = { fate: 'missing', bytes: 0 }
/** How long others have their turn when calls on a key follow one another without end, in milliseconds. */
const courtesyMs = 2

/**
 * Changes of keys that live at one place in the current layout and at another one in the previous: each is made while nobody else, of
 * either deploy, can change, move or copy the key. Changes of one process on one key are made in the order of the calls, under one hold
 * as long as there are any.
 */
export class KeyChanges {
  readonly #layouts: Layouts
  readonly #lines: KeyLines
  readonly #timeout: number
  readonly #clock: Clock
  readonly #holds: KeyHolds
  readonly #pending: PendingCalls

  constructor({ layouts, lines, timeout, clock, random }: KeyChangesOptions) {
    this.#layouts = layouts
    this.#lines = lines
    this.#timeout = timeout
    this.#clock = clock
    this.#holds = new KeyHolds({ layouts, timeout, clock, random })
    this.#pending = new PendingCalls(timeout, clock)
  }

  /** Changes a key, in turn. */
  change<T>(key: string, work: KeyWork<T>, since: number): Promise<Answer<T>> {
    const changed = new Promise<Answer<T>>((resolve) => {
      const change: Change = { since, work, settle: resolve as (answer: unknown) => void }
      const last = this.#lines.lastOf(key)
      if (last instanceof Session && last.isOpen) return void last.waiting.push(change)
      const session = new Session(key, change)
      this.#lines.take([key], session, () => void this.#run(session))
    })
    return this.#pending.add(changed, this.#late, key, 'whether it was carried out is not known', since)
  }

  /** Moves an entry to another key, in turn. */
  move(move: StoreMove, since: number): Promise<Answer<boolean>> {
    const keys = [...new Set([move.from, move.to])]
    const moved = new Promise<Answer<boolean>>((resolve) => {
      this.#lines.take(keys, undefined, () => {
        void this.#move(move, keys, since).then((answer) => {
          this.#lines.leave(keys)
          resolve(answer)
        })
      })
    })
    return this.#pending.add(moved, this.#late, move.from, 'whether it was carried out is not known', since)
  }

  async #run(session: Session): Promise<void> {
    const { key, waiting } = session
    for (let first = this.#first(session); first !== undefined; first = this.#first(session)) {
      const taken = await this.#holds.take([key], first.work.needs === 'brought', first.since + this.#timeout)
      if (ShaleError.is(taken)) {
        this.#refuse(session, taken)
        continue
      }
      const hold = taken[0] as KeyHold
      await this.#serve(session, hold)
      this.#holds.release(taken)
      if (waiting.length > 0) await this.#holds.pause(courtesyMs)
    }
    session.isOpen = false
    this.#lines.leave([key])
  }

  /** The first change that waits, without those that came too late: whoever asked for them has had an answer. */
  #first(session: Session): Change | undefined {
    for (;;) {
      const first = session.waiting[0]
      if (first === undefined || this.#clock.now() - first.since < this.#timeout) return first
      this.#giveUp(session, this.#late(session.key, 'it was not carried out, since calls before it on the same key took too long'))
    }
  }

  /** Nobody could hold the key: because of a server, or for as long as the first change had time. */
  #refuse(session: Session, error: ShaleError): void {
    const isOver = (session.waiting[0] as Change).since + this.#timeout <= this.#clock.now()
    for (let left = isOver ? 1 : session.waiting.length; left > 0; left--) this.#giveUp(session, error)
  }

  /** Gives up the first change that waits. */
  #giveUp(session: Session, error: ShaleError): void {
    const change = session.waiting.shift() as Change
    // What was to be overwritten is out of date: it is removed, or in doubt where it cannot be.
    if (change.work.needs === 'emptied') this.#forget(session.key)
    change.settle(error)
  }

  #forget(key: string): void {
    for (const store of [this.#layouts.current, this.#layouts.previous]) store.delete([key]).catch(() => {})
  }

  /** Makes the changes that wait, and those that come meanwhile, as long as the hold covers them. */
  async #serve(session: Session, hold: KeyHold): Promise<void> {
    const { waiting } = session
    const running: Promise<void>[] = []
    const next = (): Change | undefined => {
      const first = this.#first(session)
      return first !== undefined && this.#holds.covers(hold, first.since) ? first : undefined
    }
    do {
      for (let change = next(); change !== undefined; change = next()) {
        const brought = change.work.needs === 'brought' && hold.other === 'unknown' ? await this.#bring(hold) : missing
        if (brought === 'lost' || !this.#holds.isHeld(hold)) break
        waiting.shift()
        if (ShaleError.is(brought)) change.settle(brought)
        else running.push(this.#make(change, hold, brought))
      }
      await Promise.all(running.splice(0))
    } while (next() !== undefined && hold.other !== 'unknown' && this.#holds.isHeld(hold))
  }

  #bring(hold: KeyHold): Promise<BroughtOver | ShaleError> {
    return bringOver(this.#layouts, hold, this.#clock)
  }

  /** Makes one change; calls for it go out at once. */
  async #make({ work, settle }: Change, hold: KeyHold, brought: Brought): Promise<void> {
    const { current, previous } = this.#layouts
    const hasTwo = hold.until !== Infinity
    const store = hold.other === 'foreign' && work.needs === 'brought' ? previous : current
    let removed: Promise<Answer<boolean>> = no
    if (work.needs === 'emptied' && hold.other !== 'empty') {
      removed = removeOne(previous, hold.key)
      hold.emptied = removed.then((answer) => (ShaleError.is(answer) ? answer : undefined))
      hold.other = 'empty'
    }
    const [answer, failure] = await Promise.all([work.run(store, { store: hasTwo ? previous : undefined, removed, brought }), hold.emptied])
    const error = ShaleError.is(answer) ? undefined : failure
    settle(error ?? (this.#holds.isHeld(hold) ? answer : this.#late(hold.key, 'whether it was carried out is not known')))
  }

  async #move(move: StoreMove, keys: readonly string[], since: number): Promise<Answer<boolean>> {
    const deadline = since + this.#timeout
    while (this.#clock.now() < deadline) {
      const taken = await this.#holds.take(keys, false, deadline)
      if (ShaleError.is(taken)) return taken
      const moved = await this.#moveHeld(move, taken)
      this.#holds.release(taken)
      if (moved !== 'lost') return moved
      await this.#holds.pause(courtesyMs)
    }
    return this.#late(move.from, 'it was not carried out, since calls before it on the same keys took too long')
  }

  async #moveHeld(move: StoreMove, holds: readonly KeyHold[]): Promise<Answer<boolean> | 'lost'> {
    const { current, previous } = this.#layouts
    const [from, to] = [holds.find(({ key }) => key === move.from), holds.find(({ key }) => key === move.to)] as [KeyHold, KeyHold]
    const brought = from.other === 'unknown' ? await this.#bring(from) : missing
    if (brought === 'lost' || ShaleError.is(brought)) return brought
    if (!this.#holds.isHeld(from) || !this.#holds.isHeld(to)) return 'lost'
    // What cannot be brought over is moved within the other layout.
    const [store, other] = from.other === 'foreign' ? [previous, current] : [current, previous]
    const moved = await firstOf(store.move([move]))
    if (moved !== true || to.other !== 'unknown' || from === to) return moved
    const removed = await removeOne(other, move.to)
    return ShaleError.is(removed) ? removed : true
  }

  readonly #late = (key: string, fate: string): ShaleError =>
    new ShaleError('SERVER_TIMEOUT', `${this.#layouts.current.locate(key).server}: no answer within ${this.#timeout} ms; ${fate}.`)
}
