import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { storeContract } from '@shale/testing'
import { startRedis, type RedisServer } from '@tooling/servers'
import { createStore } from '@shale/client'
import type { Store } from '@shale/contracts'

/** Names by which the keys of another type have two places, and some others, too. */
const names = ['p160', 'p161', 'p162', 'p163']
const named = (servers: readonly RedisServer[]): { name: string; primary: string }[] =>
  servers.map(({ url }, i) => ({ name: names[i] as string, primary: url }))

/** Where the contract's own entries of another type are put: where the current layout looks, or where the other one does. */
const places = ['current', 'previous'] as const

describe.each(places)('four shards instead of three, lists at the %s place', (place) => {
  let servers: RedisServer[] = []
  let previous: Store
  beforeAll(async () => {
    servers = await Promise.all(Array.from({ length: 4 }, () => startRedis()))
    previous = createStore(named(servers.slice(0, 3)))
  })
  afterAll(async () => {
    await previous.close()
    await Promise.all(servers.map((server) => server.stop()))
  })
  storeContract({
    test,
    create: async () => {
      await Promise.all(servers.map((server) => server.command('FLUSHALL')))
      const shards = named(servers)
      return { store: createStore(shards, { previousServers: shards.slice(0, 3), timeout: '5s' }) }
    },
    capabilities: {
      async putForeign(store, key) {
        const { server } = (place === 'current' ? store : previous).locate(key)
        await servers.find(({ port }) => server.endsWith(`:${port}/0`))?.command('RPUSH', key, 'an item')
      },
    },
  })
})

test('servers in both layouts are reached once', async () => {
  const servers = await Promise.all([startRedis(), startRedis()])
  const [a, b] = servers.map(({ url }) => url) as [string, string]
  const store = createStore([a, b], { previousServers: [a] })
  await store.connect()
  expect(store.status?.().map(({ server }) => server)).toHaveLength(2)
  expect(
    String(await servers[0]?.command('CLIENT', 'LIST'))
      .trim()
      .split('\n'),
  ).toHaveLength(2)
  expect(store.parts?.()).toHaveLength(2)
  await store.close()
  await Promise.all(servers.map((server) => server.stop()))
})
