import { ShaleError, type BreakerState, type Command, type Reply } from '@shale/contracts'
import { Barrier } from './barrier.ts'
import { Growth } from './growth.ts'
import { Lane } from './lane.ts'
import type { LaneHost } from './lane-host.ts'
import type { Link } from './link.ts'
import { Links } from './links.ts'
import { closedError } from '../calls/closed-error.ts'
import { oneErrorFor } from '../calls/one-error.ts'
import { refuse } from '../calls/refuse.ts'
import { within } from '../calls/within.ts'
import type { LinksEvents, LinksOptions } from './links-host.ts'

export type LanesOptions = LinksOptions

/** What lanes tell of their server. */
export interface LanesEvents {
  connected(): void
  disconnected(error: ShaleError): void
  breaker(state: BreakerState): void
}

/** From so much in flight on one connection on, another one helps. */
const growAt = 100
/** From so much in flight on, a connection must show that it still answers. */
const stalledAt = 8192
/** How many operations may wait for several lanes at once. */
const mostBarriers = 1000
/** Beyond the deadline, for replies that come with it. */
const closeGraceMs = 50

/** The ways to one server: as many lanes as there may be connections, which share those that there are. A key has its lane for good. */
export class Lanes {
  readonly #options: LanesOptions
  readonly #links: Links
  readonly #growth: Growth
  readonly #lanes: readonly Lane[]
  readonly #first: Lane
  #barriers = 0
  #closing: Promise<void> | undefined

  constructor(options: LanesOptions, events: LanesEvents) {
    this.#options = options
    this.#links = new Links(options, this.#linksEvents(events))
    this.#growth = new Growth(this.#links, options.connections.min, options.clock)
    const host = this.#createHost()
    const { serving } = this.#links
    this.#lanes = this.#links.all.map((_, i) => new Lane(host, serving[i % serving.length] as Link))
    this.#first = this.#lanes[0] as Lane
  }

  get links(): Links {
    return this.#links
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
    await this.#links.connect()
  }

  /** Refuses what comes, waits for what is under way until its deadline, and lets all connections go. */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    this.#growth.end()
    const { timeout, clock, endpoint } = this.#options
    await within(timeout, Promise.all(this.#lanes.map((lane) => lane.close())), clock)
    await within(closeGraceMs, this.#links.close(), clock)
    this.#links.destroy()
    for (const lane of this.#lanes) lane.fail(closedError(endpoint))
  }

  #createHost(): LaneHost {
    const options = this.#options
    const { endpoint, clock, timeout, driver, connections } = options
    return {
      endpoint,
      clock,
      timeout,
      crowdedAt: connections.max > connections.min ? growAt : stalledAt,
      backlog: 0,
      isErrorReply: (error) => driver.isErrorReply(error),
      links: this.#links,
      crowded: (link) => {
        this.#growth.grow()
        return link.load >= stalledAt && link.overdue ? stalledError(options) : undefined
      },
      left: (link) => {
        if (this.#lanes.every((lane) => lane.link !== link)) this.#growth.leave(link)
      },
    }
  }

  #linksEvents(events: LanesEvents): LinksEvents {
    return {
      changed: () => this.#spread(),
      down: (error) => {
        for (const lane of this.#lanes) lane.fail(error)
      },
      dropLate: () => this.#lanes.reduce((dropped, lane) => dropped + lane.dropLate(), 0),
      isWaiting: () => this.#lanes.some(({ isWaiting }) => isWaiting),
      connected: () => events.connected(),
      disconnected: (error) => events.disconnected(error),
      breaker: (state) => events.breaker(state),
    }
  }

  /** Spreads the lanes over the links that serve, and has them send what they can. */
  #spread(): void {
    const { serving } = this.#links
    this.#lanes.forEach((lane, i) => lane.moveTo(serving[i % serving.length] as Link))
    this.#growth.look()
  }
}

const stalledError = oneErrorFor(({ endpoint, timeout }: LanesOptions) => {
  const what = `${endpoint.name}: too much is in flight already, the oldest of it for more than ${timeout} ms; nothing was sent.`
  return new ShaleError('SERVER_UNAVAILABLE', what)
})

/** FNV-1a over the UTF-16 code units, 32 bits: http://www.isthe.com/chongo/tech/comp/fnv/ */
function hash(key: string): number {
  let h = 0x811c9dc5
  for (let i = 0; i < key.length; i++) h = Math.imul(h ^ key.charCodeAt(i), 0x01000193)
  return h >>> 0
}
