import { afterAll, beforeAll, expect, test } from 'vitest'
import { ioredis, nodeRedis, type CacheOptions } from '@shale/cache'
import { certs, startReplicaSet, until, type RedisReplicaSet, type RedisServer } from '@tooling/servers'
import { expectRefused, login, open } from './tls-caches.ts'

const tls = { ca: certs.ca }

let set: RedisReplicaSet
beforeAll(async () => {
  set = await startReplicaSet({ replicas: 2, tls: true, password: 'of the default user', acl: login })
}, 60_000)
afterAll(() => set.stop())

function members(prefix: string, host = '127.0.0.1'): { primary: string; replicas: string[] } {
  const [primary, ...replicas] = set.servers.map(({ port }) => `${prefix}${host}:${port}`)
  return { primary: primary as string, replicas }
}

test.each<[string, () => CacheOptions]>([
  ['addresses', () => ({ servers: members('rediss://'), ...login, driver: nodeRedis() })],
  ['addresses, by ioredis', () => ({ servers: members('rediss://'), ...login, driver: ioredis() })],
  ['names, with a login', () => ({ servers: members('rediss://cache:s3cret@', 'localhost') })],
  ['the option tls alone', () => ({ servers: members('redis://'), ...login })],
])('a primary and its replicas are reached and read: %s', async (_, options) => {
  const cache = open({ ...options(), tls, readFrom: 'replica', readYourWrites: false })
  await cache.connect()
  expect(await cache.set('a', 'b')).toBe(true)
  await until('a replica has it', async () => (await cache.get('a')) === 'b')
  await until('all are known', () => {
    const roles = cache.stats().servers.filter(({ state }) => state === 'ready')
    return roles.filter(({ role }) => role === 'replica').length === 2 && roles.some(({ role }) => role === 'primary')
  })
})

test.each<[string, CacheOptions, RegExp]>([
  ['an unknown authority', { ...login, tls: { ca: certs.otherCa } }, /certificate.*'ca'/],
  ['another name', { ...login, tls: { ...tls, servername: 'example.com' } }, /altnames.*'servername'/],
  ['a wrong password', { ...login, password: 'wr0ng', tls }, /WRONGPASS/],
])('%s: a typed error in time that names the server, and no cold cache', async (_, options, message) => {
  const cache = open({ servers: members('rediss://'), ...options })
  const error = await expectRefused(cache, message)
  expect(set.servers.some(({ port }) => error.message.includes(`127.0.0.1:${port}/0`))).toBe(true)
})

test('a primary that is replaced: writes go on', async () => {
  const cache = open({ servers: members('rediss://'), ...login, tls })
  await cache.connect()
  expect(await cache.set('b', 1)).toBe(true)
  const promoted = set.replicas[0] as RedisServer
  await set.promote(0)
  const visible = performance.now()
  await until('writes go on', () => cache.set('b', 2).catch(() => false))
  const took = performance.now() - visible
  console.log(`over TLS: writes go on ${Math.round(took)} ms after the promotion`)
  expect(took).toBeLessThan(1000)
  await until('at the new primary', async () => (await cache.inspect('b'))?.server === `127.0.0.1:${promoted.port}/0`)
})
