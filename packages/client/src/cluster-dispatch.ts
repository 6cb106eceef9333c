import {
  ShaleError,
  type Answer,
  type BatchOperation,
  type Clock,
  type Store,
  type StoreEntry,
  type StoreMove,
  type StoredValue,
} from '@shale/contracts'
import { BatchCall, type ClusterCall } from './cluster-call.ts'
import type { ClusterMap } from './cluster-map.ts'
import type { ClusterNodes } from './cluster-nodes.ts'
import type { ClusterReplicas } from './cluster-replicas.ts'
import { redirectOf } from './cluster-redirect.ts'
import { addressOf, type NodeAddress } from './cluster-topology.ts'
import { Diversion, type Strayed } from './diversion.ts'
import { MoveAcross, type MoveEnds } from './move-across.ts'
import type { Server } from './server.ts'
import { slotCount, slotOf } from './slot.ts'
import { Turns } from './turns.ts'
import { longestBacklog } from './waiting.ts'

export interface DispatchOptions {
  /** The cluster, by name. */
  readonly name: string
  readonly nodes: ClusterNodes
  readonly map: ClusterMap
  /** The shards whose replicas are read, where they are. */
  readonly replicas: ClusterReplicas | undefined
  /** Milliseconds that a call has, from the call. */
  readonly timeout: number
  readonly clock: Clock
}

/** How long a command waits that would be refused again at once: doubled from try to try, in milliseconds. */
const firstPauseMs = 10
const longestPauseMs = 100
/** So many redirects may follow each other at once; from then on two nodes contradict each other. */
const mostHops = 4

/** Sends the items of calls to the nodes that serve them, again where one says that it does not, and never out of order. */
export class ClusterDispatch {
  /** Whose turn it is in which slot. */
  readonly turns: Turns<number> = new Turns()
  readonly #options: DispatchOptions
  readonly #across: MoveAcross
  /** How many items of each slot are in flight. */
  readonly #inFlight = new Int32Array(slotCount)
  readonly #diversions = new Map<number, Diversion>()
  #waiting = 0
  #calls = 0
  #closed = false

  constructor(options: DispatchOptions) {
    this.#options = options
    this.#across = new MoveAcross(options)
  }

  /** The number of the next call. */
  nextOrder(): number {
    return ++this.#calls
  }

  /** Sends nothing again from now on. */
  close(): void {
    this.#closed = true
  }

  /** Sends all items of a call, or lets them wait for their turn. */
  dispatch(call: ClusterCall): void {
    this.#dispatch(call, call.places, false)
  }

  /** Another node serves a slot from now on: what comes waits until all that was sent to the former one is back. */
  ownerChanged(slot: number): void {
    if ((this.#inFlight[slot] as number) > 0) this.#divert(slot)
  }

  #dispatch(call: ClusterCall, places: Iterable<number>, itsTurn: boolean): void {
    const parcels = new Map<Server, number[]>()
    const post = (): void => {
      for (const [server, some] of parcels) this.#send(call, some, server, this.#storeOf(server), 1)
      parcels.clear()
    }
    const { turns } = this
    for (const place of places) {
      const slot = slotOf(call.keyAt(place))
      const move = call.moveAt(place)
      if (move !== undefined && !itsTurn) {
        post()
        this.#move(call, place, move, [slot, slotOf(move.to)])
      } else if (!itsTurn && turns.waits(slot) && !this.#isRefused(call, slot)) {
        this.#wait(call, place, slot)
      } else if (itsTurn && this.#diversions.has(slot)) {
        // What was called before is on its way once more.
        this.#join(call, place, slot)
      } else {
        const server = this.#serverOf(call, place, slot)
        if (server === undefined) continue
        const parcel = parcels.get(server)
        if (parcel === undefined) parcels.set(server, [place])
        else parcel.push(place)
      }
    }
    post()
  }

  /** Whether a read would be refused at once, so that it needs no turn. */
  #isRefused(call: ClusterCall, slot: number): boolean {
    const { map, replicas } = this.#options
    const address = call.writes || replicas !== undefined ? undefined : map.shardOf(slot)?.primary
    return address !== undefined && !this.#options.nodes.at(address).available
  }

  #wait(call: ClusterCall, place: number, slot: number): void {
    if (this.#waiting >= longestBacklog) {
      const full = `${this.#options.name}: too much waits for a slot that is on its way to another node; nothing was sent.`
      call.finish(place, new ShaleError('SERVER_UNAVAILABLE', full))
      return
    }
    // Where only those wait that strayed it goes with them, all at once.
    if (this.#diversions.has(slot) && this.turns.isHeldByOne(slot)) return this.#join(call, place, slot)
    this.#waiting++
    this.turns.enter([slot], () => {
      this.#waiting--
      if (call.isOpen(place)) this.#dispatch(call, [place], true)
    })
  }

  #join(call: ClusterCall, place: number, slot: number): void {
    this.#waiting++
    this.#stray(slot, { call, place, redirect: { kind: 'held' }, error: this.#unserved(slot), pauses: false, tries: 0 })
    this.#settle(slot)
  }

  /** Who is to be asked for an item; none if it has to wait until that is known. */
  #serverOf(call: ClusterCall, place: number, slot: number): Server | undefined {
    const { map, nodes } = this.#options
    const address = map.shardOf(slot)?.primary
    if (address === undefined) {
      this.#stray(slot, { call, place, redirect: { kind: 'elsewhere' }, error: this.#unserved(slot), pauses: false, tries: 0 })
      this.#settle(slot)
      return undefined
    }
    const server = nodes.at(address)
    if (nodes.isAvailable(address)) return server
    if (!call.writes) {
      void map.look()
      return server
    }
    const error = new ShaleError('SERVER_UNAVAILABLE', `${server.name}: it is down, and no other node serves slot ${slot}.`)
    this.#stray(slot, { call, place, redirect: { kind: 'down' }, error, pauses: false, tries: 0 })
    this.#settle(slot)
    return undefined
  }

  #unserved(slot: number): ShaleError {
    return new ShaleError('SERVER_UNAVAILABLE', `${this.#options.name}: no node of the cluster serves slot ${slot} now.`)
  }

  #send(call: ClusterCall, places: readonly number[], server: Server, store: Store, tries: number): void {
    const slots = places.map((place) => slotOf(call.keyAt(place)))
    for (const slot of slots) (this.#inFlight[slot] as number)++
    call.send(store, places).then(
      (answers) => this.#returned(call, places, slots, answers, server, tries),
      (error: unknown) => {
        const failure = ShaleError.from(error, 'SERVER_UNAVAILABLE')
        this.#returned(call, places, slots, new Array<ShaleError>(places.length).fill(failure), server, tries)
      },
    )
  }

  #returned(
    call: ClusterCall,
    places: readonly number[],
    slots: readonly number[],
    answers: readonly Answer<unknown>[],
    server: Server,
    tries: number,
  ): void {
    places.forEach((place, i) => {
      const slot = slots[i] as number
      ;(this.#inFlight[slot] as number)--
      const answer = answers[i]
      if (ShaleError.is(answer)) {
        const redirect = this.#closed ? undefined : redirectOf(answer, server.endpoint.host as string)
        if (redirect?.kind === 'apart' && call.moveAt(place) !== undefined) {
          // A move can do without both keys being at one node.
          call.finish(place, answer)
          return
        }
        if (redirect !== undefined) {
          if (redirect.kind === 'moved') this.#options.map.moved(slot, redirect.address)
          const pauses = redirect.kind === 'again' || redirect.kind === 'apart' || tries >= mostHops
          this.#stray(slot, { call, place, redirect, error: answer, pauses, tries })
          return
        }
      }
      this.#heard(server, answer)
      this.#diversions.get(slot)?.ran(call, place)
      call.finish(place, answer)
    })
    if (this.#diversions.size > 0) for (const slot of slots) this.#settle(slot)
  }

  #storeOf(server: Server): Store {
    return this.#options.replicas?.storeAt(addressAt(server)) ?? server.store
  }

  #heard(server: Server, answer: Answer<unknown>): void {
    const { nodes, map } = this.#options
    const isFailure = ShaleError.is(answer) && (answer.code === 'SERVER_UNAVAILABLE' || answer.code === 'SERVER_TIMEOUT')
    nodes.heard(addressAt(server), isFailure)
    if (isFailure) void map.look()
  }

  #stray(slot: number, one: Strayed): void {
    this.#divert(slot).add(one)
  }

  #divert(slot: number): Diversion {
    let diversion = this.#diversions.get(slot)
    if (diversion === undefined) {
      diversion = new Diversion()
      this.#diversions.set(slot, diversion)
      this.turns.hold(slot)
    }
    return diversion
  }

  /** Goes on with a slot once nothing is in flight there. */
  #settle(slot: number): void {
    const diversion = this.#diversions.get(slot)
    if (diversion === undefined || diversion.resuming || (this.#inFlight[slot] as number) > 0) return
    if (!diversion.isEmpty) {
      void this.#resume(slot, diversion)
      return
    }
    this.#diversions.delete(slot)
    this.turns.leave(slot)
  }

  async #resume(slot: number, diversion: Diversion): Promise<void> {
    diversion.resuming = true
    const strayed = diversion.take()
    this.#waiting -= strayed.filter(({ redirect: { kind } }) => kind === 'held').length
    if (strayed.some(({ redirect: { kind } }) => kind === 'down' || kind === 'elsewhere')) await this.#options.map.look()
    else if (strayed.some(({ redirect: { kind } }) => kind === 'again')) void this.#options.map.look()
    const tries = Math.max(...strayed.map((one) => (one.pauses ? one.tries : 0)))
    if (tries > 0) await this.#pause(Math.min(longestPauseMs, firstPauseMs * 2 ** (tries - 1)), strayed)
    for (const one of strayed) {
      if (!one.call.isOpen(one.place)) continue
      if (this.#closed) one.call.finish(one.place, notRun(one.error, 'the store was closed'))
      else if (diversion.isOvertaken(one))
        one.call.finish(one.place, notRun(one.error, 'a later call on the key was carried out meanwhile'))
      else this.#sendAgain(one, slot)
    }
    diversion.resuming = false
    this.#settle(slot)
  }

  #sendAgain({ call, place, redirect, error, tries }: Strayed, slot: number): void {
    const { nodes, map, replicas } = this.#options
    const address = map.shardOf(slot)?.primary
    if (redirect.kind === 'ask') {
      const server = nodes.at(redirect.address)
      // What is written there, past the slot's own shard, may be at its replicas as it was before.
      if (call.writes && address !== undefined) replicas?.keysArrived(address)
      return this.#send(call, [place], server, server.asking, tries + 1)
    }
    if (address !== undefined) {
      const server = nodes.at(address)
      return this.#send(call, [place], server, this.#storeOf(server), tries + 1)
    }
    this.#stray(slot, { call, place, redirect: { kind: 'elsewhere' }, error, pauses: true, tries: tries + 1 })
  }

  /** Waits; answers at once whoever has no time left after it. */
  #pause(ms: number, strayed: readonly Strayed[]): Promise<void> {
    const { clock, timeout } = this.#options
    const then = clock.now() + ms
    for (const { call, place, error } of strayed)
      if (then - call.since >= timeout) call.finish(place, notRun(error, 'there was no time left'))
    return new Promise((resolve) => clock.setTimeout(resolve, ms))
  }

  /** Moves an entry while all else in its slots waits: by one command, or, where that cannot be, step by step. */
  #move(call: ClusterCall, place: number, move: StoreMove, slots: readonly number[]): void {
    const step = <I, T>(operation: BatchOperation<I, T>, items: readonly I[]): Promise<Answer<T>[]> => {
      // In the place of the call: those that came later wait for it.
      const part = new BatchCall(operation, items, call.order, call.since)
      this.#dispatch(part, part.places, true)
      return part.result
    }
    const ends: MoveEnds = {
      from: { take: (keys) => step(take, keys), add: (entries) => step(add, entries) },
      to: { set: (entries) => step(set, entries) },
    }
    const run = async (): Promise<Answer<boolean>> => {
      if (slots[0] === slots[1]) {
        const [answer] = await step(rename, [move])
        if (!ShaleError.is(answer) || redirectOf(answer, '')?.kind !== 'apart') return answer as Answer<boolean>
      }
      return this.#across.move(ends, move, call.since)
    }
    void this.turns.alone([...new Set(slots)], async () => {
      if (call.isOpen(place)) call.finish(place, await run())
    })
  }
}

function notRun(error: ShaleError, why: string): ShaleError {
  return new ShaleError('SERVER_UNAVAILABLE', `${error.message} It was not run there, and not sent again: ${why}.`, { cause: error.cause })
}

function addressAt({ endpoint: { host, port } }: Server): NodeAddress {
  return addressOf(host as string, port as number)
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
