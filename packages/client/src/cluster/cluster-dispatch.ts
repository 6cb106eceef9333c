import { ShaleError, type Answer, type Clock } from '@shale/contracts'
import type { ClusterCall } from './cluster-call.ts'
import type { ClusterMap } from './cluster-map.ts'
import { ClusterMoves } from './cluster-moves.ts'
import type { ClusterNodes } from './cluster-nodes.ts'
import type { ClusterReplicas } from './cluster-replicas.ts'
import { redirectOf, type Redirect } from './cluster-redirect.ts'
import { placeOf, type NodeAddress } from './cluster-topology.ts'
import { Detours, notRun } from './detours.ts'
import { keysAt, type Strayed } from './diversion.ts'
import type { OwnWrites } from '../replicas/own-writes.ts'
import { SlotOutages } from './slot-outages.ts'
import { slotOf } from './slot.ts'
import { Turns } from '../calls/turns.ts'
import { within } from '../calls/within.ts'
import { longestBacklog } from '../server/waiting.ts'

export interface DispatchOptions {
  /** The cluster, by name. */
  readonly name: string
  readonly nodes: ClusterNodes
  readonly map: ClusterMap
  /** The shards whose replicas are read, where they are. */
  readonly replicas: ClusterReplicas | undefined
  /** What this store has written. */
  readonly own: OwnWrites
  /** Milliseconds that a call has, from the call. */
  readonly timeout: number
  readonly clock: Clock
}

/** So many redirects may follow each other at once; from then on two nodes contradict each other. */
const mostHops = 4

/** Items of a call that one node is asked for: their places, and the slots of their keys. */
interface Parcel {
  readonly places: number[]
  readonly slots: number[]
}

/** How items were sent. */
interface Sent {
  readonly call: ClusterCall
  readonly parcel: Parcel
  readonly address: NodeAddress
  /** Whether the answers are of the server itself; else the replicas of its shard were asked. */
  readonly isOfServer: boolean
  readonly tries: number
  /** When, by what `Detours` counts. */
  readonly era: number
  /** The places whose answers are waited for no more. */
  givenUp?: Set<number>
}

/** Sends the items of calls to the nodes that serve them, again where one says that it does not, and never out of order. */
export class ClusterDispatch {
  /** Whose turn it is in which slot. */
  readonly #turns: Turns<number> = new Turns()
  readonly #options: DispatchOptions
  readonly #detours: Detours
  readonly #moves: ClusterMoves
  readonly #outages = new SlotOutages()
  readonly #inFlight = new Set<Sent>()
  /** How many items wait for their turn. */
  #waiting = 0
  #calls = 0

  constructor(options: DispatchOptions) {
    this.#options = options
    const { map, timeout, clock } = options
    const turns = this.#turns
    const sendAgain = (one: Strayed, slot: number): void => this.#sendAgain(one, slot)
    const givenUp = (slots: ReadonlySet<number>): void => this.#giveUp(slots)
    this.#detours = new Detours({ turns, timeout, clock, look: () => map.look(), sendAgain, givenUp })
    this.#moves = new ClusterMoves({ turns, timeout, clock, send: (call) => this.#dispatch(call, call.places, true) })
  }

  /** The number of the next call. */
  nextOrder(): number {
    return ++this.#calls
  }

  /** Sends nothing again from now on. */
  close(): void {
    this.#detours.close()
  }

  /** Sends all items of a call, or lets them wait for their turn. */
  dispatch(call: ClusterCall): void {
    this.#options.map.use(call.since)
    this.#dispatch(call, call.places, false)
  }

  /** Runs work on all keys after what was called before, also what strays, while everything else waits. */
  alone<T>(work: () => Promise<T>): Promise<T> {
    this.#detours.drainAll()
    return this.#turns.aloneWithAll(work)
  }

  /** Settles once what was called before is back, also what strays; after half of a call's time at the latest. */
  async drained(): Promise<void> {
    const { clock, timeout } = this.#options
    this.#detours.drainAll()
    await within(timeout / 2, this.#turns.passed(), clock, true)
  }

  /** Another node serves a slot from now on: what comes waits until all that was sent to the former one is back. */
  ownerChanged(slot: number): void {
    this.#detours.drain(slot)
  }

  #dispatch(call: ClusterCall, places: Iterable<number>, itsTurn: boolean): void {
    const parcels = new Map<NodeAddress, Parcel>()
    const post = (): void => {
      for (const [address, parcel] of parcels) this.#send(call, parcel, address, false, 1)
      parcels.clear()
    }
    const turns = this.#turns
    for (const place of places) {
      const slot = slotOf(call.keyAt(place))
      const move = call.moveAt(place)
      if (move !== undefined && !itsTurn) {
        post()
        this.#moves.start(call, place, move)
      } else if (!itsTurn && turns.waits(slot) && this.#needsTurn(call, place, slot)) {
        this.#wait(call, place, slot)
      } else if (itsTurn && this.#detours.has(slot)) {
        // What was called before is on its way once more.
        this.#join(call, place, slot)
      } else {
        const address = this.#addressOf(call, place, slot)
        if (address === undefined) continue
        const parcel = parcels.get(address)
        if (parcel === undefined) parcels.set(address, { places: [place], slots: [slot] })
        else {
          parcel.places.push(place)
          parcel.slots.push(slot)
        }
      }
    }
    post()
  }

  /**
   * Whether an item must wait for what came before it in its slot. A read of a key that this store is not writing need not, nor one
   * of a key that it is writing and that would be refused at once.
   */
  #needsTurn(call: ClusterCall, place: number, slot: number): boolean {
    const { own, map, nodes } = this.#options
    if (call.writes) return true
    if (!own.isPendingFor(call.keyAt(place))) return false
    const address = map.shardOf(slot)?.primary
    return address === undefined || nodes.at(address).available
  }

  #wait(call: ClusterCall, place: number, slot: number): void {
    if (this.#waiting + this.#detours.held >= longestBacklog) {
      const full = `${this.#options.name}: too much waits for a slot that is on its way to another node; nothing was sent.`
      call.finish(place, new ShaleError('SERVER_UNAVAILABLE', full))
      return
    }
    // Where only those wait that strayed it goes with them, all at once.
    if (this.#detours.has(slot) && this.#turns.isHeldByOne(slot)) return this.#join(call, place, slot)
    this.#waiting++
    this.#turns.enter([slot], () => {
      this.#waiting--
      if (call.isOpen(place)) this.#dispatch(call, [place], true)
    })
  }

  #join(call: ClusterCall, place: number, slot: number): void {
    this.#waitFor(slot, { call, place, redirect: { kind: 'held' }, error: this.#unserved(slot), pauses: false, tries: 0 })
  }

  /** Who is to be asked for an item; none if it has to wait until that is known, or was told. */
  #addressOf(call: ClusterCall, place: number, slot: number): NodeAddress | undefined {
    const { map, nodes } = this.#options
    const address = map.shardOf(slot)?.primary
    if (address === undefined) {
      if (this.#isTold(call, slot)) call.finish(place, this.#unserved(slot))
      else this.#waitFor(slot, { call, place, redirect: { kind: 'elsewhere' }, error: this.#unserved(slot), pauses: false, tries: 0 })
      return undefined
    }
    // Asked for before it is judged: that keeps one that is down being probed.
    const server = nodes.at(address)
    if (nodes.isAvailable(address)) return address
    if (!call.writes) {
      void map.look()
      return address
    }
    const error = new ShaleError('SERVER_UNAVAILABLE', `${server.name}: it is down, and no other node serves slot ${slot}.`)
    this.#waitFor(slot, { call, place, redirect: { kind: 'down' }, error, pauses: false, tries: 0 })
    return undefined
  }

  #waitFor(slot: number, one: Strayed): void {
    this.#detours.stray(slot, one)
    this.#detours.settle([slot])
  }

  #unserved(slot: number): ShaleError {
    return new ShaleError('SERVER_UNAVAILABLE', `${this.#options.name}: no node of the cluster serves slot ${slot} now.`)
  }

  #send(call: ClusterCall, parcel: Parcel, address: NodeAddress, isAsking: boolean, tries: number): void {
    const { nodes, replicas, own } = this.#options
    const { places, slots } = parcel
    const server = isAsking ? nodes.guestAt(address) : nodes.at(address)
    const era = this.#detours.sent(slots)
    const reads = call.writes || isAsking ? undefined : replicas?.readsAt(address)
    const isWatched = call.writes && replicas !== undefined
    const keys = isWatched ? places.flatMap((place) => keysAt(call, place)) : []
    replicas?.overtake(keys)
    const answered = call.send(isAsking ? server.asking : server.store, places, reads)
    // It may go on when the call has long been given up.
    const sent = isWatched ? own.during(keys, answered) : answered
    const one: Sent = { call, parcel, address, isOfServer: reads === undefined, tries, era }
    this.#inFlight.add(one)
    const returned = (answers: readonly Answer<unknown>[]): void => this.#returned(one, answers)
    sent.then(returned, (error: unknown) => {
      const failure = ShaleError.from(error, 'SERVER_UNAVAILABLE')
      returned(new Array<ShaleError>(places.length).fill(failure))
    })
  }

  /**
   * Slots go on without what the node owes that served them: it may yet say that it carried out what nobody will ever see. So writes fail,
   * and reads are made again; what it says later does not count.
   */
  #giveUp(slots: ReadonlySet<number>): void {
    const { map, nodes } = this.#options
    for (const sent of [...this.#inFlight]) {
      const { call, parcel, address } = sent
      const places = parcel.places.filter((place, i) => {
        const slot = parcel.slots[i] as number
        return slots.has(slot) && sent.givenUp?.has(place) !== true && call.isOpen(place) && map.shardOf(slot)?.primary !== address
      })
      if (places.length === 0) continue
      sent.givenUp = new Set([...(sent.givenUp ?? []), ...places])
      if (!call.writes) {
        this.#dispatch(call, places, true)
        continue
      }
      const what = 'no answer before another node took over; whether the operation was carried out is not known.'
      const error = new ShaleError('SERVER_UNAVAILABLE', `${nodes.nameOf(address)}: ${what}`)
      for (const place of places) call.finish(place, error)
    }
  }

  #returned(sent: Sent, answers: readonly Answer<unknown>[]): void {
    const { call, address, isOfServer, tries, era } = sent
    const { places, slots } = sent.parcel
    this.#inFlight.delete(sent)
    places.forEach((place, i) => {
      const slot = slots[i] as number
      const wasAwaited = this.#detours.back(slot, era)
      if (sent.givenUp?.has(place) === true) return
      const answer = answers[i]
      const redirect = ShaleError.is(answer) && !this.#detours.isClosed ? redirectOf(answer, placeOf(address).host) : undefined
      if (redirect !== undefined && !wasAwaited) {
        call.finish(place, notRun(answer as ShaleError, 'another node took over, and later calls have been carried out there'))
        return
      }
      if (redirect !== undefined && this.#strays(redirect, call, place, slot)) {
        if (redirect.kind === 'moved') this.#options.map.moved(slot, redirect.address)
        const pauses = redirect.kind === 'again' || redirect.kind === 'apart' || tries >= mostHops
        this.#detours.stray(slot, { call, place, redirect, error: answer as ShaleError, pauses, tries })
        return
      }
      if (redirect === undefined) {
        this.#heard(address, isOfServer, slot, answer)
        this.#detours.ran(slot, call, place)
      }
      call.finish(place, answer)
    })
    this.#detours.settle(slots)
  }

  /** Whether an item that was not run is to be sent again. */
  #strays(redirect: Redirect, call: ClusterCall, place: number, slot: number): boolean {
    // A move can do without both keys being at one node.
    if (redirect.kind === 'apart') return call.moveAt(place) === undefined
    return redirect.kind !== 'again' || !this.#isTold(call, slot)
  }

  /** Whether a call is told that its slot is not served, instead of waiting for longer. */
  #isTold(call: ClusterCall, slot: number): boolean {
    const { clock, map } = this.#options
    if (!this.#outages.isTold(slot, call, clock.now())) return false
    void map.look()
    return true
  }

  /** A node answered, or failed to; the replicas of its shard did where the answer is not `isOfServer`. */
  #heard(address: NodeAddress, isOfServer: boolean, slot: number, answer: Answer<unknown>): void {
    const { nodes, map } = this.#options
    if (this.#outages.isAny) this.#outages.over(slot)
    const isFailure = ShaleError.is(answer) && (answer.code === 'SERVER_UNAVAILABLE' || answer.code === 'SERVER_TIMEOUT')
    if (isOfServer) nodes.heard(address, isFailure)
    if (isFailure) void map.look()
  }

  #sendAgain({ call, place, redirect, error, tries }: Strayed, slot: number): void {
    const { map } = this.#options
    const parcel = { places: [place], slots: [slot] }
    if (redirect.kind === 'ask') return this.#send(call, parcel, redirect.address, true, tries + 1)
    const address = map.shardOf(slot)?.primary
    if (address !== undefined) return this.#send(call, parcel, address, false, tries + 1)
    if (this.#isTold(call, slot)) return call.finish(place, this.#unserved(slot))
    this.#detours.stray(slot, { call, place, redirect: { kind: 'elsewhere' }, error, pauses: true, tries: tries + 1 })
  }
}
