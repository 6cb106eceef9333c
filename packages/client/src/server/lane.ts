import { ShaleError, type Command, type Connection, type Reply } from '@shale/contracts'
import type { Barrier } from './barrier.ts'
import type { LaneHost } from './lane-host.ts'
import type { Link } from './link.ts'
import { closedError } from '../calls/closed-error.ts'
import { oneErrorFor } from '../calls/one-error.ts'
import { refuse } from '../calls/refuse.ts'
import { replyError } from './reply-error.ts'
import { longestBacklog, weightOf, type WaitingBarrier, type WaitingCommand } from './waiting.ts'

/**
 * The way that the commands of some keys take: one after the other over one link. While there is no connection they wait in
 * line, and are sent before anything newer is. A lane changes to another link only while it has nothing in flight.
 */
export class Lane {
  readonly #host: LaneHost
  #link: Link
  /** The connection, where a command can be sent over it without waiting. */
  #direct: Connection | undefined
  #next: Link | undefined
  #inFlight = 0
  #closed = false
  #waiting: (WaitingCommand | WaitingBarrier)[] = []
  #onIdle: (() => void) | undefined

  constructor(host: LaneHost, link: Link) {
    this.#host = host
    this.#link = link
  }

  get link(): Link {
    return this.#link
  }

  get isWaiting(): boolean {
    return this.#waiting.length > 0
  }

  /** Sends a command, or lets it wait. Rejects with a `ShaleError`. */
  send(command: Command): Promise<Reply> {
    const connection = this.#direct
    if (connection === undefined) return this.#wait(command)
    if (this.#link.load >= this.#host.crowdedAt) {
      const refusal = this.#host.crowded(this.#link)
      if (refusal !== undefined) return refuse(refusal)
    }
    return this.#dispatch(connection, command, weightOf(command))
  }

  /** Sends a command past what waits: for the barrier that holds the lane. */
  sendHeld(command: Command): Promise<Reply> {
    this.#link.clear()
    const { connection } = this.#link
    if (connection !== undefined) return this.#dispatch(connection, command, weightOf(command))
    return refuse(new ShaleError('SERVER_UNAVAILABLE', `${this.#host.endpoint.name}: the connection ended before the command was sent.`))
  }

  /** Stops the lane at a barrier, once all before it is done; gives why it cannot wait, if so. */
  enter(barrier: Barrier): void {
    this.#waiting.push({ barrier, since: this.#host.clock.now(), arrived: false })
    this.#host.links.watch(undefined)
    this.pump()
  }

  /** Why nothing may wait here now, if so. */
  refusal(): ShaleError | undefined {
    return this.#closed ? closedError(this.#host.endpoint) : this.#host.links.refusal(this.#link)
  }

  /** Whether a command can be sent without waiting may have changed. */
  look(): void {
    this.#direct =
      this.#closed || this.#waiting.length > 0 || this.#next !== undefined || this.#host.links.isOpen ? undefined : this.#link.connection
  }

  /** Refuses what has waited for too long; gives how much that was. */
  dropLate(): number {
    const first = this.#waiting.find(({ barrier }) => barrier === undefined)
    if (first === undefined || !this.#late(first)) return 0
    const waiting = this.#waiting
    this.#waiting = waiting.filter((one) => one.barrier !== undefined || !this.#late(one))
    for (const one of waiting) if (one.barrier === undefined && this.#late(one)) this.#drop(one, notSentError(this.#host))
    const dropped = waiting.length - this.#waiting.length
    this.pump()
    return dropped
  }

  /** Goes on after a barrier. */
  leave(barrier: Barrier): void {
    if (this.#waiting[0]?.barrier === barrier) this.#waiting.shift()
    else this.#waiting = this.#waiting.filter((one) => one.barrier !== barrier)
    this.pump()
  }

  /** Takes the commands to come to another link, as soon as nothing is in flight on this one. */
  moveTo(link: Link): void {
    this.#next = link === this.#link ? undefined : link
    this.pump()
  }

  /** Sends what waits, as far as it can be sent. */
  pump(): void {
    if (this.#next !== undefined && this.#inFlight === 0) {
      const old = this.#link
      this.#link = this.#next
      this.#next = undefined
      // What the server may still have of ours from another connection must not come after what is sent from now on.
      this.#link.clear()
      this.#host.left(old)
    }
    if (this.#next === undefined) this.#sendWaiting()
    this.look()
    if (this.#inFlight === 0 && this.#waiting.length === 0) this.#onIdle?.()
  }

  /** Refuses all that waits. */
  fail(error: ShaleError): void {
    const waiting = this.#waiting
    // A barrier that runs has commands in flight, which tell it themselves.
    this.#waiting = waiting[0]?.barrier?.running === true ? waiting.splice(0, 1) : []
    this.look()
    for (const one of waiting) {
      if (one.barrier === undefined) this.#drop(one, error)
      else one.barrier.abort(error)
    }
    this.pump()
  }

  /** Refuses whatever is sent from now on; what waits still goes. Settles when nothing waits and nothing is in flight. */
  close(): Promise<void> {
    this.#closed = true
    this.look()
    if (this.#inFlight === 0 && this.#waiting.length === 0) return Promise.resolve()
    return new Promise((resolve) => (this.#onIdle = resolve))
  }

  #wait(command: Command): Promise<Reply> {
    const refusal = this.refusal() ?? this.#full()
    if (refusal !== undefined) return refuse(refusal)
    return new Promise((resolve, reject) => {
      const weight = weightOf(command)
      this.#host.backlog += weight
      this.#waiting.push({ command, weight, since: this.#host.clock.now(), resolve, reject })
      this.look()
      this.#host.links.watch(undefined)
    })
  }

  #full(): ShaleError | undefined {
    return this.#host.backlog < longestBacklog ? undefined : fullError(this.#host)
  }

  #sendWaiting(): void {
    const waiting = this.#waiting
    let sent = 0
    // Whatever happens to the link meanwhile finds the line empty, and what is left takes its place again.
    this.#waiting = []
    for (const one of waiting) {
      const { connection } = this.#link
      if (connection === undefined) break
      if (one.barrier !== undefined) {
        this.#arrive(one)
        break
      }
      sent++
      if (this.#late(one)) this.#drop(one, notSentError(this.#host))
      else {
        this.#host.backlog -= one.weight
        this.#dispatch(connection, one.command, one.weight).then(one.resolve, one.reject)
      }
    }
    this.#waiting = [...waiting.slice(sent), ...this.#waiting]
    const [head] = this.#waiting
    if (head === undefined || head.barrier?.running === true || this.#link.connection !== undefined) return
    const refusal = this.#host.links.refusal(this.#link)
    if (refusal !== undefined) queueMicrotask(() => this.fail(refusal))
  }

  #arrive(one: WaitingBarrier): void {
    if (this.#inFlight > 0 || one.arrived) return
    one.arrived = true
    // Its commands may be sent over this lane at once, and must find it standing still.
    queueMicrotask(() => one.barrier.arrive(this.#late(one) ? notSentError(this.#host) : undefined))
  }

  #late({ since }: { readonly since: number }): boolean {
    return this.#host.clock.now() - since >= this.#host.timeout
  }

  #drop(one: WaitingCommand, error: ShaleError): void {
    this.#host.backlog -= one.weight
    one.reject(error)
  }

  #dispatch(connection: Connection, command: Command, weight: number): Promise<Reply> {
    const link = this.#link
    const { links } = this.#host
    this.#inFlight++
    link.load += weight
    if (!links.watchdog.running) links.watch(link)
    if (link.sent++ === link.sampled) link.sampledAt = links.latency.now()
    let reply: Promise<Reply>
    try {
      reply = connection.send(command)
    } catch (error) {
      reply = Promise.reject(error)
    }
    if (weight === 1) return reply.then(this.#onReply, this.#onError)
    return reply.then(
      (value) => this.#settled(weight, value),
      (error) => this.#refused(weight, error),
    )
  }

  // Made once, so that a command costs no closure.
  readonly #onReply = (reply: Reply): Reply => this.#settled(1, reply)
  readonly #onError = (error: unknown): Promise<never> => this.#refused(1, error)

  #settled(weight: number, reply: Reply): Reply {
    const link = this.#link
    link.load -= weight
    if (link.settled++ === link.sampled) this.#host.links.measured(link)
    if (--this.#inFlight === 0 && this.#direct === undefined) this.pump()
    return reply
  }

  #refused(weight: number, error: unknown): Promise<never> {
    const { endpoint } = this.#host
    if (this.#host.isErrorReply(error)) {
      this.#settled(weight, null)
      return Promise.reject(replyError(endpoint, error))
    }
    const link = this.#link
    link.failed++
    link.sampledAt = undefined
    // Before this is settled, upon which the lane may take to another link.
    const reason = link.unanswered(error)
    this.#settled(weight, null)
    return refuse(reason)
  }
}

const fullError = oneErrorFor(
  ({ endpoint }: LaneHost) =>
    new ShaleError('SERVER_UNAVAILABLE', `${endpoint.name}: too much waits for the connection already; nothing was sent.`),
)
const notSentError = oneErrorFor(
  ({ endpoint, timeout }: LaneHost) =>
    new ShaleError('SERVER_TIMEOUT', `${endpoint.name}: no connection within ${timeout} ms; the command was not sent.`),
)
