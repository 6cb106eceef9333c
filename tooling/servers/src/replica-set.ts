import { startProxy, type FaultProxy } from './fault-proxy.ts'
import { replicaLogin } from './logins.ts'
import { startRedis, type RedisServer, type StartRedisOptions } from './redis-server.ts'
import { until } from './until.ts'

/** `password`, `acl`, `tls` and `args` are for each of the servers. The further user of `acl`, where there is one, replicates. */
export interface StartReplicaSetOptions extends Pick<StartRedisOptions, 'password' | 'acl' | 'tls' | 'args'> {
  /** How many replicas; 2 unless stated. */
  readonly replicas?: number
  /** Puts a proxy between each replica and the primary that it has at first: see `links`. */
  readonly proxied?: boolean
}

/** A primary and its replicas, each a process of its own. */
export interface RedisReplicaSet extends AsyncDisposable {
  /** All the servers, in the order they were started: the first was the primary at first. */
  readonly servers: readonly RedisServer[]
  /** The primary, as `promote` and `demote` left it. */
  readonly primary: RedisServer
  /** All but the primary, in the order they were started. */
  readonly replicas: readonly RedisServer[]
  /** With `proxied`: what the replication of `servers[i + 1]` goes through, for a lag or a cut. It leads to `servers[0]` for good. */
  readonly links: readonly FaultProxy[]
  /**
   * Makes a replica the primary (REPLICAOF NO ONE), then all others its replicas, as an operator does.
   *
   * @param replica its place in `replicas`.
   */
  promote(replica: number): Promise<void>
  /** Makes the primary a replica of one of the replicas, and only then that one the primary: for a moment there is none. */
  demote(replica: number): Promise<void>
  /** Waits until each replica that runs follows the primary and has what it has. */
  settled(): Promise<void>
  stop(): Promise<void>
}

/** Arguments with which replicas are there at once. */
const promptReplication: readonly string[] = ['--repl-ping-replica-period', '1', '--repl-backlog-size', '16mb']

/** Makes a server the replica of what listens at `host` and `port`. */
async function replicate(replica: RedisServer, { host, port }: { readonly host: string; readonly port: number }): Promise<void> {
  await replica.command('REPLICAOF', host, port)
}

/** Starts a primary with replicas, and waits until these are in sync. */
export async function startReplicaSet(options: StartReplicaSetOptions = {}): Promise<RedisReplicaSet> {
  const { replicas: count = 2, proxied = false, args = [] } = options
  const all: StartRedisOptions = { ...options, args: [...promptReplication, ...replicaLogin(options), ...args] }
  const servers = await Promise.all(Array.from({ length: count + 1 }, () => startRedis(all)))
  let primary = servers[0] as RedisServer
  const first = { host: primary.host, port: primary.port }
  const links = proxied ? await Promise.all(servers.slice(1).map(() => startProxy(first))) : []
  const others = (): RedisServer[] => servers.filter((server) => server !== primary)
  const follow = async (): Promise<void> => {
    await Promise.all(others().map((server) => replicate(server, primary).catch(() => {})))
  }
  const set: RedisReplicaSet = {
    servers,
    get primary() {
      return primary
    },
    get replicas() {
      return others()
    },
    links,
    async promote(replica) {
      const promoted = others()[replica] as RedisServer
      await promoted.command('REPLICAOF', 'NO', 'ONE')
      primary = promoted
      await follow()
    },
    async demote(replica) {
      const [demoted, promoted] = [primary, others()[replica] as RedisServer]
      await replicate(demoted, promoted)
      await promoted.command('REPLICAOF', 'NO', 'ONE')
      primary = promoted
      await follow()
    },
    settled: () => inSync(primary, others),
    async stop() {
      await Promise.all([...servers, ...links].map((one) => one.stop()))
    },
    [Symbol.asyncDispose]: () => set.stop(),
  }
  try {
    await Promise.all(servers.slice(1).map((server, i) => replicate(server, links[i] ?? first)))
    await set.settled()
    return set
  } catch (error) {
    await set.stop()
    throw error
  }
}

/** Waits until all replicas that run have what their primary has. */
async function inSync(primary: RedisServer, replicas: () => readonly RedisServer[]): Promise<void> {
  const offset = async (server: RedisServer): Promise<string | undefined> => {
    const info = String(await server.command('INFO', 'replication'))
    return /^role:master/m.test(info) || /^master_link_status:up/m.test(info)
      ? `${/^master_replid:(\w+)/m.exec(info)?.[1]} ${/^master_repl_offset:(\d+)/m.exec(info)?.[1]}`
      : undefined
  }
  const follow = async (): Promise<boolean> => {
    // One whose connection was just ended, since its role was changed, is not gone.
    const offsets = await Promise.all(replicas().map((server) => offset(server).catch(() => (server.isRunning ? undefined : 'gone'))))
    const due = await offset(primary)
    return due !== undefined && offsets.every((found) => found === due || found === 'gone')
  }
  await until('the replicas are in sync', follow, 20_000)
  // A replica is sent nothing for up to a second after it was synchronised, and looks well: this it must receive.
  await primary.command('PUBLISH', 'settled', '').catch(() => {})
  await until('the replicas receive what is written', follow, 20_000)
}
