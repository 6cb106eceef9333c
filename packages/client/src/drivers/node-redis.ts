import { ErrorReply, RedisClient, RESP_TYPES, type createClient } from '@redis/client'
import type { Command, Connection, ConnectionEvents, Driver, Endpoint, Reply } from '@shale/contracts'
import { clientNameOf, type DriverOptions } from './driver-options.ts'
import { greet } from './greet.ts'

/**
 * Speaks to a server by `@redis/client`, node-redis without its module add-ons.
 *
 * @throws ShaleError `CONFIG_INVALID` for an option that is unknown or does not fit.
 */
export function nodeRedis(options: DriverOptions = {}): Driver {
  const clientName = clientNameOf('nodeRedis', options)
  const driver: Driver = {
    name: 'node-redis',
    isErrorReply: (error) => error instanceof ErrorReply,
    connect: (endpoint, events, signal) => connect(driver, clientName, endpoint, events, signal),
  }
  return driver
}

type Client = ReturnType<typeof createRawClient>

// `createClient` builds a class with all commands whenever it is asked for another server than the last time, which holds up
// the process for some 20 ms: a look at a server that is down would be felt at all others.
let makeClient: typeof createClient | undefined

/** The longest time that a socket's timer takes: the library has no way to say that it shall set none. */
const never = 2 ** 31 - 1

function createRawClient({ host, port, path, tls }: Endpoint, signal: AbortSignal) {
  // `signal` reaches the socket, which the library cannot end before it is connected. The database, the user and the
  // password are told by `greet`.
  const common = { connectTimeout: never, reconnectStrategy: false as const, signal }
  const place = path === undefined ? { host: host as string, port: port as number } : { path }
  const socket = tls === undefined ? { ...place, ...common } : { ...place, ...common, ...tls, tls: true as const }
  makeClient ??= RedisClient.factory({ RESP: 2 }) as unknown as typeof createClient
  return makeClient({
    RESP: 2,
    socket: socket as NonNullable<Parameters<typeof createClient>[0]>['socket'] & {},
    disableOfflineQueue: false,
    disableClientInfo: true,
    maintNotifications: 'disabled',
    commandOptions: { timeout: undefined as never, typeMapping: { [RESP_TYPES.BLOB_STRING]: Buffer } },
  })
}

async function connect(
  driver: Driver,
  clientName: string | undefined,
  endpoint: Endpoint,
  events: ConnectionEvents,
  signal: AbortSignal,
): Promise<Connection> {
  signal.throwIfAborted()
  const socketEnds = new AbortController()
  const client = createRawClient(endpoint, socketEnds.signal)
  const connection = new NodeRedisConnection(client, events, socketEnds)
  let abort: () => void = () => {}
  // The library settles nothing when it is destroyed while it connects, so that this must end the wait itself.
  const aborted = new Promise<never>((_, reject) => {
    abort = () => reject(signal.reason as Error)
    signal.addEventListener('abort', abort, { once: true })
  })
  try {
    await Promise.race([client.connect().then(() => greet(driver, connection, endpoint, clientName)), connection.failed, aborted])
    connection.open()
    return connection
  } catch (error) {
    connection.destroy()
    throw error
  } finally {
    signal.removeEventListener('abort', abort)
  }
}

class NodeRedisConnection implements Connection {
  /** Rejects when the connection fails before it is open. */
  readonly failed: Promise<never>
  readonly #client: Client
  readonly #events: ConnectionEvents
  readonly #socketEnds: AbortController
  #state: 'opening' | 'open' | 'ended' = 'opening'

  constructor(client: Client, events: ConnectionEvents, socketEnds: AbortController) {
    this.#client = client
    this.#events = events
    this.#socketEnds = socketEnds
    let fail: (error: Error) => void
    this.failed = new Promise((_, reject) => (fail = reject))
    this.failed.catch(() => {})
    client.unref()
    // Without a listener an error would end the process. An unreadable reply leaves the library believing that all is well.
    client.on('error', (error: Error) => {
      if (this.#state === 'opening') fail(error)
      else if (this.#state === 'open') this.#lost(error)
    })
  }

  open(): void {
    this.#state = 'open'
    this.#client.ref()
  }

  send(command: Command): Promise<Reply> {
    return this.#client.sendCommand(asBuffers(command)) as Promise<unknown> as Promise<Reply>
  }

  async close(): Promise<void> {
    if (this.#state === 'ended') return
    this.#state = 'ended'
    await this.#client.close()
    this.#socketEnds.abort()
  }

  destroy(): void {
    this.#state = 'ended'
    try {
      this.#client.destroy()
    } catch {
      // It refuses while it closes, which a server that hangs makes last for ever; the socket does not.
    }
    this.#socketEnds.abort()
  }

  #lost(error: Error): void {
    this.#state = 'ended'
    // The library rejects what waits with the error itself once its listeners have heard it.
    queueMicrotask(() => this.destroy())
    this.#events.onEnd(error)
  }
}

function asBuffers(command: Command): (string | Buffer)[] {
  for (let i = 0; i < command.length; i++) {
    const part = command[i]
    if (typeof part !== 'string' && !(part instanceof Buffer)) return command.map(asBuffer)
  }
  return command as (string | Buffer)[]
}

function asBuffer(part: string | Uint8Array): string | Buffer {
  return typeof part === 'string' || part instanceof Buffer ? part : Buffer.from(part.buffer, part.byteOffset, part.byteLength)
}
