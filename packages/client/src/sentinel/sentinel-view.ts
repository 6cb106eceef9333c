import { ShaleError, type Endpoint, type Reply } from '@shale/contracts'
import { sentinelAddress, sentinelMaster, sentinelReplicas } from '../commands.ts'
import type { Server } from '../server/server.ts'

/** What one sentinel says of the servers that it watches. */
export interface SentinelView {
  /** Counts failovers: of two views the one with the greater epoch is the newer. */
  readonly epoch: number
  /** Whether this sentinel carries out a failover now: then it names the new primary before the others do. */
  readonly isFailingOver: boolean
  /** Where the primary is, and all servers that are not down, the primary first: `host:port`. */
  readonly servers: readonly string[]
}

/**
 * Asks a sentinel for the servers of a master. Source: https://redis.io/docs/latest/operate/oss_and_stack/management/sentinel/.
 *
 * @throws ShaleError `CONFIG_INVALID` if the server is no sentinel or does not know the master; `SERVER_*`.
 */
export async function askSentinel(sentinel: Server, master: string): Promise<SentinelView> {
  try {
    const [address, about, replicas] = await Promise.all(
      [sentinelAddress(master), sentinelMaster(master), sentinelReplicas(master)].map((command) => sentinel.ask(command)),
    )
    if (!Array.isArray(address)) throw unknownMaster(sentinel.endpoint, master)
    return viewOf(address, fieldsOf(about as Reply), (replicas as Reply[]).map(fieldsOf))
  } catch (error) {
    throw explained(ShaleError.from(error, 'SERVER_UNAVAILABLE'), sentinel.endpoint, master)
  }
}

function viewOf(address: Reply[], about: ReadonlyMap<string, string>, replicas: readonly ReadonlyMap<string, string>[]): SentinelView {
  const [host, port] = address.map(text) as [string, string]
  // While a failover is under way `about` is still the former primary.
  const others = [about, ...replicas].filter((server) => !(server.get('flags') ?? '').includes('s_down'))
  return {
    epoch: Number(about.get('config-epoch') ?? 0),
    isFailingOver: (about.get('flags') ?? '').includes('failover_in_progress'),
    servers: [...new Set([place(host, port), ...others.map((server) => place(server.get('ip') ?? '', server.get('port') ?? ''))])],
  }
}

function explained(error: ShaleError, endpoint: Endpoint, master: string): ShaleError {
  const message = error.cause instanceof Error ? error.cause.message : ''
  if (/^ERR No such master/i.test(message)) return unknownMaster(endpoint, master)
  if (!/^ERR unknown command/i.test(message)) return error
  return new ShaleError(
    'CONFIG_INVALID',
    `sentinels: expected ${endpoint.name} to be a sentinel; it is a server of data. Name the port of the sentinel, which is 26379 unless configured.`,
    { cause: error.cause },
  )
}

function unknownMaster({ name }: Endpoint, master: string): ShaleError {
  return new ShaleError(
    'CONFIG_INVALID',
    `sentinels: expected the sentinel ${name} to know the master ${JSON.stringify(master)}; it does not. Name one of those that SENTINEL MASTERS lists there.`,
  )
}

const text = (reply: Reply): string => (reply instanceof Uint8Array ? Buffer.from(reply).toString() : String(reply))
const place = (host: string, port: string): string => (host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`)

/** A reply of names and values in turn. */
function fieldsOf(reply: Reply): ReadonlyMap<string, string> {
  const flat = (Array.isArray(reply) ? reply : []).map(text)
  const fields = new Map<string, string>()
  for (let i = 0; i + 1 < flat.length; i += 2) fields.set(flat[i] as string, flat[i + 1] as string)
  return fields
}
