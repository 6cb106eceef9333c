import { ShaleError, type Answer, type Clock, type Store, type StoreMove } from '@shale/contracts'
import { MoveAcross } from '../calls/move-across.ts'
import { PendingCalls } from '../calls/pending-calls.ts'
import { Turns } from '../calls/turns.ts'

/**
 * Moves of entries from one shard to another, and who waits for them: a later call on one of their keys, a scan, a flush. All waiting
 * and moving together has one deadline.
 */
export class ShardMoves {
  readonly #timeout: number
  readonly #clock: Clock
  readonly #across: MoveAcross
  readonly #pending: PendingCalls
  readonly #turns = new Turns<string>()
  readonly #underWay = new Set<Promise<unknown>>()

  constructor({ timeout, clock }: { readonly timeout: number; readonly clock: Clock }) {
    this.#timeout = timeout
    this.#clock = clock
    this.#across = new MoveAcross({ timeout, clock })
    this.#pending = new PendingCalls(timeout, clock)
  }

  /** Whether nobody has to wait. */
  get idle(): boolean {
    return this.#turns.idle
  }

  /** Whether a call on the key has to wait. */
  waits(key: string): boolean {
    return this.#turns.waits(key)
  }

  /**
   * Makes a call once no move of its keys is under way. The call is made even if its time is over by then, since whoever asked
   * counts on its effect, as on that of any call that timed out.
   *
   * @param late what it comes to when its time is over.
   */
  inTurn<T>(keys: readonly string[], call: () => Promise<T>, late: (error: ShaleError) => T): Promise<T> {
    const called = new Promise<T>((resolve, reject) => {
      this.#turns.enter(keys, () => void call().then(resolve, reject))
    })
    return this.#pending.add(called, this.#late<T>, late, undefined)
  }

  /** Moves an entry between two stores, when it is its turn. A move whose time was over before that is not begun. */
  move(from: Store, to: Store, move: StoreMove): Promise<Answer<boolean>> {
    const since = this.#clock.now()
    const moved = this.#turns.alone([move.from, move.to], async (): Promise<Answer<boolean>> => {
      if (this.#clock.now() - since >= this.#timeout) return this.#error('it was not begun, since another move of its keys was under way')
      return this.#across.move({ from, to }, move, since)
    })
    this.#underWay.add(moved)
    void moved.finally(() => this.#underWay.delete(moved)).catch(() => {})
    return moved
  }

  /** Settles when the moves that are under way now have settled. */
  async settled(): Promise<void> {
    await Promise.allSettled([...this.#underWay])
  }

  /** Does work that concerns all keys once no move is under way; whatever comes meanwhile waits. */
  alone<T>(work: () => Promise<T>): Promise<T> {
    return this.#turns.aloneWithAll(work)
  }

  readonly #late = <T>(late: (error: ShaleError) => T): T =>
    late(this.#error('whether the operation was carried out is not known, since it came after a move of its key'))

  #error(what: string): ShaleError {
    return new ShaleError('SERVER_TIMEOUT', `No answer within ${this.#timeout} ms; ${what}.`)
  }
}
