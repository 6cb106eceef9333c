import { ShaleError, type BreakerState, type ServerStatus } from '@shale/contracts'
import { Abandoned } from './abandoned.ts'
import { Breaker } from './breaker.ts'
import { Latency } from './latency.ts'
import { Link } from './link.ts'
import type { LinksEvents, LinksOptions } from './links-host.ts'
import { Probes } from './probes.ts'
import { Watchdog } from './watchdog.ts'

/** The further connections of a server that is back follow spread over this time. */
const spreadMs = 800
/** Without an attempt for so long, a process that has nothing else to do ends. */
const restMs = 3
/** One command in so many has its latency measured. */
const sampleEvery = 16

/**
 * The connections to one server, and when to try to make them.
 *
 * While one is ready the others come back on their own. When none is, and an attempt failed, one link alone goes on trying, for
 * all: once it is back the others follow, spread.
 *
 * Where there are connections, and all are silent, a spare link tries beside them. If one of them gives a sign of life first, all is as
 * before; otherwise they are given up, and the spare one takes the place of the first.
 */
export class Links {
  readonly all: Link[]
  readonly latency: Latency
  readonly watchdog: Watchdog<Link>
  /** Those that are to be sent over: the ones that are ready or, where none is, those that are kept. */
  serving: readonly Link[]
  /** How often a connection was made anew. */
  reconnects = 0
  /** How often a connection was lost that had been ready. */
  losses = 0
  readonly #options: LinksOptions
  readonly #events: LinksEvents
  readonly #breaker: Breaker
  readonly #probes: Probes
  readonly #abandoned = new Abandoned()
  #spare: Link
  /** How many replies each had given when the spare link began to try. */
  #repliesBefore: readonly number[] = []
  readonly #wereReady = new Set<Link>()
  /** Whether the attempts under way end before the next one. */
  #isResting = false
  #isClosed = false

  constructor(options: LinksOptions, events: LinksEvents) {
    this.#options = options
    this.#events = events
    const { connections, clock, timeout } = options
    this.latency = new Latency(clock)
    this.#breaker = new Breaker(options.breaker, (state) => events.breaker(state))
    this.#probes = new Probes(this.#breaker.probeMs, clock, options.random)
    const create = (): Link => new Link(options, this.#abandoned, this.#linkEvents)
    this.all = Array.from({ length: connections.max }, create)
    this.#spare = create()
    this.serving = this.#kept
    this.watchdog = new Watchdog(timeout, clock, this.#withSpare, this.#watchdogEvents)
  }

  get #kept(): readonly Link[] {
    return this.all.slice(0, this.#options.connections.min)
  }

  get #withSpare(): readonly Link[] {
    return [...this.all, this.#spare]
  }

  /** Whether calls are refused whatever connection there is. */
  get isOpen(): boolean {
    return this.#breaker.reason !== undefined
  }

  /** Whether calls are let through. To ask for it is to be interested in the server, which is probed as long as someone is. */
  get available(): boolean {
    if (!this.isOpen) return true
    this.#probes.ask()
    return false
  }

  get state(): ServerStatus['state'] {
    const states = this.#withSpare.map(({ state }) => state)
    if (this.#isClosed) return 'closed'
    if (states.includes('ready')) return 'ready'
    if (this.isOpen) return 'down'
    return states.includes('connecting') ? 'connecting' : states.includes('down') ? 'down' : 'idle'
  }

  get breaker(): BreakerState {
    const { state } = this.#breaker
    return state === 'open' && this.#withSpare.some(({ isDialling }) => isDialling) ? 'half-open' : state
  }

  /** Why nothing may wait for this link now, if so. */
  refusal(link: Link): ShaleError | undefined {
    const { reason } = this.#breaker
    this.#probes.ask()
    if (reason !== undefined || link.connection !== undefined) return reason
    // The one that tries for all takes what waits for any of them; one whose place was taken has its lanes move as soon as they can.
    const taken = link === this.#spare ? this.serving[0] : undefined
    return (this.#probes.by ?? taken ?? link).want()
  }

  /** Opens the connections that are kept; rejects with the first error. */
  async connect(): Promise<void> {
    const { reason } = this.#breaker
    if (reason === undefined) {
      const { by } = this.#probes
      await Promise.all((by === undefined ? this.#kept : [by]).map((link) => link.connect()))
      return
    }
    this.#probes.ask()
    const { by } = this.#probes
    if (by?.state !== 'connecting') throw reason
    await by.connect().catch((error: unknown) => {
      // One that was silent may have answered first.
      if (this.isOpen || !this.#isAnyReady()) throw error
    })
  }

  /** Makes the first attempt after a loss now, if there is no connection; one that has failed since waits for its time. */
  hurry(): void {
    const link = this.all.find(({ isWaiting }) => isWaiting)
    if (link === undefined || this.isOpen || this.#isAnyReady() || this.#isClosed) return
    link.rest()
    link.dial()
  }

  /** A command is about to be sent over a link after a time in which nothing was; without a link something waits for one. */
  watch(link: Link | undefined): void {
    this.watchdog.start(link === undefined)
    if (link !== undefined && link.sampledAt === undefined) link.sampled = link.sent
  }

  /** The command whose latency is measured is settled. */
  measured(link: Link): void {
    if (link.sampledAt !== undefined) this.latency.add(this.latency.now() - link.sampledAt)
    link.sampledAt = undefined
    link.sampled = link.sent + sampleEvery - 1
  }

  /** Takes a link out of those that serve, or in. */
  serve(links: readonly Link[]): void {
    this.serving = this.all.filter((link) => links.includes(link))
    this.#events.changed()
  }

  async close(): Promise<void> {
    this.#isClosed = true
    await Promise.all(this.#withSpare.map((link) => link.close()))
  }

  destroy(): void {
    this.#isClosed = true
    this.watchdog.stop()
    for (const link of this.#withSpare) link.destroy()
  }

  readonly #linkEvents = {
    ready: (link: Link): void => {
      // What the first of them says is heard of at the next look only.
      if (link === this.#spare) return this.#isAnyReady() && this.#hasReplied() ? this.#alive() : this.#replaceBySpare()
      this.#endSpare()
      this.#probes.by = undefined
      if (this.#wereReady.has(link)) this.reconnects++
      this.#wereReady.add(link)
      this.#breaker.close()
      this.#followUp()
      this.serve([...this.serving.filter(({ state }) => state === 'ready'), link])
      this.#events.connected()
    },
    failed: (link: Link, error: ShaleError): void => {
      const isRefused = error.code !== 'SERVER_UNAVAILABLE'
      if (this.#isAnyReady()) {
        // The next time of the one that tries for all is set already.
        if (link !== this.#probes.by || isRefused) link.wait(this.#probes.pause(isRefused))
        return
      }
      this.#breaker.open(error)
      this.#probeBy(link)
      if (isRefused) this.#probes.by?.wait(this.#probes.pause(true))
      this.#events.down(error)
      this.#events.changed()
    },
    lost: (link: Link, error: ShaleError): void => {
      this.losses++
      if (this.#isClosed) return this.#events.down(error)
      // Without a breaker some link may try for all already, though calls are let through.
      if (this.#isAnyReady() || (!this.isOpen && this.#probes.by === undefined)) link.wait(this.#probes.phase())
      else this.#probeBy(link, this.#probes.phase())
      const others = this.serving.filter((one) => one !== link && one.state === 'ready')
      if (others.length === 0) {
        if (this.#breaker.count(1, () => error)) this.#probeBy(link)
        this.#events.down(error)
      }
      this.serve(others.length === 0 ? this.#kept : others)
      this.#events.disconnected(error)
    },
    due: (link: Link): void => {
      if (link !== this.#probes.by) {
        if (this.#kept.includes(link) || !this.#isAnyReady()) link.dial()
        return
      }
      if (this.#probes.isForgotten()) {
        const reason = this.#breaker.reason ?? this.#silent()
        this.#probes.by = undefined
        this.#breaker.lapse()
        for (const one of this.#withSpare) one.giveUp(reason)
        return this.#events.changed()
      }
      if (this.#isResting) {
        this.#isResting = false
        if (!this.#events.isWaiting() && !link.isAwaited) link.dropDials()
        return link.wait(restMs)
      }
      this.#isResting = this.#probes.isTimeToRest(this.#options.connectTimeout)
      link.wait(this.#probes.pause(false) - (this.#isResting ? restMs : 0))
      link.dial()
    },
  }

  readonly #watchdogEvents = {
    heard: (): void => {
      if (!this.#isAnyReady()) return
      this.#alive()
    },
    late: (commands: number): void => this.#unanswered(commands),
    quiet: (): void => {
      for (const link of this.all) if (link.sent === link.settled) link.ping()
    },
    hung: (link: Link): void => {
      this.#giveUp(link)
      if (!this.#isAnyReady() && !this.isOpen) this.#unanswered(Infinity, link)
    },
    waiting: (): boolean => {
      const dropped = this.#events.dropLate()
      // Together with the attempt that they waited for.
      if (dropped > 0 && !this.#isAnyReady()) this.#unanswered(dropped + 1)
      return this.#events.isWaiting()
    },
  }

  #unanswered(commands: number, link?: Link): void {
    const hasOpened = this.#breaker.count(commands, () => this.#silent())
    if (this.#breaker.isSilent && this.#probes.by === undefined) {
      if (this.#isAnyReady()) {
        this.#repliesBefore = this.all.map(repliesOf)
        this.#probeBy(this.#spare, this.#probes.phase())
      } else this.#probeBy(link ?? this.all.find(({ isDialling }) => isDialling) ?? (this.all[0] as Link))
    }
    if (!hasOpened) return
    this.#events.down(this.#breaker.reason as ShaleError)
    this.#events.changed()
  }

  /** There was a sign of life on a connection that there is. */
  #alive(): void {
    const wasOpen = this.isOpen
    this.#breaker.close()
    if (this.#endSpare()) this.#followUp()
    if (wasOpen) this.#events.changed()
  }

  #hasReplied(): boolean {
    return this.all.some((link, i) => repliesOf(link) !== this.#repliesBefore[i])
  }

  /** Ends what the spare link does; those that were to try had left it to that one. */
  #endSpare(): boolean {
    if (this.#probes.by !== this.#spare) return false
    this.#probes.by = undefined
    this.#spare.giveUp(this.#silent())
    this.#spare.retire()
    return true
  }

  /** The spare link has a connection while those that there were are silent, or gone meanwhile: it takes the place of one of them. */
  #replaceBySpare(): void {
    const link = this.#spare
    this.#probes.by = undefined
    const silent = this.all.filter(({ connection }) => connection !== undefined)
    const at = silent[0] === undefined ? 0 : this.all.indexOf(silent[0])
    const old = this.all[at] as Link
    this.all[at] = link
    this.#spare = old
    this.reconnects++
    this.#wereReady.delete(old)
    this.#wereReady.add(link)
    this.#breaker.close()
    this.serving = [link]
    for (const one of silent) this.#giveUp(one)
    old.giveUp(this.#silent())
    this.#followUp()
    this.serve([link])
    this.#events.connected()
  }

  #giveUp(link: Link): void {
    const { endpoint, timeout } = this.#options
    const what = `${endpoint.name}: no reply for more than ${timeout} ms; the connection was given up, and whether the command was run is not known.`
    link.abandon(new ShaleError('SERVER_TIMEOUT', what))
  }

  /** Has one link try for all, if none does. */
  #probeBy(link: Link, ms: number = this.#probes.pause(false)): void {
    this.#probes.begin(link, this.all, ms)
  }

  /** One link is ready: the others that are kept follow. */
  #followUp(): void {
    const idle = this.#kept.filter(({ state }) => state === 'idle')
    idle.forEach((link, i) => {
      if (this.#wereReady.has(link)) link.wait((spreadMs * (i + this.#options.random())) / idle.length)
      else link.dial()
    })
  }

  #isAnyReady(): boolean {
    return this.all.some(({ connection }) => connection !== undefined)
  }

  #silent(): ShaleError {
    const { endpoint, timeout } = this.#options
    const what = `${endpoint.name}: no reply for more than ${timeout} ms; nothing more is sent until it answers again (the option breaker).`
    return new ShaleError('SERVER_UNAVAILABLE', what)
  }
}

function repliesOf({ settled, failed }: Link): number {
  return settled - failed
}
