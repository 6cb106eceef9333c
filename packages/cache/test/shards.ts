import { createCache, rendezvous, type Cache, type CacheOptions } from '@shale/cache'
import { startRedis, type RedisServer, type StartRedisOptions } from '@tooling/servers'

/** Real servers between which the keys of caches are divided. */
export interface Shards extends AsyncDisposable {
  readonly servers: readonly RedisServer[]
  readonly urls: readonly string[]
  /** The server that a stored key lives on. */
  serverOf(stored: string): RedisServer
  /** A cache over all of them, which is closed with them. */
  open(options?: CacheOptions): Cache
}

/** The name of a server as a shard. */
export const nameOf = ({ host, port }: { readonly host: string; readonly port: number }): string => `${host}:${port}/0`

export async function startShards(count: number, options: StartRedisOptions = {}): Promise<Shards> {
  const servers = await Promise.all(Array.from({ length: count }, () => startRedis(options)))
  const router = rendezvous()(servers.map((server) => ({ name: nameOf(server) })))
  const urls = servers.map(({ url }) => url)
  const caches: Cache[] = []
  return {
    servers,
    urls,
    serverOf: (stored) => servers.find((server) => nameOf(server) === router.route(stored)) as RedisServer,
    open(more) {
      const cache = createCache({ servers: urls, timeout: '10s', ...more })
      caches.push(cache)
      return cache
    },
    async [Symbol.asyncDispose]() {
      for (const server of servers) server.resume()
      await Promise.all(caches.map((cache) => cache.close()))
      await Promise.all(servers.map((server) => server.stop()))
    },
  }
}
