import { ShaleError, type Clock, type Command, type Connection, type Driver, type Endpoint, type Reply } from '@shale/contracts'
import { identityOf, type Abandoned, type ClientIdentity } from './abandoned.ts'
import { clientInfo } from '../commands.ts'
import { connecting, connectionError, replyError } from './reply-error.ts'

/** Looks at a server over a connection that is not used yet: `ask` rejects with a `ShaleError`. */
export type Admit = (ask: (command: Command) => Promise<Reply>) => Promise<void>

/** What one attempt to connect needs to know; all times are milliseconds. */
export interface DialOptions {
  readonly endpoint: Endpoint
  readonly driver: Driver
  readonly connectTimeout: number
  readonly clock: Clock
  readonly admit?: Admit | undefined
}

/** A connection that is ready for commands. */
export interface Opened {
  readonly connection: Connection
  readonly client: ClientIdentity | undefined
  /** How many abandoned connections there were when it had the server kill them. */
  readonly cleared: number
}

/** What a dial tells: either of the first two once, and `ended` only after `opened`. */
export interface DialEvents {
  opened(opened: Opened): void
  failed(error: ShaleError): void
  ended(connection: Connection, error: Error): void
}

/** A timer that fires later than this says that the process was busy. */
const noticeableMs = 25

/** One attempt to connect to a server: within `connectTimeout` there is a connection that is ready for commands, or none. */
export class Dial {
  readonly #options: DialOptions
  readonly #abandoned: Abandoned
  readonly #events: DialEvents
  readonly #abort = new AbortController()
  #connection: Connection | undefined

  constructor(options: DialOptions, abandoned: Abandoned, events: DialEvents) {
    this.#options = options
    this.#abandoned = abandoned
    this.#events = events
    void this.#tryOnce()
  }

  /** Gives up: it has failed for this reason, whatever the driver makes of it. */
  abort(reason: ShaleError): void {
    this.#abort.abort(reason)
  }

  async #tryOnce(): Promise<void> {
    const { endpoint, driver, clock, connectTimeout } = this.#options
    const { signal } = this.#abort
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
      this.abort(this.#late())
    }
    let timer = clock.setTimeout(late, connectTimeout)
    try {
      await this.#open(signal)
    } catch (error) {
      this.#connection?.destroy()
      const cause = signal.aborted ? (signal.reason as ShaleError) : error
      this.#events.failed(driver.isErrorReply(cause) ? replyError(endpoint, cause) : connectionError(endpoint, cause, connecting))
    } finally {
      clock.clearTimeout(timer)
    }
  }

  #open(signal: AbortSignal): Promise<void> {
    const { driver, endpoint } = this.#options
    return new Promise((resolve, reject) => {
      let state: 'opening' | 'open' | 'over' = 'opening'
      const isOver = (): boolean => state === 'over'
      const fail = (error: unknown): void => {
        state = 'over'
        reject(error as Error)
      }
      const onEnd = (error: Error): void => {
        const wasOpen = state === 'open'
        fail(error)
        if (wasOpen) this.#events.ended(this.#connection as Connection, error)
      }
      signal.addEventListener('abort', () => fail(signal.reason), { once: true })
      const use = async (connection: Connection): Promise<void> => {
        if (isOver()) return connection.destroy()
        this.#connection = connection
        const opened = await this.#introduce(connection)
        if (isOver()) return
        state = 'open'
        // In the same turn, so that no end of it goes unheard.
        this.#events.opened(opened)
        resolve()
      }
      driver.connect(endpoint, { onEnd }, signal).then(use).catch(fail)
    })
  }

  /** Learns who we are to the server, has it kill those who were before us, and has it looked at: all in one turn. */
  async #introduce(connection: Connection): Promise<Opened> {
    const { driver, endpoint, admit } = this.#options
    const isErrorReply = (error: unknown): boolean => driver.isErrorReply(error)
    const info = connection.send(clientInfo).then(identityOf, (error: unknown) => {
      if (isErrorReply(error)) return undefined
      throw error
    })
    const cleared = this.#abandoned.count
    const kills = this.#abandoned.killOver(connection, 0, isErrorReply)
    const ask = (command: Command): Promise<Reply> =>
      connection.send(command).catch((error: unknown) => {
        throw isErrorReply(error) ? replyError(endpoint, error) : connectionError(endpoint, error, connecting)
      })
    const [client] = await Promise.all([info, admit?.(ask), ...kills])
    return { connection, client, cleared }
  }

  #late(): ShaleError {
    const { endpoint, connectTimeout } = this.#options
    const what = `${endpoint.name}: no connection within ${connectTimeout} ms (connectTimeout covers TCP, TLS, login and the server's first reply).`
    const hint =
      endpoint.tls === undefined ? '' : " A server that does not speak TLS says nothing either: name it by 'redis:' without the option tls."
    return new ShaleError('SERVER_UNAVAILABLE', what + hint)
  }
}
