import {
  ShaleError,
  type Clock,
  type Command,
  type Driver,
  type Endpoint,
  type Random,
  type Reply,
  type TimerHandle,
} from '@shale/contracts'
import { Barrier } from './barrier.ts'
import type { BreakerOptions } from './breaker.ts'
import { Lane, refuse, type LaneHost } from './lane.ts'
import { closedError, Link, type Admit } from './link.ts'

export interface LanesOptions {
  readonly endpoint: Endpoint
  readonly driver: Driver
  /** How many connections are kept, and how many there may be under load. */
  readonly connections: { readonly min: number; readonly max: number }
  /** Milliseconds. */
  readonly connectTimeout: number
  /** Milliseconds after which a command has been reported as timed out. */
  readonly timeout: number
  readonly clock: Clock
  readonly random: Random
  /** `false` refuses nothing while there is a connection. */
  readonly breaker?: BreakerOptions | false | undefined
  /** Looks at the server over each fresh connection before that serves; a rejection fails the attempt and is told to callers. */
  readonly admit?: Admit | undefined
}

/** What lanes tell of their server. */
export interface LanesEvents {
  connected(): void
  disconnected(error: ShaleError): void
}

/** From so much in flight on one connection on, another one helps. */
const growAt = 100
/** From so much in flight on, a connection must show that it still answers. */
const stalledAt = 8192
/** A further connection that nobody needed for this long is closed. */
const idleMs = 10_000
/** How many operations may wait for several lanes at once. */
const mostBarriers = 1000
/** Beyond the deadline, for replies that come with it. */
const closeGraceMs = 50

/** The ways to one server: as many lanes as there may be connections, which share those that there are. A key has its lane for good. */
export class Lanes {
  readonly #options: LanesOptions
  readonly #events: LanesEvents
  readonly #links: readonly Link[]
  readonly #lanes: readonly Lane[]
  readonly #first: Lane
  /** The links that lanes are spread over. */
  #serving: Link[]
  #asked = false
  #timer: TimerHandle | undefined
  #barriers = 0
  #closing: Promise<void> | undefined

  constructor(options: LanesOptions, events: LanesEvents) {
    this.#options = options
    this.#events = events
    const { min, max } = options.connections
    this.#links = Array.from({ length: max }, () => new Link(options, this.#linkEvents))
    this.#serving = this.#links.slice(0, min)
    const host = this.#host()
    this.#lanes = this.#links.map((_, i) => new Lane(host, this.#serving[i % min] as Link))
    this.#first = this.#lanes[0] as Lane
  }

  /** All lanes, for what concerns every key. */
  get all(): readonly Lane[] {
    return this.#lanes
  }

  /** The lane of a key. */
  of(key: string): Lane {
    return this.#lanes.length === 1 ? this.#first : (this.#lanes[hash(key) % this.#lanes.length] as Lane)
  }

  /** Sends commands that concern the keys of all the lanes that are named; neither overtaking nor overtaken. */
  together(lanes: readonly Lane[], commands: readonly Command[]): readonly Promise<Reply>[] {
    if (lanes.length === 1) return commands.map((command) => (lanes[0] as Lane).send(command))
    for (const lane of lanes) {
      const refusal = lane.refusal()
      if (refusal !== undefined) return commands.map(() => refuse(refusal))
    }
    const { clock, timeout, endpoint } = this.#options
    if (this.#barriers >= mostBarriers) {
      const full = `${endpoint.name}: ${mostBarriers} operations over several connections wait already; nothing was sent.`
      return commands.map(() => refuse(new ShaleError('SERVER_UNAVAILABLE', full)))
    }
    const barrier = new Barrier(lanes, commands)
    // A lane that hangs must not keep the others standing still.
    const late = `${endpoint.name}: not all connections were free within ${timeout} ms; nothing was sent.`
    const timer = clock.setTimeout(() => barrier.abort(new ShaleError('SERVER_TIMEOUT', late)), timeout)
    this.#barriers++
    void Promise.allSettled(barrier.replies).then(() => {
      clock.clearTimeout(timer)
      this.#barriers--
    })
    for (const lane of lanes) lane.enter(barrier)
    return barrier.replies
  }

  /** Opens the connections that are kept; rejects with the first error. */
  async connect(): Promise<void> {
    if (this.#closing !== undefined) throw closedError(this.#options.endpoint)
    await Promise.all(this.#links.slice(0, this.#options.connections.min).map((link) => link.connect()))
  }

  /** Refuses what comes, waits for what is under way until its deadline, and lets all connections go. */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    this.#options.clock.clearTimeout(this.#timer)
    await this.#within(this.#options.timeout, Promise.all(this.#lanes.map((lane) => lane.close())))
    await this.#within(closeGraceMs, Promise.all(this.#links.map((link) => link.close())))
    for (const link of this.#links) link.destroy()
  }

  async #within(ms: number, work: Promise<unknown>): Promise<void> {
    const { clock } = this.#options
    let timer: TimerHandle
    const over = new Promise<void>((resolve) => (timer = clock.setTimeout(resolve, ms)))
    await Promise.race([work, over])
    clock.clearTimeout(timer)
  }

  #host(): LaneHost {
    const { endpoint, clock, timeout, driver, connections } = this.#options
    return {
      endpoint,
      clock,
      timeout,
      crowdedAt: connections.max > connections.min ? growAt : stalledAt,
      backlog: 0,
      isErrorReply: (error) => driver.isErrorReply(error),
      crowded: (link) => {
        this.#grow()
        return link.load < stalledAt ? undefined : link.stalled()
      },
      left: (link) => {
        if (!this.#serving.includes(link) && this.#lanes.every((lane) => lane.link !== link)) link.retire()
      },
    }
  }

  readonly #linkEvents = {
    ready: (link: Link): void => {
      if (!this.#serving.includes(link)) {
        this.#serving.push(link)
        this.#spread()
        this.#lookForIdle()
      }
      for (const lane of this.#lanes) if (lane.link === link) lane.pump()
      this.#events.connected()
    },
    failed: (link: Link, error: ShaleError): void => {
      for (const lane of this.#lanes) if (lane.link === link) lane.fail(error)
    },
    lost: (link: Link, error: ShaleError): void => {
      if (this.#links.indexOf(link) >= this.#options.connections.min) {
        this.#serving = this.#serving.filter((one) => one !== link)
        this.#spread()
      }
      this.#events.disconnected(error)
    },
  }

  #spread(): void {
    this.#lanes.forEach((lane, i) => lane.moveTo(this.#serving[i % this.#serving.length] as Link))
  }

  #grow(): void {
    if (this.#closing !== undefined) return
    this.#asked = true
    this.#lookForIdle()
    if (this.#serving.length === this.#links.length) return
    this.#links.find((link) => !this.#serving.includes(link))?.want()
  }

  #lookForIdle(): void {
    if (this.#closing === undefined) this.#timer ??= this.#options.clock.setTimeout(() => this.#shrink(), idleMs)
  }

  #shrink(): void {
    this.#timer = undefined
    if (!this.#asked && this.#serving.length > this.#options.connections.min) {
      this.#serving.pop()
      this.#spread()
    }
    this.#asked = false
    if (this.#serving.length > this.#options.connections.min) this.#lookForIdle()
  }
}

/** FNV-1a over the UTF-16 code units, 32 bits: http://www.isthe.com/chongo/tech/comp/fnv/ */
function hash(key: string): number {
  let h = 0x811c9dc5
  for (let i = 0; i < key.length; i++) h = Math.imul(h ^ key.charCodeAt(i), 0x01000193)
  return h >>> 0
}
