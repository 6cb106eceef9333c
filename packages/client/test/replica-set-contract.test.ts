import { afterAll, beforeAll, describe, test } from 'vitest'
import { storeContract } from '@shale/testing'
import { startReplicaSet, type RedisReplicaSet } from '@tooling/servers'
import type { ReadFrom } from '../src/replicas/read-policy.ts'
import { openReplicaSet } from './open-replica-set.ts'

let servers: RedisReplicaSet
beforeAll(async () => {
  servers = await startReplicaSet({ replicas: 2 })
})
afterAll(() => servers.stop())

const policies: readonly ReadFrom[] = ['primary', 'primary-preferred', 'replica', 'replica-preferred', 'any', 'nearest']
const lastOne: ReadFrom = (readable) => readable.at(-1)

for (const readFrom of [...policies, lastOne]) {
  describe(`a primary with two replicas, read from ${typeof readFrom === 'string' ? readFrom : 'whom a function chooses'}`, () => {
    storeContract({
      test,
      create: async () => {
        await servers.primary.command('FLUSHALL')
        await servers.settled()
        const { store, set } = openReplicaSet(
          servers.servers.map(({ url }) => url),
          { timeout: 5000, readFrom, maxReplicaLag: 10_000 },
        )
        await store.connect()
        void set
        return { store }
      },
      capabilities: {
        async putForeign(_store, key) {
          await servers.primary.command('RPUSH', key, 'an item')
          await servers.settled()
        },
      },
    })
  })
}
