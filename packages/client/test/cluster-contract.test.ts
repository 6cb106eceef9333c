import { afterAll, beforeAll, describe, test } from 'vitest'
import { storeContract } from '@shale/testing'
import { startCluster, type RedisCluster } from '@tooling/servers'
import { ioredis, withDeadline } from '@shale/client'
import { slotOf } from '../src/cluster/slot.ts'
import { openCluster, type OpenClusterOptions } from './open-cluster.ts'

let cluster: RedisCluster
beforeAll(async () => {
  cluster = await startCluster()
}, 60_000)
afterAll(() => cluster.stop())

const variants: Record<string, OpenClusterOptions> = {
  'node-redis': {},
  'node-redis over three connections': { connections: 3 },
  ioredis: { driver: ioredis() },
  'node-redis, replicas preferred': { readFrom: 'replica-preferred' },
  'node-redis, any node': { readFrom: 'any', connections: 2 },
}

for (const [name, options] of Object.entries(variants)) {
  describe(`six nodes by ${name}`, () => {
    storeContract({
      test,
      create: async () => {
        for (const node of await cluster.primaries()) await node.command('FLUSHALL')
        return { store: withDeadline(openCluster(cluster, { timeout: 5000, ...options }), { timeout: '5s' }) }
      },
      capabilities: {
        async putForeign(_store, key) {
          await (await cluster.ownerOf(slotOf(key))).command('RPUSH', key, 'an item')
        },
      },
    })
  })
}
