import { startRedis, type RedisServer } from '@tooling/servers'
import type { CacheOptions } from '@shale/cache'

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
