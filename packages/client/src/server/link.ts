import { ShaleError, type Connection, type TimerHandle } from '@shale/contracts'
import type { Abandoned, ClientIdentity } from './abandoned.ts'
import { closedError } from '../calls/closed-error.ts'
import { ping } from '../commands.ts'
import { Dial, type DialOptions, type Opened } from './dial.ts'
import { connectionError } from './reply-error.ts'
import { Unanswered } from './unanswered.ts'

/** What a link tells whoever decides about it. */
export interface LinkEvents {
  /** There is a connection. */
  ready(link: Link): void
  /** An attempt failed. */
  failed(link: Link, error: ShaleError): void
  /** A connection that had been ready is gone: it ended by itself or was abandoned. */
  lost(link: Link, error: ShaleError): void
  /** The time that it had to wait before the next attempt is over. */
  due(link: Link): void
}

interface Settle {
  resolve(): void
  reject(error: ShaleError): void
}

/** So many attempts of one link may be under way at once: a server that hangs keeps each of them waiting. */
const mostDials = 4

/**
 * One connection to one server, and the attempts to make it. It does as it is told: when to try, and when to try again, is decided
 * by whoever hears its events. Several attempts may be under way; the first that succeeds wins.
 */
export class Link {
  /** The connection while there is one. */
  connection: Connection | undefined
  /** What is in flight on it, in units of `weightOf`. */
  load = 0
  /** How many commands were sent over this link, ever; how many of them are settled, and how many of these without a reply. */
  sent = 0
  settled = 0
  failed = 0
  /** Whether its oldest command has been in flight for longer than a command may take. */
  overdue = false
  /** Which command, counted as `sent` does, its latency is measured of next; and when that was sent. */
  sampled = 0
  sampledAt: number | undefined
  /** Why its last connection was given up, if it was, for what was in flight on it. */
  #abandonedFor: ShaleError | undefined
  readonly #options: DialOptions
  readonly #abandoned: Abandoned
  readonly #events: LinkEvents
  readonly #dials: Dial[] = []
  #closed = false
  #failure: ShaleError | undefined
  #unanswered: Unanswered
  #timer: TimerHandle | undefined
  #client: ClientIdentity | undefined
  #cleared = 0
  /** The connection that was open when the link was told to end. */
  #ending: Connection | undefined
  #waiting: Settle[] = []

  constructor(options: DialOptions, abandoned: Abandoned, events: LinkEvents) {
    this.#options = options
    this.#abandoned = abandoned
    this.#events = events
    this.#unanswered = new Unanswered(options.endpoint)
  }

  get state(): 'idle' | 'connecting' | 'ready' | 'down' | 'closed' {
    if (this.#closed) return 'closed'
    if (this.connection !== undefined) return 'ready'
    if (this.#dials.length > 0) return 'connecting'
    return this.#timer === undefined ? 'idle' : 'down'
  }

  /** Whether an attempt is under way. */
  get isDialling(): boolean {
    return this.#dials.length > 0
  }

  /** Whether it waits before the next attempt. */
  get isWaiting(): boolean {
    return this.#timer !== undefined
  }

  /** Whether someone waits for what comes of an attempt. */
  get isAwaited(): boolean {
    return this.#waiting.length > 0
  }

  /** Asks for a connection; gives the error with which to refuse what wants to wait for it, or `undefined` if it may. */
  want(): ShaleError | undefined {
    const { state } = this
    if (state === 'closed') return closedError(this.#options.endpoint)
    if (state === 'down') return this.#failure
    if (state === 'idle') this.dial()
    return undefined
  }

  /** Settles with an attempt that is under way, or with one that this starts; between two it rejects with why the last one failed. */
  async connect(): Promise<void> {
    const refusal = this.want()
    if (refusal !== undefined) throw refusal
    if (this.connection !== undefined) return
    // An attempt does not keep the process alive, but whoever waits for it does; none takes longer than this.
    const { clock, connectTimeout } = this.#options
    const hold = clock.setTimeout(() => {}, 2 * connectTimeout, true)
    try {
      await new Promise<void>((resolve, reject) => this.#waiting.push({ resolve, reject }))
    } finally {
      clock.clearTimeout(hold)
    }
  }

  /** Makes one more attempt. */
  dial(): void {
    if (this.#closed || this.connection !== undefined) return
    // The oldest has come farthest with a server that is slow; the newest is heard first by one that was cut off.
    if (this.#dials.length === mostDials) this.#drop(1)
    const dial = new Dial(this.#options, this.#abandoned, {
      opened: (opened) => this.#opened(dial, opened),
      failed: (error) => this.#failedDial(dial, error),
      ended: (connection, error) => this.#ended(connection, error),
    })
    this.#dials.push(dial)
  }

  /** Waits before the next attempt. */
  wait(ms: number): void {
    this.rest()
    if (this.#closed) return
    this.#timer = this.#options.clock.setTimeout(() => {
      this.#timer = undefined
      this.#events.due(this)
    }, ms)
  }

  /** Waits no more. */
  rest(): void {
    this.#options.clock.clearTimeout(this.#timer)
    this.#timer = undefined
  }

  /** Ends the attempts that are under way, and makes no more. */
  giveUp(reason: ShaleError): void {
    this.rest()
    this.dropDials(reason)
    this.#settle(reason)
  }

  /** Ends the attempts that are under way, untold. */
  dropDials(reason?: ShaleError): void {
    while (this.#dials.length > 0) this.#drop(0, reason)
  }

  /** Has the server kill what was abandoned, before whatever is sent from now on. */
  clear(): void {
    if (this.connection === undefined || this.#cleared === this.#abandoned.count) return
    const from = this.#cleared
    this.#cleared = this.#abandoned.count
    void this.#abandoned.killOver(this.connection, from, (error) => this.#options.driver.isErrorReply(error))
  }

  /** Asks for a sign of life. */
  ping(): void {
    if (this.connection === undefined) return
    this.sent++
    this.connection.send(ping).then(
      () => this.settled++,
      (error: unknown) => {
        this.settled++
        if (!this.#options.driver.isErrorReply(error)) this.failed++
      },
    )
  }

  /** What a command gets that the driver gave a reason instead of a reply. */
  unanswered(reason: unknown): ShaleError {
    return this.#abandonedFor ?? this.#unanswered.errorOf(reason)
  }

  /** Gives the connection up. */
  abandon(reason: ShaleError): void {
    const { connection } = this
    if (connection === undefined) return
    this.#abandonedFor = reason
    this.#lose(reason)
    connection.destroy()
  }

  /** Waits for the replies that are due, then ends. */
  async close(): Promise<void> {
    this.#end()
    await this.#ending?.close().catch(() => {})
  }

  /** Ends the connection, and the attempts to make one, at once. */
  destroy(): void {
    this.#end()
    this.#ending?.destroy()
  }

  /** Lets go of a connection that is not needed now; it is made anew when it is wanted. */
  retire(): void {
    const { connection } = this
    this.connection = undefined
    connection?.close().catch(() => connection.destroy())
  }

  #end(): void {
    this.#closed = true
    this.giveUp(closedError(this.#options.endpoint))
    this.#ending ??= this.connection
    this.connection = undefined
  }

  #opened(dial: Dial, { connection, client, cleared }: Opened): void {
    this.#dials.splice(this.#dials.indexOf(dial), 1)
    this.dropDials()
    this.rest()
    this.#failure = undefined
    this.#abandonedFor = undefined
    this.#unanswered = new Unanswered(this.#options.endpoint)
    this.overdue = false
    this.sampledAt = undefined
    this.sampled = this.sent
    this.#client = client
    this.#cleared = cleared
    this.connection = connection
    this.#events.ready(this)
    this.#settle(undefined)
  }

  #failedDial(dial: Dial, error: ShaleError): void {
    const at = this.#dials.indexOf(dial)
    if (at < 0) return
    this.#dials.splice(at, 1)
    this.#failure = error
    this.#settle(error)
    this.#events.failed(this, error)
  }

  #ended(connection: Connection, error: Error): void {
    if (this.connection === connection) this.#lose(connectionError(this.#options.endpoint, error, 'the connection ended'))
  }

  #lose(failure: ShaleError): void {
    if (this.sent > this.settled && this.#client !== undefined) this.#abandoned.add(this.#client)
    this.connection = undefined
    this.#failure = failure
    this.#events.lost(this, failure)
  }

  /** Gives up one attempt, untold. */
  #drop(
    at: number,
    reason: ShaleError = new ShaleError('SERVER_UNAVAILABLE', `${this.#options.endpoint.name}: the attempt was given up.`),
  ): void {
    const [dial] = this.#dials.splice(at, 1)
    dial?.abort(reason)
  }

  #settle(error: ShaleError | undefined): void {
    for (const { resolve, reject } of this.#waiting.splice(0)) {
      if (error === undefined) resolve()
      else reject(error)
    }
  }
}
