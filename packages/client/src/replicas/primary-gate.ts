import { ShaleError, type Clock, type TimerHandle } from '@shale/contracts'
import { refuseNext, type PrimaryCall } from './primary-call.ts'
import type { Server } from '../server/server.ts'

export interface PrimaryGateOptions {
  /** The shard, by name. */
  readonly name: string
  /** Milliseconds that a call may take. */
  readonly timeout: number
  readonly clock: Clock
  /** The round of the search that begins next: a call that is held now may wait until it is over. */
  nextRound(): number
  /** The primary turned a write away, or did not answer one. It is to be looked for, and the gate to be shut. */
  lost(isTurnedAway: boolean): void
}

/** A call that the primary has not answered: a link of a list. */
class Owed {
  previous: Owed | undefined
  next: Owed | undefined
  isGivenUp = false
  readonly place: number
  readonly giveUp: (error: ShaleError) => void

  constructor(place: number, giveUp: (error: ShaleError) => void) {
    this.place = place
    this.giveUp = giveUp
  }
}

/** The time during which one server was the primary. */
class Turn {
  readonly server: Server
  inFlight = 0
  #lastOwed: Owed | undefined
  /** The first call that the server turned away, by its place. */
  turnedAwayAt = Infinity
  /** The writes that have no answer yet, by their places. */
  readonly #writes = new Set<number>()
  #waiting: { readonly place: number; readonly resolve: () => void }[] = []

  constructor(server: Server) {
    this.server = server
  }

  get isOver(): boolean {
    return this.turnedAwayAt < Infinity
  }

  begin(owed: Owed, isWrite: boolean): void {
    this.inFlight++
    owed.previous = this.#lastOwed
    if (owed.previous !== undefined) owed.previous.next = owed
    this.#lastOwed = owed
    if (isWrite) this.#writes.add(owed.place)
  }

  /** Gives up all that has no answer yet: what the server says from now on does not count. */
  giveUp(error: ShaleError): void {
    const all: Owed[] = []
    for (let owed = this.#lastOwed; owed !== undefined; owed = owed.previous) all.push(owed)
    this.#lastOwed = undefined
    this.inFlight = 0
    this.#writes.clear()
    for (const owed of all) owed.isGivenUp = true
    for (const owed of all.reverse()) owed.giveUp(error)
  }

  end(owed: Owed, isWrite: boolean): void {
    const { previous, next, place } = owed
    this.inFlight--
    if (previous !== undefined) previous.next = next
    if (next === undefined) this.#lastOwed = previous
    else next.previous = previous
    if (!isWrite) return
    this.#writes.delete(place)
    if (this.#waiting.length === 0) return
    const waiting = this.#waiting
    this.#waiting = waiting.filter((one) => !this.#isClear(one.place))
    for (const one of waiting) if (this.#isClear(one.place)) one.resolve()
  }

  /** Settles when every write before a place has an answer; `undefined` if all have. */
  clear(place: number): Promise<void> | undefined {
    return this.#isClear(place) ? undefined : new Promise((resolve) => this.#waiting.push({ place, resolve }))
  }

  #isClear(place: number): boolean {
    for (const write of this.#writes) if (write < place) return false
    return true
  }
}

interface Held {
  /** The place of the call in the order of all. */
  readonly place: number
  readonly isTurnedAway: boolean
  /** When it gives up, by the clock. */
  readonly until: number
  /** The round of the search after which it gives up. */
  readonly round: number
  readonly weight: number
  go(): void
  refuse(error: ShaleError): void
}

/** How long the calls to come wait for those that the former primary has not answered. */
const drainMs = 100
/** What may be held, in units of `PrimaryCall.weight`. */
const mostHeld = 16_384
/** The part of its time after which a call that was turned away says so, so that it is heard before its deadline is over. */
const patience = 0.9

/**
 * The way to the primary. While it is known calls go straight to it. While it is looked for they are held, and go in the order
 * in which they were made once there is one; those that the former one turned away (READONLY: they were not run) come first among
 * them. A call that was held gives up when a whole round of the search, begun after it, has found nobody. A read is not held while the
 * former primary is known to be down, or where there was none yet and the latest round has found none: it has its error at once.
 *
 * Calls on one key keep their order over a change: those to come wait until the former primary has answered what it was sent,
 * for `drainMs` at most. What has no answer by then is given up, since a server that is the primary no more may yet go on and say that it
 * carried out what nobody will ever see: writes fail, and reads are made again. What it answers later does not count.
 */
export class PrimaryGate {
  readonly #options: PrimaryGateOptions
  #turn: Turn | undefined
  /** Earlier turns of the same server that owe answers yet. */
  #earlier: Turn[] = []
  #isOpen = false
  /** The primary to be, while the former one still owes answers. */
  #next: Server | undefined
  /** Why the latest round of the search has found nobody. */
  #failure: ShaleError | undefined
  #held: Held[] = []
  #weight = 0
  #last = 0
  #timer: TimerHandle | undefined
  #drain: TimerHandle | undefined

  constructor(options: PrimaryGateOptions) {
    this.#options = options
  }

  /** Whether calls go straight to the primary. */
  get isOpen(): boolean {
    return this.#isOpen
  }

  /** Whether a call is held, or the primary owes an answer. */
  get isAwaited(): boolean {
    return this.#held.length > 0 || (this.#turn !== undefined && this.#turn.inFlight > 0)
  }

  /** Makes a call on the primary, now or when there is one. */
  send<A>(call: PrimaryCall<A>): Promise<A> {
    const place = ++this.#last
    if (this.#isOpen) return this.#dispatch(call, place, undefined)
    // A read gains nothing by waiting for what is known to be away. No answer is right behind writes that are held, too.
    return (call.kind === 'write' ? undefined : this.#refuseNow(call)) ?? this.#hold(call, place, undefined, false)
  }

  /** Calls go to this server from now on. */
  open(server: Server): void {
    this.#next = server
    const turn = this.#turn
    const changes = turn !== undefined && (turn.isOver || turn.server !== server)
    if (!changes || turn.inFlight === 0) return this.#enter()
    this.#isOpen = false
    this.#drain ??= this.#options.clock.setTimeout(this.#drained, drainMs)
  }

  /** Calls are held from now on: whatever rounds of a search have come to does not count any more. */
  shut(): void {
    this.#isOpen = false
    this.#next = undefined
    this.#failure = undefined
    this.#options.clock.clearTimeout(this.#drain)
    this.#drain = undefined
  }

  /** A round of the search is over and has found nobody: whoever has waited for a whole one is told why. */
  roundOver(round: number, error: ShaleError): void {
    this.#failure = error
    this.#refuse(({ isTurnedAway, round: due }) => !isTurnedAway && due <= round, error)
  }

  /** Refuses all that is held. */
  fail(error: ShaleError): void {
    this.#refuse(() => true, error)
  }

  /** The error of a call where it is known that the primary is away; a former one that answers may just have been failed over. */
  #refuseNow<A>(call: PrimaryCall<A>): Promise<A> | undefined {
    const server = this.#turn?.server
    if (server !== undefined) return server.available ? undefined : call.run(server.store)
    return this.#failure && refuseNext(call, this.#failure)
  }

  readonly #drained = (): void => {
    const drain = this.#drain
    // Answers that have come while this process was busy are read first.
    setImmediate(() => {
      if (this.#drain === drain) this.#enter()
    })
  }

  #enter(): void {
    const server = this.#next
    if (server === undefined) return
    this.shut()
    const turn = this.#turn
    if (turn === undefined || turn.isOver || turn.server !== server) this.#begin(server)
    this.#isOpen = true
    const held = this.#held
    this.#held = []
    this.#weight = 0
    this.#tick()
    for (const one of held) one.go()
  }

  #begin(server: Server): void {
    const former = this.#turn
    this.#turn = new Turn(server)
    if (former === undefined) return
    const owing = [...this.#earlier, former].filter(({ inFlight }) => inFlight > 0)
    this.#earlier = former.server === server ? owing : []
    if (former.server === server) return
    for (const turn of owing) turn.giveUp(replaced(former.server, server))
  }

  #dispatch<A>(call: PrimaryCall<A>, place: number, until: number | undefined): Promise<A> {
    const turn = this.#turn as Turn
    const answered = call.run(turn.server.store)
    return new Promise((resolve) => {
      const owed = new Owed(place, (error) => resolve(call.giveUp(error) ?? this.#hold(call, place, until, false)))
      turn.begin(owed, call.kind === 'write')
      const settled = call.kind === 'read after writes' ? answered.then((answer) => this.#afterWrites(turn, place, answer)) : answered
      void settled.then((answer) => {
        if (!owed.isGivenUp) resolve(this.#answered(turn, call, owed, until, answer))
      })
    })
  }

  #answered<A>(turn: Turn, call: PrimaryCall<A>, owed: Owed, until: number | undefined, answer: A): A | Promise<A> {
    const { place } = owed
    const rest = this.#turnedAway(turn, call, place, answer)
    const isCurrent = turn === this.#turn
    if (isCurrent && this.#isOpen && (rest !== undefined || call.isLost(answer))) this.#options.lost(rest !== undefined)
    // Held before the turn is drained, so that it is in line when the line goes.
    const again = rest !== undefined && isCurrent ? this.#hold(rest, place, until, true) : answer
    turn.end(owed, call.kind === 'write')
    if (turn.inFlight === 0 && isCurrent && this.#drain !== undefined) this.#enter()
    return again
  }

  async #afterWrites<A>(turn: Turn, place: number, answer: A): Promise<A> {
    await turn.clear(place)
    return answer
  }

  /** What of a call is to be made again by the next primary. */
  #turnedAway<A>(turn: Turn, call: PrimaryCall<A>, place: number, answer: A): PrimaryCall<A> | undefined {
    const rest = call.turnedAway(answer)
    if (rest !== undefined) turn.turnedAwayAt = Math.min(turn.turnedAwayAt, place)
    // The server has answered a read, but not a write before it that is to be read.
    else if (call.kind === 'read after writes' && turn.turnedAwayAt < place) return call
    return rest
  }

  #hold<A>(call: PrimaryCall<A>, place: number, before: number | undefined, isTurnedAway: boolean): Promise<A> {
    const { clock, timeout, nextRound } = this.#options
    const { weight } = call
    if (this.#weight + weight > mostHeld && this.#held.length > 0) {
      const full = `${this.#options.name}: too many calls wait for the primary already; nothing was sent.`
      return refuseNext(call, new ShaleError('SERVER_UNAVAILABLE', full))
    }
    return new Promise((resolve) => {
      const until = before ?? clock.now() + timeout * patience
      const held: Held = {
        place,
        isTurnedAway,
        until,
        round: nextRound(),
        weight,
        // However often it is turned away, it has the same time in all.
        go: () => resolve(this.#isOpen ? this.#dispatch(call, place, until) : this.#hold(call, place, until, isTurnedAway)),
        refuse: (error) => resolve(call.refuse(error)),
      }
      this.#weight += weight
      this.#insert(held)
      this.#timer ??= this.#setTimer()
    })
  }

  #insert(held: Held): void {
    let at = this.#held.length
    while (at > 0 && (this.#held[at - 1] as Held).place > held.place) at--
    this.#held.splice(at, 0, held)
  }

  #setTimer(): TimerHandle {
    // Callers wait for it, perhaps for nothing else.
    return this.#options.clock.setTimeout(() => this.#tick(), Math.min(25, Math.max(1, this.#options.timeout / 20)), true)
  }

  #tick(): void {
    this.#options.clock.clearTimeout(this.#timer)
    this.#timer = undefined
    const now = this.#options.clock.now()
    const late = new ShaleError('SERVER_UNAVAILABLE', `${this.#options.name}: there was no primary in time; nothing was sent.`)
    this.#refuse(({ until }) => until <= now, late)
    if (this.#held.length > 0) this.#timer = this.#setTimer()
  }

  #refuse(which: (held: Held) => boolean, error: ShaleError): void {
    const refused: Held[] = []
    this.#held = this.#held.filter((held) => {
      if (!which(held)) return true
      this.#weight -= held.weight
      refused.push(held)
      return false
    })
    for (const held of refused) held.refuse(error)
  }
}

function replaced(former: Server, primary: Server): ShaleError {
  const what = 'no answer before it was replaced as the primary'
  return new ShaleError(
    'SERVER_UNAVAILABLE',
    `${former.name}: ${what}, by ${primary.name}; whether the operation was carried out is not known.`,
  )
}
