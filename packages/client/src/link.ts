import {
  ShaleError,
  type Clock,
  type Command,
  type Connection,
  type Driver,
  type Endpoint,
  type Random,
  type Reply,
  type TimerHandle,
} from '@shale/contracts'
import { connecting, connectionError, replyError } from './reply-error.ts'

/** Looks at a server over a connection that is not used yet: `ask` rejects with a `ShaleError`. */
export type Admit = (ask: (command: Command) => Promise<Reply>) => Promise<void>

/** What a link needs to know; all times are milliseconds. */
export interface LinkOptions {
  readonly endpoint: Endpoint
  readonly driver: Driver
  readonly connectTimeout: number
  /** The deadline of a command. */
  readonly timeout: number
  readonly clock: Clock
  readonly random: Random
}

/** What a link tells whoever sends over it. */
export interface LinkEvents {
  /** There is a connection. */
  ready(link: Link): void
  /** An attempt failed or the connection was lost: whatever waits for one is to be told. */
  failed(link: Link, error: ShaleError): void
  /** A connection that had been ready ended by itself. */
  lost(link: Link, error: ShaleError): void
}

type State = 'idle' | 'connecting' | 'ready' | 'backoff' | 'closed'

/** After a loss a fleet of clients comes back spread over this time. */
const spreadMs = 800
/** A timer that fires later than this says that the process was busy. */
const noticeableMs = 25
const firstBackoffMs = 100
const longestBackoffMs = 2000
/** A refusal that will not go away by itself is not asked for more often than this. */
const refusedBackoffMs = 1000

/**
 * One connection to one server, made when it is first needed and made anew when it is lost.
 *
 * `idle` → `connecting` → `ready` → (lost) → `backoff` → `connecting` …; a failed attempt leads to `backoff` too. When a backoff
 * ends and nobody has asked for the connection meanwhile the link falls `idle`, except that a lost connection is always
 * tried again once. Delays: "full jitter" of https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/.
 */
export class Link {
  /** The connection while there is one. */
  connection: Connection | undefined
  /** What is in flight on it, in units of `weightOf`. */
  load = 0
  /** How many replies have come. */
  settled = 0
  readonly #options: LinkOptions
  readonly #events: LinkEvents
  #state: State = 'idle'
  #failure: ShaleError | undefined
  #failures = 0
  #wanted = false
  #settledThen = -1
  #settledThenAt = 0
  #timer: TimerHandle | undefined
  #abort: AbortController | undefined
  /** The connection that was open when the link was told to end. */
  #ending: Connection | undefined
  #attempt: Promise<void> | undefined

  constructor(options: LinkOptions, events: LinkEvents) {
    this.#options = options
    this.#events = events
  }

  get state(): State {
    return this.#state
  }

  /** Asks for a connection; gives the error with which to refuse what wants to wait for it, or `undefined` if it may. */
  want(): ShaleError | undefined {
    this.#wanted = true
    if (this.#state === 'closed') return closedError(this.#options.endpoint)
    if (this.#state === 'backoff') return this.#failure
    if (this.#state === 'idle') this.#connect()
    return undefined
  }

  /** Settles with the attempt that is under way, or with one that this starts; between two it rejects with why the last one failed. */
  async connect(): Promise<void> {
    const refusal = this.want()
    if (refusal !== undefined) throw refusal
    await this.#attempt
  }

  /**
   * Why a connection with much in flight takes no more, if so: no reply came for as long as a command may take. Whoever keeps
   * asking a server that hangs would otherwise fill the memory with what nobody waits for any more.
   */
  stalled(): ShaleError | undefined {
    const { clock, timeout, endpoint } = this.#options
    const now = clock.now()
    if (this.settled !== this.#settledThen) {
      this.#settledThen = this.settled
      this.#settledThenAt = now
      return undefined
    }
    // The distance in either direction: the clock may be put back.
    const silentMs = Math.abs(now - this.#settledThenAt)
    if (silentMs < timeout) return undefined
    return new ShaleError(
      'SERVER_UNAVAILABLE',
      `${endpoint.name}: too much is in flight already, and no reply has come for ${silentMs} ms; nothing was sent.`,
    )
  }

  /** Waits for the replies that are due, then ends. */
  async close(): Promise<void> {
    this.#end()
    await this.#ending?.close().catch(() => {})
  }

  /** Ends the connection, or the attempt to make one, at once. */
  destroy(): void {
    this.#end()
    this.#ending?.destroy()
  }

  /** Lets go of a connection that is not needed now; it is made anew when it is wanted. */
  retire(): void {
    const connection = this.connection
    if (this.#state !== 'ready') return
    this.#state = 'idle'
    this.connection = undefined
    connection?.close().catch(() => connection.destroy())
  }

  #end(): void {
    this.#options.clock.clearTimeout(this.#timer)
    this.#state = 'closed'
    this.#abort?.abort(closedError(this.#options.endpoint))
    this.#ending ??= this.connection
    this.connection = undefined
  }

  #connect(): void {
    this.#state = 'connecting'
    this.#wanted = false
    this.#attempt = this.#tryOnce()
    this.#attempt.catch(() => {})
  }

  async #tryOnce(): Promise<void> {
    const { endpoint, driver, clock, connectTimeout } = this.#options
    const abort = (this.#abort = new AbortController())
    const due = clock.now() + connectTimeout
    let isGraced = false
    const late = (): void => {
      // This process was busy itself when the time was over: the server gets as long again to be heard.
      const behind = clock.now() - due
      if (behind > noticeableMs && !isGraced) {
        isGraced = true
        timer = clock.setTimeout(late, Math.min(behind, connectTimeout))
        return
      }
      const what = `${endpoint.name}: no connection within ${connectTimeout} ms (connectTimeout covers TCP, TLS, login and the server's first reply).`
      const hint =
        endpoint.tls === undefined
          ? ''
          : " A server that does not speak TLS says nothing either: name it by 'redis:' without the option tls."
      abort.abort(new ShaleError('SERVER_UNAVAILABLE', what + hint))
    }
    let timer = clock.setTimeout(late, connectTimeout)
    try {
      await this.#open(abort.signal)
    } catch (error) {
      const cause = abort.signal.aborted ? (abort.signal.reason as ShaleError) : error
      const failure = driver.isErrorReply(cause) ? replyError(endpoint, cause) : connectionError(endpoint, cause, connecting)
      this.#failed(failure)
      throw failure
    } finally {
      clock.clearTimeout(timer)
    }
  }

  /** Opens a connection of the driver. An aborted attempt rejects at once, whatever the driver makes of the signal. */
  #open(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      let connection: Connection | undefined
      let ended = false
      signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true })
      const onEnd = (error: Error): void => {
        ended = true
        reject(error)
        if (connection !== undefined && this.connection === connection) this.#lost(error)
      }
      this.#options.driver.connect(this.#options.endpoint, { onEnd }, signal).then((made) => {
        connection = made
        if (signal.aborted || ended) return made.destroy()
        this.#opened(made)
        resolve()
      }, reject)
    })
  }

  #opened(connection: Connection): void {
    this.#state = 'ready'
    this.#failures = 0
    this.#failure = undefined
    this.connection = connection
    this.#events.ready(this)
  }

  #failed(error: ShaleError): void {
    if (this.#state === 'closed') return this.#events.failed(this, error)
    const ceiling = Math.min(longestBackoffMs, firstBackoffMs * 2 ** this.#failures)
    this.#failures = Math.min(this.#failures + 1, 10)
    const refused = error.code !== 'SERVER_UNAVAILABLE'
    this.#backOff(error, refused ? refusedBackoffMs * (1 + this.#options.random()) : ceiling * this.#options.random())
    this.#events.failed(this, error)
  }

  #lost(error: Error): void {
    this.connection = undefined
    const failure = connectionError(this.#options.endpoint, error, 'the connection ended')
    this.#wanted = true
    this.#backOff(failure, spreadMs * this.#options.random())
    this.#events.failed(this, failure)
    this.#events.lost(this, failure)
  }

  #backOff(error: ShaleError, delayMs: number): void {
    this.#state = 'backoff'
    this.#failure = error
    this.#timer = this.#options.clock.setTimeout(() => {
      if (this.#state !== 'backoff') return
      if (this.#wanted) this.#connect()
      else this.#state = 'idle'
    }, delayMs)
  }
}

export function closedError({ name }: Pick<Endpoint, 'name'>): ShaleError {
  return new ShaleError('CLOSED', `${name}: the store is closed; nothing more can be asked of it.`)
}
