import { expect, test } from 'vitest'
import { createCache, type Cache, type CacheEventName } from '@shale/cache'
import { startReplicaSet, until, type RedisServer } from '@tooling/servers'
import { nameOf, startShards } from './shards.ts'

/** What a cache tells of its servers, in order. */
function heardBy(cache: Cache): { name: CacheEventName; [detail: string]: unknown }[] {
  const heard: { name: CacheEventName }[] = []
  for (const name of ['breaker', 'primary', 'replica', 'repaired'] as const) cache.on(name, (event) => heard.push({ name, ...event }))
  return heard
}

test('a shard that hangs and comes back: its breaker, what was repaired, and how it is meanwhile', async () => {
  await using shards = await startShards(3)
  const cache = shards.open({ keyPrefix: 'p', timeout: '200ms' })
  const keys = Array.from({ length: 100 }, (_, i) => `k${i}`)
  const heard = heardBy(cache)
  let isGivenUp = false
  cache.on('disconnect', () => (isGivenUp = true))
  await cache.setMany(keys.map((key) => [key, { key }]))
  const [hung] = shards.servers as [RedisServer]
  const lost = keys.filter((key) => shards.serverOf(`p:1:${key}`) === hung)
  hung.pause()
  expect((await cache.setMany(keys.map((key) => [key, { key, changed: true }]))).sort()).toEqual(lost.toSorted())
  await until('the breaker opens', () => heard.some(({ name, state }) => name === 'breaker' && state === 'open'))
  const stats = cache.stats()
  expect(stats.servers.find(({ server }) => server === nameOf(hung))?.breaker).toMatch(/open/)
  expect(stats.servers.filter(({ breaker }) => breaker === 'closed')).toHaveLength(2)
  expect(stats.shards[nameOf(hung)]).toMatchObject({ degraded: 1, sets: lost.length })
  expect(Object.values(stats.shards).map(({ degraded }) => degraded)).toEqual([1, 0, 0])
  // Until its connection is given up what was sent may still be answered.
  await until('nobody waits for it any more', () => isGivenUp)
  hung.resume()
  await until('what failed is repaired', () => heard.some(({ name }) => name === 'repaired'))
  expect(heard).toContainEqual({ name: 'repaired', shard: nameOf(hung), keys: lost.length })
  expect(heard).toContainEqual({ name: 'breaker', server: nameOf(hung), state: 'closed' })
  expect(new Set(heard.map(({ name, server }) => [name, server].join(' ')))).toEqual(new Set([`breaker ${nameOf(hung)}`, 'repaired ']))
  // Never the value from before the write that failed.
  const found = await cache.getMany<{ changed?: true }>(keys)
  for (const key of lost) expect(found.get(key)?.changed ?? true).toBe(true)
  expect(found.size).toBeGreaterThanOrEqual(keys.length - lost.length)
})

test('a replica set as a shard: its primary, its replicas, and another primary', { timeout: 60_000 }, async () => {
  await using set = await startReplicaSet({ replicas: 1 })
  const [first, second] = set.servers as [RedisServer, RedisServer]
  const servers = [{ name: 'eu-1', primary: first.url, replicas: [second.url] }]
  await using cache = createCache({ servers, readFrom: 'replica-preferred', timeout: '2s', keyPrefix: 'p' })
  const heard = heardBy(cache)
  await until('the replica is read', async () => {
    await cache.set('a', 1)
    return heard.some(({ name }) => name === 'replica')
  })
  expect(heard).toContainEqual({ name: 'primary', shard: 'eu-1', server: nameOf(first), previous: undefined })
  expect(heard.find(({ name }) => name === 'replica')).toMatchObject({ shard: 'eu-1', server: nameOf(second), readable: true })
  await until(
    'the roles are known',
    () =>
      cache
        .stats()
        .servers.map(({ role }) => role)
        .join() === 'primary,replica',
  )
  expect((await cache.inspect('a'))?.shard).toBe('eu-1')
  await set.promote(0)
  await until('the other one is the primary', async () => {
    await cache.set('a', 2)
    return heard.some(({ name, previous }) => name === 'primary' && previous === nameOf(first))
  })
  expect(heard).toContainEqual({ name: 'primary', shard: 'eu-1', server: nameOf(second), previous: nameOf(first) })
  expect((await cache.inspect('a'))?.server).toBe(nameOf(second))
})
