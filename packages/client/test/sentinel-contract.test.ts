import { afterAll, beforeAll, describe, test } from 'vitest'
import { storeContract } from '@shale/testing'
import { startSentinels, until, type SentinelGroup } from '@tooling/servers'
import { openSentinels } from './open-replica-set.ts'

describe.each(['primary', 'replica'] as const)('three sentinels, read from %s', (readFrom) => {
  let group: SentinelGroup
  beforeAll(async () => {
    group = await startSentinels({
      downAfter: 10_000,
      password: 'secret',
      sentinelPassword: readFrom === 'primary' ? 'of-the-sentinels' : 'secret',
    })
  })
  afterAll(() => group.stop())
  storeContract({
    test,
    create: async () => {
      const primary = await group.primary()
      await primary.command('FLUSHALL')
      await until('replicas are empty', async () => {
        const sizes = await Promise.all(group.servers.map((server) => server.command('DBSIZE')))
        return sizes.every((size) => size === 0)
      })
      const urls = group.sentinels.map(({ url, host, port }) => (readFrom === 'primary' ? url : `${host}:${port}`))
      return { store: openSentinels(urls, { password: 'secret', timeout: 5000, readFrom, maxReplicaLag: 10_000 }) }
    },
    capabilities: {
      async putForeign(_store, key) {
        await (await group.primary()).command('RPUSH', key, 'an item')
        await until('replicas have it', async () => {
          const types = await Promise.all(group.servers.map((server) => server.command('TYPE', key)))
          return types.every((type) => type === 'list')
        })
      },
    },
  })
})
