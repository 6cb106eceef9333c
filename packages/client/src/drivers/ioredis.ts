import { ShaleError, type Command, type Connection, type ConnectionEvents, type Driver, type Endpoint, type Reply } from '@shale/contracts'
import { clientNameOf, type DriverOptions } from './driver-options.ts'
import { greet } from './greet.ts'

/** The part of ioredis that is used, of version 5.4 and later. */
interface IoRedis {
  readonly status: string
  readonly stream?: { cork(): void; uncork(): void; destroy(): void; ref(): void; unref(): void }
  connect(): Promise<void>
  disconnect(): void
  sendCommand(command: unknown): Promise<unknown>
  on(event: string, listener: (error: Error) => void): unknown
}

interface IoRedisModule {
  readonly Redis: new (options: Record<string, unknown>) => IoRedis
  readonly Command: new (name: string, args: readonly (string | Uint8Array)[], options: { replyEncoding: null }) => unknown
}

/**
 * Speaks to a server by `ioredis`, which must be installed beside this package. It is loaded at the first connection.
 *
 * @throws ShaleError `CONFIG_INVALID` for an option that is unknown or does not fit.
 */
export function ioredis(options: DriverOptions = {}): Driver {
  const clientName = clientNameOf('ioredis', options)
  const driver: Driver = {
    name: 'ioredis',
    isErrorReply: (error) => error instanceof Error && error.name === 'ReplyError',
    connect: async (endpoint, events, signal) => connect(driver, await load(), clientName, endpoint, events, signal),
  }
  return driver
}

async function load(): Promise<IoRedisModule> {
  try {
    return (await import('ioredis')) as unknown as IoRedisModule
  } catch (error) {
    throw new ShaleError('CONFIG_INVALID', "driver: ioredis() needs the package 'ioredis' 5.4 or later: npm install ioredis.", {
      cause: error,
    })
  }
}

async function connect(
  driver: Driver,
  library: IoRedisModule,
  clientName: string | undefined,
  endpoint: Endpoint,
  events: ConnectionEvents,
  signal: AbortSignal,
): Promise<Connection> {
  signal.throwIfAborted()
  const { host, port, path, tls } = endpoint
  // The database, the user and the password are told by `greet`: the library would print what it thinks of them.
  const client = new library.Redis({
    ...(path === undefined ? { host, port } : { path }),
    ...(tls === undefined ? {} : { tls }),
    // Version 6 would say HELLO before it may.
    protocol: 2,
    lazyConnect: true,
    connectTimeout: 0,
    retryStrategy: () => null,
    maxRetriesPerRequest: null,
    enableReadyCheck: false,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    disableClientInfo: true,
    keepAlive: keepAliveMs,
    // What `destroy` has ended already would be waited for, by a timer that keeps the process.
    disconnectTimeout: 0,
  })
  const connection = new IoRedisConnection(client, library, events)
  let abort: () => void = () => {}
  const aborted = new Promise<never>((_, reject) => {
    abort = () => reject(signal.reason as Error)
    signal.addEventListener('abort', abort, { once: true })
  })
  try {
    const greeted = client.connect().then(() => greet(driver, connection, endpoint, clientName))
    setImmediate(() => connection.begin())
    await Promise.race([greeted, aborted])
    connection.open()
    return connection
  } catch (error) {
    connection.destroy()
    // The library says only that the connection is closed; its event said why.
    throw driver.isErrorReply(error) || signal.aborted ? error : (connection.lastError ?? error)
  } finally {
    signal.removeEventListener('abort', abort)
  }
}

/** The first probe of an idle connection, as node-redis has it. */
const keepAliveMs = 30_000

class IoRedisConnection implements Connection {
  lastError: Error | undefined
  readonly #client: IoRedis
  readonly #library: IoRedisModule
  readonly #events: ConnectionEvents
  #state: 'opening' | 'open' | 'ended' = 'opening'
  #corked = false
  #last: Promise<unknown> | undefined

  constructor(client: IoRedis, library: IoRedisModule, events: ConnectionEvents) {
    this.#client = client
    this.#library = library
    this.#events = events
    // Without a listener the library prints its errors.
    client.on('error', (error) => (this.lastError = error))
    client.on('connect', () => this.begin())
    client.on('end', () => {
      if (this.#state !== 'open') return
      this.#state = 'ended'
      this.#events.onEnd(this.lastError ?? new Error('The connection was closed by the server'))
    })
  }

  /** Does not keep the process alive until it is open; the socket that is being made is known a turn after it was asked for. */
  begin(): void {
    if (this.#state === 'opening') this.#client.stream?.unref()
  }

  open(): void {
    this.#state = 'open'
    this.#client.stream?.ref()
  }

  send(command: Command): Promise<Reply> {
    this.#cork()
    const [name, ...args] = command
    const reply = this.#client.sendCommand(new this.#library.Command(name as string, args.map(asBuffer), { replyEncoding: null }))
    this.#last = reply
    return reply as Promise<Reply>
  }

  async close(): Promise<void> {
    if (this.#state === 'ended') return
    this.#state = 'ended'
    await this.#last?.catch(() => {})
    this.destroy()
  }

  destroy(): void {
    this.#state = 'ended'
    this.#client.disconnect()
    // `disconnect` waits for the server to hang up as well, and a socket that is being made is known only a turn later.
    const end = (): void => this.#client.stream?.destroy()
    end()
    setImmediate(end)
  }

  /** What is written in one turn goes out in one piece. */
  #cork(): void {
    const { stream } = this.#client
    if (this.#corked || stream === undefined) return
    this.#corked = true
    stream.cork()
    setImmediate(() => {
      this.#corked = false
      stream.uncork()
    })
  }
}

function asBuffer(part: string | Uint8Array): string | Uint8Array {
  return typeof part === 'string' || part instanceof Buffer ? part : Buffer.from(part.buffer, part.byteOffset, part.byteLength)
}
