import {
  ShaleError,
  type Answer,
  type BatchOperation,
  type Clock,
  type StoredValue,
  type StoreEntry,
  type StoreMove,
} from '@shale/contracts'
import { BatchCall, type ClusterCall } from './cluster-call.ts'
import { redirectOf } from './cluster-redirect.ts'
import { MoveAcross, type MoveEnds } from '../calls/move-across.ts'
import { slotOf } from './slot.ts'
import type { Turns } from '../calls/turns.ts'

export interface ClusterMovesOptions {
  readonly turns: Turns<number>
  /** Milliseconds that a call has, from the call. */
  readonly timeout: number
  readonly clock: Clock
  /** Sends a call whose turn it is. */
  readonly send: (call: ClusterCall) => void
}

/** Moves entries within a cluster. */
export class ClusterMoves {
  readonly #options: ClusterMovesOptions
  readonly #across: MoveAcross

  constructor(options: ClusterMovesOptions) {
    this.#options = options
    this.#across = new MoveAcross(options)
  }

  /** Moves an entry while all else in its slots waits: by one command, or, where that cannot be, step by step. */
  start(call: ClusterCall, place: number, move: StoreMove): void {
    const slots = new Set([slotOf(move.from), slotOf(move.to)])
    void this.#options.turns.alone([...slots], async () => {
      if (call.isOpen(place)) call.finish(place, await this.#move(call, move, slots.size === 1))
    })
  }

  async #move(call: ClusterCall, move: StoreMove, isOneSlot: boolean): Promise<Answer<boolean>> {
    const step = <I, T>(operation: BatchOperation<I, T>, items: readonly I[]): Promise<Answer<T>[]> => {
      // In the place of the call: those that came later wait for it.
      const part = new BatchCall(operation, items, call.order, call.since)
      this.#options.send(part)
      return part.result
    }
    if (isOneSlot) {
      const [answer] = await step(rename, [move])
      // While the slot is on its way its keys can be at two nodes.
      if (!ShaleError.is(answer) || redirectOf(answer, '')?.kind !== 'apart') return answer as Answer<boolean>
    }
    const ends: MoveEnds = {
      from: { take: (keys) => step(take, keys), add: (entries) => step(add, entries) },
      to: { set: (entries) => step(set, entries) },
    }
    return this.#across.move(ends, move, call.since)
  }
}

const keyOf = ({ key }: StoreEntry): string => key
const take: BatchOperation<string, StoredValue | undefined> = {
  name: 'take',
  writes: true,
  keyOf: (key) => key,
  call: (store, keys) => store.take(keys),
}
const set: BatchOperation<StoreEntry, true> = { name: 'set', writes: true, keyOf, call: (store, entries) => store.set(entries) }
const add: BatchOperation<StoreEntry, boolean> = { name: 'add', writes: true, keyOf, call: (store, entries) => store.add(entries) }
const rename: BatchOperation<StoreMove, boolean> = {
  name: 'move',
  writes: true,
  keyOf: ({ from }) => from,
  call: (store, moves) => store.move(moves),
}
