import { expect, test } from 'vitest'
import { createCache } from '@shale/cache'
import { startRedis, until } from '@tooling/servers'

const T = 300
const keys = Array.from({ length: 50 }, (_, i) => `k${i}`)

test.each([
  ['the current layout', 1],
  ['the other layout', 0],
])('a process that could not write while a server of %s hung does not read what was there before', async (_, hanging) => {
  const servers = await Promise.all([startRedis(), startRedis()])
  const [old, young] = servers.map(({ url }) => url) as [string, string]
  const before = createCache({ servers: old, timeout: '2s' })
  await before.setMany(keys.map((key) => [key, 'old']))
  const cache = createCache({ servers: young, previousServers: old, timeout: T })
  await cache.connect()
  expect(await cache.get('k0')).toBe('old')

  servers[hanging]?.pause()
  const began = performance.now()
  const [stored, removed, read] = await Promise.all([
    cache.setMany(keys.slice(0, 20).map((key) => [key, 'new'])),
    cache.deleteMany(keys.slice(20, 40)).catch((error: Error) => error),
    cache.getMany(keys.slice(40)),
  ])
  expect(performance.now() - began).toBeLessThan(T + 200)
  expect(stored).toEqual(keys.slice(0, 20))
  expect(removed).toMatchObject({ code: 'SHARDS_FAILED' })
  expect(read.size).toBe(0)
  servers[hanging]?.resume()

  // What nobody tried to change is there again; of the rest nothing is.
  await until('all that nobody changed is read again', async () => (await cache.getMany(keys.slice(40))).size === 10)
  for (let i = 0; i < 20; i++) expect([...(await cache.getMany(keys.slice(0, 40)))].filter(([, value]) => value === 'old')).toEqual([])
  await until('all can be changed again', async () => (await cache.setMany(keys.map((key) => [key, 'newer']))).length === 0)
  expect(new Set((await cache.getMany(keys)).values())).toEqual(new Set(['newer']))
  await Promise.all([cache.close(), before.close()])
  await Promise.all(servers.map((server) => server.stop()))
})
