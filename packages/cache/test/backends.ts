import { startRedis, type RedisServer } from '@tooling/servers'
import { djangoRing, jump, ketama, type CacheOptions } from '@shale/cache'

/** Where a suite runs: what a cache needs to be told, and how to end it. */
export interface Backend {
  readonly name: 'embedded' | 'TCP' | 'Unix socket' | 'TLS'
  start(): Promise<{ readonly options: CacheOptions; readonly server?: RedisServer; stop(): Promise<void> }>
}

/** The embedded store, and one real server by every way to reach it. */
export const backends: readonly Backend[] = [
  { name: 'embedded', start: async () => ({ options: {}, stop: async () => {} }) },
  {
    name: 'TCP',
    async start() {
      const server = await startRedis()
      return { options: { servers: server.url }, server, stop: () => server.stop() }
    },
  },
  {
    name: 'Unix socket',
    async start() {
      const server = await startRedis({ unixSocket: true })
      return { options: { servers: server.path as string }, server, stop: () => server.stop() }
    },
  },
  {
    name: 'TLS',
    async start() {
      const server = await startRedis({ tls: true })
      return { options: { servers: server.url, tls: { ca: server.tlsCa as string } }, server, stop: () => server.stop() }
    },
  },
]

/** A cache over so many servers, between which its keys are divided. */
function sharded(name: string, count: number, options: CacheOptions | ((urls: readonly string[]) => CacheOptions) = {}): ShardedBackend {
  return {
    name,
    async start() {
      const servers = await Promise.all(Array.from({ length: count }, () => startRedis()))
      const urls = servers.map(({ url }) => url)
      return {
        options: { servers: urls, ...(typeof options === 'function' ? options(urls) : options) },
        servers,
        stop: async () => void (await Promise.all(servers.map((server) => server.stop()))),
      }
    },
  }
}

/** Where a suite runs over several servers. */
export interface ShardedBackend {
  readonly name: string
  start(): Promise<{ readonly options: CacheOptions; readonly servers: readonly RedisServer[]; stop(): Promise<void> }>
}

/** Shards of real servers, by every router. */
export const shardedBackends: readonly ShardedBackend[] = [
  sharded('one shard', 1),
  sharded('three shards', 3),
  sharded('eight shards', 8),
  sharded('three shards by ketama()', 3, { router: ketama() }),
  sharded('three shards by jump()', 3, { router: jump() }),
  sharded('three shards by djangoRing()', 3, { router: djangoRing() }),
  sharded('three shards, of which one is new', 3, (urls) => ({ previousServers: urls.slice(0, 2) })),
  sharded('two shards, and another two before', 4, (urls) => ({ servers: urls.slice(0, 2), previousServers: urls.slice(2) })),
]
