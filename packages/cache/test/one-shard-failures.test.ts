import { afterEach, describe, expect, test } from 'vitest'
import { createCache, type Cache, type CacheOptions } from '@shale/cache'
import { startCluster, startRedis, startReplicaSet, until, type ClusterNode } from '@tooling/servers'
import { caught } from './caught.ts'
import { listed } from './operations.ts'
import { nameOf } from './shards.ts'

interface Failing {
  pause(): void
  resume(): void
  kill(): Promise<void>
}

/** What is one shard, by its name, and a server that it needs. */
interface Shard {
  readonly servers: CacheOptions['servers']
  readonly name: string
  readonly needed: Failing
  readonly primaries: number
}

const ends: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
})

const kinds: Readonly<Record<string, () => Promise<Shard>>> = {
  'one server': async () => {
    const server = await startRedis()
    ends.push(() => server.stop())
    return { servers: server.url, name: nameOf(server), needed: server, primaries: 1 }
  },
  'a replica set': async () => {
    const set = await startReplicaSet({ replicas: 1 })
    ends.push(() => set.stop())
    const [primary, ...replicas] = set.servers as [(typeof set.servers)[0], ...typeof set.servers]
    const servers = { name: 'set', primary: primary.url, replicas: replicas.map(({ url }) => url) }
    return { servers, name: 'set', needed: primary, primaries: 1 }
  },
  'a cluster': async () => {
    const cluster = await startCluster({ primaries: 3, replicas: 0, args: ['--cluster-require-full-coverage', 'no'] })
    ends.push(() => cluster.stop())
    return { servers: { name: 'cluster', cluster: cluster.urls }, name: 'cluster', needed: cluster.nodes[0] as ClusterNode, primaries: 3 }
  },
}

const timeoutMs = 500
const keys = Array.from({ length: 100 }, (_, i) => `k${i}`)

async function open(options: CacheOptions): Promise<Cache> {
  const cache = createCache({ timeout: timeoutMs, connectTimeout: timeoutMs, keyPrefix: 'p', ttl: null, ...options })
  ends.push(() => cache.close())
  await cache.setMany(keys.map((key) => [key, key]))
  return cache
}

/** How an operation of many keys fails, and what it gave before. */
async function listing(cache: Cache): Promise<{ code: string; message: string; partial: unknown; given: number }> {
  let given = 0
  const { code, message, partial } = await caught(
    (async () => {
      for await (const _ of cache.keys()) given++
    })(),
  )
  return { code, message, partial, given }
}

describe.each(Object.entries(kinds))('%s, as the only shard', (_, start) => {
  test.each(['killed', 'hung'] as const)(
    'when a server of it is %s: SHARDS_FAILED, with what was done',
    async (how) => {
      const { servers, name, needed: failing, primaries } = await start()
      const cache = await open({ servers })
      if (how === 'hung') failing.pause()
      else await failing.kill()
      const failed = [{ shard: name, code: expect.stringMatching(/^SERVER_(TIMEOUT|UNAVAILABLE)$/) as string }]
      try {
        const { given, code, message, partial } = await listing(cache)
        expect({ code, partial }).toStrictEqual({ code: 'SHARDS_FAILED', partial: { done: given, failed } })
        expect(message).toMatch(/^keys: failed on /)
        expect(message).not.toContain('whether the operation was carried out')
        if (primaries === 1) expect(given).toBe(0)
        const { code: ofClear, partial: left } = await caught(cache.clear({ database: true }))
        expect([ofClear, left]).toStrictEqual(['SHARDS_FAILED', { done: [], failed }])
        expect(await caught(cache.deletePattern('*'))).toMatchObject({ code: 'SHARDS_FAILED', partial: { failed } })
      } finally {
        failing.resume()
      }
    },
    60_000,
  )

  test('CLOSED stays as it is', async () => {
    const cache = await open({ servers: (await start()).servers })
    const pages = cache.keys()[Symbol.asyncIterator]()
    await cache.close()
    expect((await caught(pages.next())).code).toBe('CLOSED')
    expect((await caught(cache.clear({ database: true }))).code).toBe('CLOSED')
  }, 60_000)
})

test('a cluster that is wholly down: what scans and empties is told at once, and is served again', async () => {
  const cluster = await startCluster({ primaries: 3, replicas: 0 })
  ends.push(() => cluster.stop())
  const timeout = 2000
  const cache = await open({ servers: { name: 'cluster', cluster: cluster.urls }, timeout })
  await Promise.all(cluster.nodes.map((node) => node.kill()))
  await caught(cache.deleteMany(keys))
  for (const call of [() => listing(cache), () => caught(cache.deletePattern('*')), () => caught(cache.clear({ database: true }))]) {
    const began = performance.now()
    const { code, message, partial } = await call()
    expect(performance.now() - began).toBeLessThan(timeout / 4)
    expect(code).toBe('SHARDS_FAILED')
    expect(partial).toMatchObject({ failed: [{ shard: 'cluster', code: 'SERVER_UNAVAILABLE' }] })
    expect(cluster.nodes.some((node) => message.includes(nameOf(node)))).toBe(true)
  }
  await Promise.all(cluster.nodes.map((node) => node.restart()))
  await cluster.settled()
  // Nothing but scans asks for the nodes meanwhile.
  await until('it is scanned again', async () => (await listed(cache.keys()).catch(() => undefined)) !== undefined)
}, 60_000)

test("a readFrom that throws is told by each read, also with errors: 'degrade'", async () => {
  const set = await startReplicaSet({ replicas: 1 })
  ends.push(() => set.stop())
  const [primary, replica] = set.servers
  const servers = { name: 'set', primary: primary?.url as string, replicas: [replica?.url as string] }
  let isWrong = false
  const readFrom = (): undefined => {
    if (isWrong) throw new Error('boom')
  }
  const cache = await open({ servers, readFrom, timeout: '2s' })
  isWrong = true
  await until('the replica is read', async () => (await cache.get('k1').catch(({ code }) => code as string)) === 'CONFIG_INVALID')
  expect(await caught(cache.get('k1'))).toMatchObject({
    message: expect.stringMatching(/^readFrom: the function threw: boom\. /) as string,
  })
  expect(await cache.set('k1', 2)).toBe(true)
})
