import { afterAll, beforeAll, describe, test } from 'vitest'
import { djangoRing, jump, ketama, rendezvous } from '@shale/router'
import { storeContract } from '@shale/testing'
import { startRedis, type RedisServer } from '@tooling/servers'
import { createStore, ioredis, type StoreOptions } from '@shale/client'

const variants: Record<string, { shards: number; options: StoreOptions }> = {
  'one shard': { shards: 1, options: {} },
  'three shards': { shards: 3, options: {} },
  'eight shards': { shards: 8, options: {} },
  'three shards by ketama': { shards: 3, options: { router: ketama() } },
  'three shards by jump': { shards: 3, options: { router: jump(), connections: 2 } },
  'three shards by Django’s ring, with ioredis': { shards: 3, options: { router: djangoRing(), driver: ioredis() } },
  'three shards by name': { shards: 3, options: { router: rendezvous() } },
}

for (const [name, { shards, options }] of Object.entries(variants)) {
  describe(name, () => {
    let servers: RedisServer[] = []
    beforeAll(async () => {
      servers = await Promise.all(Array.from({ length: shards }, () => startRedis()))
    })
    afterAll(() => Promise.all(servers.map((server) => server.stop())))
    storeContract({
      test,
      create: async () => {
        await Promise.all(servers.map((server) => server.command('FLUSHALL')))
        const urls = servers.map(({ url }, i) => (name.endsWith('by name') ? { name: `s${i}`, weight: i + 1, primary: url } : url))
        return { store: createStore(urls, { ...options, timeout: '5s' }) }
      },
      // Django's ring knows no tags: a list that has to be moved may have to go to another server, where only strings go.
      capabilities: name.includes('Django')
        ? {}
        : {
            async putForeign(store, key) {
              const at = servers.findIndex(({ port }) => store.locate(key).server.endsWith(`:${port}/0`))
              await servers[at]?.command('RPUSH', key, 'an item')
            },
          },
    })
  })
}
