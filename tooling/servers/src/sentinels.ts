import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ChildProcess } from 'node:child_process'
import { createFolder, killChild, removeFolder, spawnChild } from './children.ts'
import { findServer } from './find-server.ts'
import { freePort } from './free-port.ts'
import { sentinelLogin, userRules, type AclUser, type Logins } from './logins.ts'
import { RawConnection, type RawReply } from './raw-connection.ts'
import type { RedisServer } from './redis-server.ts'
import { startReplicaSet, type RedisReplicaSet } from './replica-set.ts'
import { tlsSettings } from './tls-settings.ts'
import { until } from './until.ts'

/** `password` and `acl` are for the servers. */
export interface StartSentinelsOptions extends Logins {
  /** How many sentinels; 3 unless stated. Most of them must agree. */
  readonly sentinels?: number
  /** How many replicas the primary has; 2 unless stated. */
  readonly replicas?: number
  /** What the sentinels call the set; `mymaster` unless stated. */
  readonly master?: string
  /** Milliseconds after which a silent server is down; 500 unless stated. */
  readonly downAfter?: number
  /** Milliseconds; 3,000 unless stated. A failover that failed is tried again after twice this. */
  readonly failoverTimeout?: number
  /** The default user's, of the sentinels themselves. */
  readonly sentinelPassword?: string
  /** One more user of the sentinels. */
  readonly sentinelAcl?: AclUser
  /** Who speaks TLS alone: the servers, what clients of the sentinels are offered, or both (`true`). */
  readonly tls?: boolean | 'servers' | 'sentinels'
}

/** A sentinel, as a process of its own. */
export interface SentinelServer extends AsyncDisposable {
  readonly url: string
  readonly host: string
  /** Where clients reach it. */
  readonly port: number
  command(...args: (string | number | Uint8Array)[]): Promise<RawReply>
  pause(): void
  resume(): void
  /** Kills it; `restart` brings it back with what it knew. */
  kill(): Promise<void>
  restart(): Promise<void>
  stop(): Promise<void>
}

/** Sentinels over a primary with replicas. */
export interface SentinelGroup extends AsyncDisposable {
  readonly master: string
  readonly sentinels: readonly SentinelServer[]
  /** The primary and the replicas, in the order they were started. */
  readonly servers: readonly RedisServer[]
  /** The server that most sentinels name now. */
  primary(): Promise<RedisServer>
  /** Has the sentinels fail over while the primary runs (SENTINEL FAILOVER); settles when they name another. Gives that one. */
  failover(): Promise<RedisServer>
  /**
   * Kills the primary and waits until the sentinels name another. Gives that one. Until they have settled, one that was restarted may
   * become the primary again, by a sentinel that has not heard of the other yet.
   */
  killPrimary(): Promise<RedisServer>
  /** Waits until all servers that run follow the primary, and the sentinels know it: from then on another failover is possible. */
  settled(): Promise<void>
  stop(): Promise<void>
}

const host = '127.0.0.1'

/** Starts sentinels over a primary with replicas, and waits until they know each other and all of it. */
export async function startSentinels(options: StartSentinelsOptions = {}): Promise<SentinelGroup> {
  const { sentinels: count = 3, replicas = 2, master = 'mymaster', password, acl, tls = false } = options
  const logins: Logins = { ...(password === undefined ? {} : { password }), ...(acl === undefined ? {} : { acl }) }
  const set: RedisReplicaSet = await startReplicaSet({ ...logins, replicas, tls: tls === true || tls === 'servers' })
  const [first] = set.servers as [RedisServer]
  const quorum = Math.floor(count / 2) + 1
  const lines = [
    `sentinel monitor ${master} ${host} ${first.port} ${quorum}`,
    `sentinel down-after-milliseconds ${master} ${options.downAfter ?? 500}`,
    `sentinel failover-timeout ${master} ${options.failoverTimeout ?? 3000}`,
    `sentinel parallel-syncs ${master} ${Math.max(1, replicas)}`,
    ...sentinelLogin(master, logins),
  ]
  const sentinels = await Promise.all(Array.from({ length: count }, () => startSentinel(lines, options)))

  const named = async (): Promise<RedisServer | undefined> => {
    const votes = new Map<string, number>()
    for (const sentinel of sentinels) {
      const address = await sentinel.command('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', master).catch(() => null)
      if (!Array.isArray(address)) continue
      const port = String(address[1])
      votes.set(port, (votes.get(port) ?? 0) + 1)
    }
    const [port] = [...votes].find(([, voters]) => voters >= quorum) ?? []
    return set.servers.find((server) => String(server.port) === port)
  }
  const another = (than: RedisServer): Promise<RedisServer> =>
    until(
      'the sentinels name another primary',
      async () => {
        const now = await named()
        return now !== than && now
      },
      30_000,
    )
  const group: SentinelGroup = {
    master,
    sentinels,
    servers: set.servers,
    primary: () => until('the sentinels agree on a primary', named),
    async failover() {
      const before = await group.primary()
      await until('a failover is possible', async () => {
        for (const sentinel of sentinels) {
          if (await sentinel.command('SENTINEL', 'FAILOVER', master).catch(() => undefined)) return true
        }
        return false
      })
      return another(before)
    },
    async killPrimary() {
      const before = await group.primary()
      await before.kill()
      return another(before)
    },
    settled: () =>
      until(
        'all servers follow the primary',
        async () => {
          const primary = await named()
          if (primary === undefined) return false
          const running = set.servers.filter(({ isRunning }) => isRunning)
          // One whose connection was just ended, since its role was changed, follows nobody yet.
          const infos = await Promise.all(running.map((server) => server.command('INFO', 'replication').then(String, () => '')))
          const following = infos.filter((info) => info.includes(`master_port:${primary.port}\r\n`) && info.includes('link_status:up'))
          return (
            following.length === running.length - 1 && (await Promise.all(sentinels.map((one) => sees(one, running.length)))).every(Boolean)
          )
        },
        60_000,
      ).then(() => {}),
    async stop() {
      await Promise.all(sentinels.map((sentinel) => sentinel.stop()))
      await set.stop()
    },
    [Symbol.asyncDispose]: () => group.stop(),
  }
  /** Whether a sentinel that runs sees the primary, the other servers that run, and the other sentinels. */
  const sees = async (sentinel: SentinelServer, running: number): Promise<boolean> => {
    const sick = /down|disconnected|failover|no_info/
    try {
      const about = fieldsOf(await sentinel.command('SENTINEL', 'MASTER', master))
      const known = (await sentinel.command('SENTINEL', 'REPLICAS', master)) as RawReply[]
      const well = known.filter((one) => !sick.test(fieldsOf(one)['flags'] ?? '') && fieldsOf(one)['master-link-status'] === 'ok')
      return about['flags'] === 'master' && Number(about['num-other-sentinels']) === count - 1 && well.length >= running - 1
    } catch {
      return true
    }
  }
  try {
    await group.settled()
    return group
  } catch (error) {
    await group.stop()
    throw error
  }
}

function fieldsOf(reply: RawReply): Record<string, string> {
  const flat = reply as string[]
  return Object.fromEntries(flat.flatMap((name, i) => (i % 2 === 0 ? [[name, flat[i + 1] as string]] : [])))
}

async function startSentinel(lines: readonly string[], options: StartSentinelsOptions): Promise<SentinelServer> {
  const { sentinelPassword: password, sentinelAcl: acl, tls = false } = options
  const program = findServer()
  const folder = createFolder()
  const file = join(folder, 'sentinel.conf')
  const path = join(folder, 'sentinel.sock')
  let child: ChildProcess
  let admin: RawConnection
  let port = 0
  const launch = async (): Promise<void> => {
    child = spawnChild(program, [file, '--sentinel'], folder)
    admin = await ready(child, path, password)
    // Redis 7 and later can be told not to take 10 s to notice what became of a server.
    await admin.command('SENTINEL', 'DEBUG', 'INFO-PERIOD', 1000, 'PUBLISH-PERIOD', 500).catch(() => {})
  }
  for (let attempt = 1; ; attempt++) {
    port = await freePort()
    const own = [
      ...(await portLines(port, tls)),
      ...[`bind ${host}`, `dir ${folder}`, `unixsocket ${path}`],
      ...(password === undefined ? [] : [`requirepass ${password}`]),
      ...(acl === undefined ? [] : [`user ${userRules(acl).join(' ')}`]),
    ]
    writeFileSync(file, `${[...own, ...lines].join('\n')}\n`)
    try {
      await launch()
      break
    } catch (error) {
      if (attempt < 5 && /in use/i.test(String(error))) continue
      removeFolder(folder)
      throw error
    }
  }
  const end = async (): Promise<void> => {
    admin.close()
    await killChild(child)
  }
  const sentinel: SentinelServer = {
    url: `${tls === true || tls === 'sentinels' ? 'rediss' : 'redis'}://${password === undefined ? '' : `:${encodeURIComponent(password)}@`}${host}:${port}`,
    host,
    port,
    command: (...args) => admin.command(...args),
    pause: () => void child.kill('SIGSTOP'),
    resume: () => void child.kill('SIGCONT'),
    kill: end,
    async restart() {
      await end()
      await launch()
    },
    async stop() {
      await end()
      removeFolder(folder)
    },
    [Symbol.asyncDispose]: () => sentinel.stop(),
  }
  return sentinel
}

/**
 * Where a sentinel is reached. It speaks TLS to the servers and to other sentinels, or to neither: what it offers to clients beside is
 * a second port.
 */
async function portLines(port: number, tls: StartSentinelsOptions['tls'] & {}): Promise<readonly string[]> {
  if (tls === false) return [`port ${port}`]
  const ports = {
    true: async () => [`port 0`, `tls-port ${port}`],
    servers: async () => [`port ${port}`, `tls-port ${await freePort()}`],
    sentinels: async () => [`port ${await freePort()}`, `tls-port ${port}`],
  }
  const settings = tlsSettings({ peers: tls !== 'sentinels' }).map(([name, value]) => `${name} ${value}`)
  return [...(await ports[`${tls}`]()), ...settings]
}

async function ready(child: ChildProcess, path: string, password: string | undefined): Promise<RawConnection> {
  let printed = ''
  let ended = false
  const listen = (chunk: Buffer): void => void (printed = (printed + chunk.toString()).slice(-4000))
  child.stdout?.on('data', listen)
  child.stderr?.on('data', listen)
  child.once('error', (error) => listen(Buffer.from(String(error))))
  child.once('close', () => (ended = true))
  return until(
    'the sentinel answers',
    async () => {
      if (ended) throw new Error(`The sentinel ended while it started:\n${printed}`)
      const connection = new RawConnection({ path })
      try {
        if (password !== undefined) await connection.command('AUTH', password)
        await connection.command('PING')
        return connection
      } catch {
        connection.close()
        return undefined
      }
    },
    20_000,
  )
}
