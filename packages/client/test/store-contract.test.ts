import { afterAll, beforeAll, describe, test } from 'vitest'
import { storeContract } from '@shale/testing'
import { startRedis, type RedisServer } from '@tooling/servers'
import { createStore, ioredis, nodeRedis, type StoreOptions } from '@shale/client'

const variants: Record<string, { server: object; options: StoreOptions }> = {
  'node-redis over TCP': { server: {}, options: {} },
  'node-redis over three connections': { server: {}, options: { connections: 3 } },
  'node-redis over one to four connections': { server: {}, options: { connections: { min: 1, max: 4 } } },
  'node-redis over a Unix socket': { server: { unixSocket: true }, options: {} },
  'node-redis over TLS, with a password and a database': { server: { tls: true, password: 'secret' }, options: { database: 5 } },
  'ioredis over TCP': { server: {}, options: { driver: ioredis() } },
  'ioredis over a Unix socket': { server: { unixSocket: true }, options: { driver: ioredis(), connections: 2 } },
  'ioredis over TLS': { server: { tls: true }, options: { driver: ioredis() } },
}

for (const [name, { server: serverOptions, options }] of Object.entries(variants)) {
  describe(name, () => {
    let server: RedisServer
    beforeAll(async () => {
      server = await startRedis(serverOptions)
    })
    afterAll(() => server.stop())
    storeContract({
      test,
      create: async () => {
        await server.command('FLUSHALL')
        const tls = server.url.startsWith('rediss') ? { tls: { ca: server.tlsCa } } : {}
        return { store: createStore(server.url, { driver: nodeRedis(), ...tls, ...options, timeout: '5s' }) }
      },
      capabilities: {
        async putForeign(_store, key) {
          await server.command('SELECT', options.database ?? 0)
          await server.command('RPUSH', key, 'an item')
        },
      },
    })
  })
}
