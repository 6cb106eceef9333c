import { describe, expect, test } from 'vitest'
import { createCache, djangoIdentity, djangoRing, jump, ketama, rendezvous, type Cache, type RouterFactory } from '@shale/cache'
import { startRedis, startReplicaSet, startSentinels, until, type RedisServer } from '@tooling/servers'
import { caught } from './caught.ts'
import { defer } from './deferred.ts'
import { nameOf, startShards, type Shards } from './shards.ts'
import { sorted } from './sites.ts'

const numbered = (count: number): string[] => Array.from({ length: count }, (_, i) => `k${i}`)
const valuesOf = (keys: readonly string[]): Record<string, unknown> => Object.fromEntries(keys.map((key) => [key, { key }]))

/** How often a server was asked with a command, and for how many keys it looked. */
async function asked(server: RedisServer, command: string): Promise<{ calls: number; lookups: number }> {
  const commands = String(await server.command('INFO', 'commandstats'))
  const stats = String(await server.command('INFO', 'stats'))
  const number = (text: string, pattern: RegExp): number => Number(pattern.exec(text)?.[1] ?? 0)
  return {
    calls: number(commands, new RegExp(`^cmdstat_${command}:calls=(\\d+)`, 'm')),
    lookups: number(stats, /^keyspace_hits:(\d+)/m) + number(stats, /^keyspace_misses:(\d+)/m),
  }
}

describe('what Django’s Redis backends get wrong', () => {
  test('django-redis-cache: a sharded get_many asks every shard for all keys', async () => {
    await using shards = await startShards(4)
    const cache = shards.open({ keyPrefix: 'p' })
    const keys = numbered(1000)
    await cache.setMany(valuesOf(keys))
    for (const server of shards.servers) await server.command('CONFIG', 'RESETSTAT')
    expect((await cache.getMany([...keys, 'none'])).size).toBe(1000)
    const own = (server: RedisServer): number => [...keys, 'none'].filter((key) => shards.serverOf(`p:1:${key}`) === server).length
    for (const server of shards.servers) {
      const { calls, lookups } = await asked(server, 'mget')
      expect(calls).toBe(1)
      // One key was missing, of which it is looked whether it holds another type.
      expect(lookups - own(server)).toBeLessThanOrEqual(1)
      expect(lookups).toBeGreaterThanOrEqual(own(server))
    }
  })

  test('django-redis-cache: incr_version renames on one shard, even where the new key belongs to another, and loses it', async () => {
    await using shards = await startShards(4)
    const cache = shards.open({ keyPrefix: 'p', ttl: '1h' })
    const keys = numbered(200)
    await cache.setMany(valuesOf(keys))
    const crossing = keys.filter((key) => shards.serverOf(`p:1:${key}`) !== shards.serverOf(`p:2:${key}`))
    expect(crossing.length).toBeGreaterThan(100)
    for (const key of keys) expect(await cache.incrVersion(key)).toBe(2)
    const other = shards.open({ keyPrefix: 'p' })
    expect([...(await other.getMany(keys, { version: 2 })).keys()]).toEqual(keys)
    expect((await other.getMany(keys)).size).toBe(0)
    for (const key of keys) {
      expect(await shards.serverOf(`p:2:${key}`).command('EXISTS', `p:2:${key}`)).toBe(1)
      for (const server of shards.servers) expect(await server.command('EXISTS', `p:1:${key}`)).toBe(0)
      const left = (await other.ttl(key, { version: 2 })) as number
      expect(left).toBeGreaterThan(3_000_000)
    }
    expect((await sorted(other.keys('*', { version: 2 }))).length).toBe(200)
  })

  test('of concurrent incr_version calls on one key over shards exactly one succeeds', async () => {
    await using shards = await startShards(4)
    const caches = [shards.open(), shards.open()]
    for (let round = 0; round < 50; round++) {
      await (caches[0] as Cache).set(`k${round}`, round)
      const calls = Array.from({ length: 10 }, (_, i) =>
        (caches[i % 2] as Cache).incrVersion(`k${round}`).catch((error: { code: string }) => error.code),
      )
      const results = await Promise.all(calls)
      expect(results.filter((result) => result === 2)).toHaveLength(1)
      expect(new Set(results)).toEqual(new Set([2, 'KEY_NOT_FOUND']))
      expect(await (caches[1] as Cache).get(`k${round}`, { version: 2 })).toBe(round)
    }
  })

  test('incr_version that cannot store what it took puts it back, and says so', async () => {
    await using shards = await startShards(2)
    const cache = shards.open({ keyPrefix: 'p' })
    const key = numbered(100).find((one) => shards.serverOf(`p:1:${one}`) !== shards.serverOf(`p:2:${one}`)) as string
    await cache.set(key, { kept: true }, { ttl: '1h' })
    const target = shards.serverOf(`p:2:${key}`)
    await target.command('CONFIG', 'SET', 'maxmemory', '1')
    expect(await caught(cache.incrVersion(key))).toMatchObject({ code: 'SERVER_OOM', partial: { putBack: true } })
    expect(await cache.get(key)).toEqual({ kept: true })
    expect(await cache.ttl(key)).toBeGreaterThan(3_000_000)
    await target.command('CONFIG', 'SET', 'maxmemory', '0')
    expect(await cache.incrVersion(key)).toBe(2)
    expect(await cache.get(key, { version: 2 })).toEqual({ kept: true })
  })
})

describe('where keys live', () => {
  test('related keys share a shard by their tag, and djangoRing knows no tags', async () => {
    await using shards = await startShards(4)
    const tagged = numbered(50).map((key) => `{user:7}:${key}`)
    const of = async (cache: Cache): Promise<Set<string | undefined>> => {
      await cache.setMany(valuesOf(tagged))
      return new Set(await Promise.all(tagged.map(async (key) => (await cache.inspect(key))?.shard)))
    }
    for (const router of [rendezvous(), ketama(), jump()]) expect((await of(shards.open({ router }))).size).toBe(1)
    expect((await of(shards.open({ router: djangoRing() }))).size).toBeGreaterThan(1)
  })

  test('keys that a Django application placed are found by djangoRing', async () => {
    await using shards = await startShards(3)
    const locations = shards.servers.map(({ host, port }) => `${host}:${port}`)
    const router = djangoRing()(locations.map((location) => ({ name: djangoIdentity(location) })))
    const keys = numbered(100)
    for (const key of keys) {
      // As Django stores an integer, in its database 1.
      const server = shards.servers[
        locations.findIndex((location) => djangoIdentity(location) === router.route(`:1:${key}`))
      ] as RedisServer
      await server.command('SELECT', 1)
      await server.command('SET', `:1:${key}`, key.slice(1))
    }
    const servers = locations.map((location) => ({ name: djangoIdentity(location), primary: `redis://${location}` }))
    const cache = shards.open({ servers, database: 1, router: djangoRing() })
    expect(await cache.getMany(keys)).toEqual(new Map(keys.map((key) => [key, Number(key.slice(1))])))
  })

  test('a shard that has a name may change its address, and weights are shares', async () => {
    await using shards = await startShards(3)
    const [first, second, third] = shards.urls as [string, string, string]
    const layout = (light: string, heavy: string) => [
      { name: 'light', primary: light },
      { name: 'heavy', weight: 3, primary: heavy },
    ]
    const cache = shards.open({ servers: layout(first, second) })
    await cache.setMany(valuesOf(numbered(2000)))
    const share = Number(await (shards.servers[1] as RedisServer).command('DBSIZE')) / 2000
    expect(share).toBeGreaterThan(0.7)
    expect(share).toBeLessThan(0.8)
    const moved = shards.open({ servers: layout(third, second) })
    expect((await moved.getMany(numbered(2000))).size).toBe(share * 2000)
    expect((await moved.inspect([...(await moved.getMany(numbered(2000))).keys()][0] as string))?.shard).toBe('heavy')
  })

  test('a router of one’s own is asked with stored keys', async () => {
    await using shards = await startShards(2)
    const seen: string[] = []
    const router: RouterFactory = (nodes) => ({
      nodes,
      route: (key) => (seen.push(key), nodes[Number(key.endsWith('1'))]?.name as string),
      rank: () => [],
    })
    const cache = shards.open({ router, keyPrefix: 'own' })
    await cache.setMany({ k0: 0, k1: 1 })
    expect(new Set(seen)).toEqual(new Set(['own:1:k0', 'own:1:k1']))
    expect(await shards.servers[1]?.command('GET', 'own:1:k1')).toBe('1')
  })

  test('what another layout left where nobody looks is no key, and goes with clear and deletePattern', async () => {
    await using shards = await startShards(3)
    const keys = numbered(300)
    const before = shards.open({ servers: shards.urls.slice(0, 2), keyPrefix: 'p' })
    await before.setMany(valuesOf(keys))
    const cache = shards.open({ keyPrefix: 'p' })
    const found = await sorted(cache.keys())
    expect(found.length).toBeGreaterThan(150)
    expect(found.length).toBeLessThan(250)
    expect((await cache.getMany(keys)).size).toBe(found.length)
    expect(await cache.deletePattern('k*')).toBe(found.length)
    expect((await before.getMany(keys)).size).toBe(0)
    await before.setMany(valuesOf(keys))
    await cache.clear()
    for (const server of shards.servers) expect(await server.command('DBSIZE')).toBe(0)
  })
})

describe('a server that is not what it was named as', () => {
  test('a Django LOCATION list of a primary and replicas, read as shards, is refused by name', async () => {
    await using set = await startReplicaSet({ replicas: 1 })
    const [primary, replica] = set.servers as [RedisServer, RedisServer]
    await using cache = createCache({ servers: set.servers.map(({ url }) => url), timeout: '5s' })
    for (const call of [
      () => cache.connect(),
      () => cache.getMany(numbered(50)),
      () => cache.setMany(valuesOf(numbered(50))),
      () => cache.clear(),
    ]) {
      const { code, message } = await caught(call())
      expect(code).toBe('CONFIG_INVALID')
      expect(message).toContain(nameOf(replica))
      expect(message).toContain(`a replica of ${primary.host}:${primary.port}`)
      expect(message).toContain('{ primary, replicas }')
    }
  })

  test('a configured primary that is a replica is refused, and a lone server is used as it is', async () => {
    await using set = await startReplicaSet({ replicas: 1 })
    const [, replica] = set.servers as [RedisServer, RedisServer]
    await using configured = createCache({ servers: { primary: replica.url }, timeout: '5s' })
    expect(await caught(configured.get('a'))).toMatchObject({ code: 'CONFIG_INVALID' })
    await using stray = await startRedis()
    await using named = createCache({ servers: { primary: replica.url, replicas: [stray.url] }, timeout: '5s' })
    expect((await caught(named.get('a'))).code).toBe('CONFIG_INVALID')
    await using alone = createCache({ servers: replica.url, timeout: '5s', errors: 'throw' })
    expect(await alone.get('a')).toBe(undefined)
    expect((await caught(alone.set('a', 1))).code).toBe('SERVER_READONLY')
  })

  test('a sentinel is refused as a shard', async () => {
    await using group = await startSentinels({ sentinels: 1 })
    await using server = await startRedis()
    const [sentinel] = group.sentinels.map(({ url }) => url)
    await using cache = createCache({ servers: [server.url, sentinel as string], timeout: '5s' })
    const { code, message } = await caught(cache.connect())
    expect(code).toBe('CONFIG_INVALID')
    expect(message).toContain('found a sentinel')
  })

  test('a user who may not ask for the role is let in', async () => {
    const rules = ['~*', '&*', '+@all', '-role']
    await using shards = await startShards(2, { acl: { username: 'app', password: 'secret', rules } })
    const urls = shards.servers.map(({ host, port }) => `redis://app:secret@${host}:${port}`)
    const cache = shards.open({ servers: urls })
    await cache.connect()
    await cache.setMany(valuesOf(numbered(20)))
    expect((await cache.getMany(numbered(20))).size).toBe(20)
  })

  test('a shard that becomes a replica later says so on writes', async () => {
    await using shards = await startShards(3)
    const cache = shards.open({ servers: shards.urls.slice(0, 2), errors: 'throw', keyPrefix: 'p' })
    await cache.connect()
    const [first, , other] = shards.servers as [RedisServer, RedisServer, RedisServer]
    await first.command('REPLICAOF', other.host, other.port)
    const key = numbered(100).find((one) => twoOf(shards).route(`p:1:${one}`) === nameOf(first)) as string
    await until('the replica refuses writes', async () => (await caught(cache.set(key, 1))).code === 'SERVER_READONLY')
  })
})

const twoOf = ({ servers }: Shards) => rendezvous()(servers.slice(0, 2).map((server) => ({ name: nameOf(server) })))

test('counters and servers are told by shard', async () => {
  await using shards = await startShards(3)
  const cache = shards.open({ keyPrefix: 'p' })
  const keys = numbered(300)
  await cache.setMany(valuesOf(keys))
  await cache.getMany([...keys, 'none'])
  for (const key of keys.slice(0, 30)) await cache.get(key)
  await cache.deleteMany(keys.slice(0, 100))
  await cache.deletePattern('k1*')
  await cache.add('new', 1)
  await cache.getOrSet('loaded', () => 2)
  const stats = cache.stats()
  expect(Object.keys(stats.shards)).toEqual(shards.servers.map(nameOf))
  for (const counter of ['hits', 'misses', 'sets', 'deletes', 'bytesRead', 'bytesWritten'] as const) {
    const sum = Object.values(stats.shards).reduce((total, one) => total + one[counter], 0)
    expect(sum, counter).toBe(stats[counter])
  }
  expect(stats).toMatchObject({ hits: 330, misses: 2, sets: 302 })
  for (const server of shards.servers) {
    const own = keys.filter((key) => shards.serverOf(`p:1:${key}`) === server)
    expect(stats.shards[nameOf(server)]?.sets).toBeGreaterThanOrEqual(own.length)
  }
  expect(stats.servers.map(({ shard, server, state }) => [shard, server, state])).toEqual(
    shards.servers.map((server) => [nameOf(server), nameOf(server), 'ready']),
  )
  for (const { latency } of stats.servers) expect(latency?.p99).toBeGreaterThanOrEqual(latency?.p50 as number)
})

test('caches over some of the same servers void each other’s loads, however they are named', async () => {
  await using shards = await startShards(2)
  const [first, second] = shards.urls as [string, string]
  const one = shards.open()
  const other = shards.open({ servers: [second, first] })
  const gate = defer<string>()
  const begun = defer()
  const loading = one.getOrSet('a', () => (begun.resolve(), gate.promise))
  await begun.promise
  await other.delete('a')
  gate.resolve('stale')
  expect(await loading).toBe('stale')
  expect(await one.get('a')).toBe(undefined)
})

test('a sentinel group, a replica set and a server as shards of one cache', { timeout: 60_000 }, async () => {
  await using group = await startSentinels()
  await using set = await startReplicaSet({ replicas: 1 })
  await using server = await startRedis()
  const [primary, replica] = set.servers.map(({ url }) => url) as [string, string]
  const servers = [
    { sentinels: group.sentinels.map(({ url }) => url), master: group.master },
    { name: 'eu-1', primary, replicas: [replica] },
    server.url,
  ]
  await using cache = createCache({ servers, timeout: '5s' })
  await cache.connect()
  const keys = numbered(300)
  expect(await cache.setMany(valuesOf(keys))).toEqual([])
  expect((await cache.getMany(keys)).size).toBe(300)
  const shards = cache.stats().shards
  expect(Object.keys(shards)).toEqual([group.master, 'eu-1', nameOf(server)])
  for (const { sets } of Object.values(shards)) expect(sets).toBeGreaterThan(50)
  expect(new Set(cache.stats().servers.map(({ shard }) => shard))).toEqual(new Set(Object.keys(shards)))
  for (const key of keys) expect(await cache.incrVersion(key)).toBe(2)
  expect(await cache.deletePattern('*', { version: 2 })).toBe(300)
})
