import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { createCache, type Cache, type CacheOptions } from '@shale/cache'
import { startRedis, startReplicaSet, type RedisReplicaSet, type RedisServer } from '@tooling/servers'
import { caught } from '../caught.ts'

let servers: RedisServer[]
let set: RedisReplicaSet
beforeAll(async () => {
  servers = await Promise.all([startRedis(), startRedis()])
  set = await startReplicaSet({ replicas: 1 })
}, 60_000)
afterAll(() => Promise.all([...servers.map((server) => server.stop()), set.stop()]))
beforeEach(() => Promise.all([...servers, set.primary].map((server) => server.command('FLUSHALL'))))

const opened: Cache[] = []
afterEach(() => Promise.all(opened.splice(0).map((cache) => cache.close())))
function open(options: CacheOptions): Cache {
  const cache = createCache({ timeout: '1s', ttl: null, ...options })
  opened.push(cache)
  return cache
}

const otherName = (url: string): string => url.replace('127.0.0.1', 'localhost')
const entries = Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`key ${i}`, i]))
const urls = (): string[] => servers.map(({ url }) => url)
const size = async (server: RedisServer): Promise<number> => Number(await server.command('DBSIZE'))

test('one server as two shards is told, and loses nothing', async () => {
  const [url] = urls() as [string]
  expect(await open({ servers: url }).setMany(entries)).toEqual([])
  const cache = open({ servers: [url, otherName(url)] })
  const { code, message } = await caught(cache.connect())
  expect(code).toBe('CONFIG_INVALID')
  for (const name of [url, otherName(url)]) expect(message).toContain(new URL(name).host)
  await caught(cache.rebalance())
  expect(await size(servers[0] as RedisServer)).toBe(300)
})

test('servers that have other names in the other layout are told, and lose nothing', async () => {
  expect(await open({ servers: urls() }).setMany(entries)).toEqual([])
  const cache = open({ servers: urls().map(otherName), previousServers: urls() })
  expect((await caught(cache.connect())).code).toBe('CONFIG_INVALID')
  await caught(cache.rebalance())
  // As the message has it: the shards keep their names.
  const named = urls().map((url) => ({ name: `${new URL(url).host}/0`, primary: otherName(url) }))
  const renamed = open({ servers: named })
  expect(Object.fromEntries(await renamed.getMany(Object.keys(entries)))).toEqual(entries)
  expect(await renamed.rebalance()).toMatchObject({ scanned: 300, home: 300 })
})

test('databases of one server are places of their own', async () => {
  const [url] = urls() as [string]
  const cache = open({ servers: [url, `${url}/1`], previousServers: [url, `${url}/2`] })
  await cache.connect()
  expect(await cache.setMany(entries)).toEqual([])
  expect(Object.fromEntries(await cache.getMany(Object.keys(entries)))).toEqual(entries)
})

test('a replica set as two shards loses nothing by rebalance', async () => {
  const replica = (set.replicas[0] as RedisServer).url
  const one = { name: 'one', primary: set.primary.url, replicas: [replica] }
  expect(await open({ servers: [one] }).setMany(entries)).toEqual([])
  const other = { name: 'other', primary: otherName(set.primary.url), replicas: [otherName(replica)] }
  const cache = open({ servers: [one, other] })
  expect(await cache.rebalance()).toMatchObject({ moved: 0, dropped: 0 })
  expect(Object.fromEntries(await cache.getMany(Object.keys(entries)))).toEqual(entries)
})
