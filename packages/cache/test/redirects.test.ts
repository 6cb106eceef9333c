import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { createCache, ShaleError, type Cache, type CacheOptions } from '@shale/cache'
import { startCluster, type ClusterNode, type RedisCluster } from '@tooling/servers'
import { caught } from './caught.ts'
import { allOperations, safeOperations, strictOperations, type Operation } from './operations.ts'

let cluster: RedisCluster
beforeAll(async () => {
  cluster = await startCluster({ primaries: 2, replicas: 0 })
}, 60_000)
afterAll(() => cluster.stop())

const opened: Cache[] = []
afterEach(async () => {
  for (const cache of opened.splice(0)) await cache.close()
})

/** A cache whose keys, of whatever version, are in one slot. */
function open(options: CacheOptions): Cache {
  const cache = createCache({ keyPrefix: '{all}', timeout: '3s', errors: 'throw', ...options })
  opened.push(cache)
  return cache
}

const clustered = (): Cache => open({ servers: { cluster: [cluster.nodes[0]?.url as string] } })

const entries = { a: 1, b: 'two' }
const isScan = ({ name }: Operation): boolean => /^keys|Pattern|^clear|reinsert/.test(name)

/** What a call comes to, told so that two caches can be compared. */
async function outcome({ name, call }: Operation, cache: Cache): Promise<unknown> {
  try {
    const value = await call(cache)
    if (name === 'keys') return (value as string[]).sort()
    if (name === 'ttl') return Math.round(Number(value) / 60_000)
    return name === 'inspect' || name === 'lock' ? value !== undefined : value
  } catch (error) {
    return ShaleError.is(error) ? error.code : error
  }
}

/** How often the nodes have said this so far. */
async function said(word: string): Promise<number> {
  const stats = await Promise.all(cluster.nodes.map((node) => node.command('INFO', 'errorstats')))
  return stats.reduce((sum: number, text) => sum + Number(new RegExp(`errorstat_${word}:count=(\\d+)`).exec(String(text))?.[1] ?? 0), 0)
}

async function otherPlace(): Promise<{ slot: number; to: ClusterNode; from: ClusterNode }> {
  const slot = await cluster.slotOf('{all}')
  const from = await cluster.ownerOf(slot)
  return { slot, from, to: cluster.nodes.find((node) => node !== from) as ClusterNode }
}

/** Each operation on a cluster in some condition, beside the same on a store of which nothing is to be feared. */
async function compares(redirect: string, condition: (call: () => Promise<void>) => Promise<void>): Promise<void> {
  const unmoved = open({ servers: 'memory:' })
  const counts: string[] = []
  for (const operation of allOperations) {
    // One each: a cache that was redirected looks anew who serves what, and might hear of the next change in time.
    const cache = clustered()
    for (const one of [cache, unmoved]) {
      await one.clear({ database: true })
      expect(await one.setMany(entries)).toEqual([])
    }
    const before = await said(redirect)
    await condition(async () => expect(await outcome(operation, cache), operation.name).toEqual(await outcome(operation, unmoved)))
    const count = (await said(redirect)) - before
    counts.push(`${operation.name} ${count}`)
    // What scans asks each node of its own keys, and need not hear of it.
    if (!isScan(operation)) expect(count, operation.name).toBeGreaterThan(0)
    expect(await cache.getMany(['a', 'b']), operation.name).toEqual(await unmoved.getMany(['a', 'b']))
  }
  console.log(`${redirect}: ${counts.join(', ')}`)
}

describe('promise 24: what a node of a cluster says of slots that it does not serve reaches no caller', () => {
  test('MOVED: the slot is at another node, and nobody told the cache', { timeout: 60_000 }, async () => {
    await compares('MOVED', async (call) => {
      const { slot, to } = await otherPlace()
      await cluster.migrateSlot(slot, to)
      await call()
    })
  })

  test('ASK: the slot is on its way, and its keys are at the new place', { timeout: 60_000 }, async () => {
    await compares('ASK', async (call) => {
      const { slot, to } = await otherPlace()
      const migration = await cluster.beginMigration(slot, to)
      await migration.moveKeys(10)
      await call()
      while ((await migration.moveKeys(10)) > 0);
      await migration.finish()
    })
  })

  test('TRYAGAIN: of the two places of a version move one is here and one there', { timeout: 60_000 }, async () => {
    const cache = clustered()
    for (const value of [7, { seven: 7 }]) {
      await cache.clear({ database: true })
      await cache.set('a', value, { ttl: '1m' })
      await cache.set('a', 'old', { version: 2 })
      const before = await said('TRYAGAIN')
      const { slot, to } = await otherPlace()
      const migration = await cluster.beginMigration(slot, to)
      expect(await migration.moveKeys(1)).toBe(1)
      expect(await cache.incrVersion('a')).toBe(2)
      expect((await said('TRYAGAIN')) - before).toBeGreaterThan(0)
      expect(await cache.get('a')).toBe(undefined)
      expect(await cache.get('a', { version: 2 })).toEqual(value)
      expect(await cache.ttl('a', { version: 2 })).toBeGreaterThan(50_000)
      while ((await migration.moveKeys(10)) > 0);
      await migration.finish()
      expect(await cache.get('a', { version: 2 })).toEqual(value)
    }
  })

  test('a node that is configured as a single server: SERVER_REPLY, with advice, and as the mode has it', async () => {
    const { to } = await otherPlace()
    // Of keys in several slots some servers say CROSSSLOT first: all are in one here.
    for (const operation of safeOperations) {
      expect(await operation.call(open({ servers: to.url, errors: 'degrade' })), operation.name).toStrictEqual(operation.answer)
      const { code } = await caught(operation.call(open({ servers: to.url })))
      expect(code, operation.name).toBe(operation.many ? 'SHARDS_FAILED' : 'SERVER_REPLY')
    }
    for (const errors of ['degrade', 'throw'] as const) {
      for (const operation of strictOperations.filter((one) => !isScan(one))) {
        const { code } = await caught(operation.call(open({ servers: to.url, errors })))
        expect(code, operation.name).toBe(operation.many ? 'SHARDS_FAILED' : 'SERVER_REPLY')
      }
    }
    expect((await caught(open({ servers: to.url }).get('a'))).message).toMatch(/MOVED.*node of a cluster.*cluster: \[/s)
  })
})
