import { readFile } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ioredis, nodeRedis, type Cache, type CacheOptions } from '@shale/cache'
import { certs, startCluster, until, type Certificate, type ClusterNode, type RedisCluster } from '@tooling/servers'
import { caught } from './caught.ts'
import { expectRefused, login, open as openCache } from './tls-caches.ts'

let cluster: RedisCluster
beforeAll(async () => {
  cluster = await startCluster({ primaries: 3, replicas: 2, nodeTimeout: 800, tls: true, password: 'of the default user', acl: login })
}, 60_000)
afterAll(() => cluster.stop())

const open = (options: CacheOptions): Cache => openCache({ timeout: '2s', ...options })
const ports = (): number[] => cluster.nodes.map(({ port }) => port)
const seeds = (host: string, scheme = 'rediss://'): string[] =>
  ports()
    .slice(0, 2)
    .map((port) => `${scheme}${host}:${port}`)
const many = Object.fromEntries(Array.from({ length: 60 }, (_, i) => [`key ${i}`, i]))
const keys = Object.keys(many)
const found = (cache: Cache): Promise<Map<string, number>> => cache.getMany<number>(keys)

/** Has all nodes do as they are told at once. */
const configure = (...settings: string[]): Promise<unknown> =>
  Promise.all(cluster.nodes.map((node) => node.command('CONFIG', 'SET', ...settings)))
const present = ({ certFile }: Certificate): Promise<unknown> => configure('tls-cert-file', certFile)

describe.each([nodeRedis, ioredis])('$name', (driver) => {
  const ca = certs.ca
  test.each<[string, () => CacheOptions]>([
    ['addresses', () => ({ servers: { cluster: seeds('127.0.0.1') }, ...login })],
    ['seeds by a name, and nodes that announce addresses', () => ({ servers: { cluster: seeds('localhost') }, ...login })],
    ['a login in the address', () => ({ servers: { cluster: seeds('cache:s3cret@127.0.0.1') } })],
    ['the option tls alone', () => ({ servers: { cluster: seeds('127.0.0.1', 'redis://') }, ...login })],
    ['the default user', () => ({ servers: { cluster: seeds('127.0.0.1') }, password: 'of the default user' })],
    ['replicas', () => ({ servers: { cluster: seeds('127.0.0.1') }, ...login, readFrom: 'replica-preferred' })],
  ])('all nodes are reached: %s', async (_, options) => {
    const cache = open({ ...options(), tls: { ca }, driver: driver() })
    await cache.connect()
    expect(await cache.setMany(many)).toEqual([])
    expect(Object.fromEntries(await found(cache))).toEqual(many)
    const where = new Set(await Promise.all(keys.map(async (key) => (await cache.inspect(key))?.server)))
    expect(where).toEqual(
      new Set(
        ports()
          .slice(0, 3)
          .map((port) => `127.0.0.1:${port}/0`),
      ),
    )
  })

  test.each<[string, () => CacheOptions, RegExp]>([
    ['the authority is unknown', () => ({ ...login, tls: { ca: certs.otherCa } }), /certificate.*option tls.*'ca'/],
    ['the system has no such authority', () => ({ ...login, tls: true }), /certificate.*option tls.*'ca'/],
    ['the name is another', () => ({ ...login, tls: { ca, servername: 'example.com' } }), /altnames.*servername/],
    ['the password is wrong', () => ({ username: 'cache', password: 'wr0ng', tls: { ca } }), /WRONGPASS.*Check the username/],
    ['there is no password', () => ({ tls: { ca } }), /NOAUTH.*set the option password/],
  ])('%s: a typed error in time, and no cold cache', async (_, options, message) => {
    const cache = open({ servers: { cluster: seeds('127.0.0.1') }, ...options(), driver: driver() })
    const error = await expectRefused(cache, message)
    expect(error.message).toMatch(/127\.0\.0\.1:\d+/)
    expect(ports().some((port) => error.message.includes(String(port)))).toBe(true)
  })

  test('without TLS the error says that the server may speak it', async () => {
    const cache = open({ servers: { cluster: seeds('127.0.0.1', 'redis://') }, ...login, driver: driver() })
    expect(await caught(cache.connect())).toMatchObject({
      code: 'SERVER_UNAVAILABLE',
      message: expect.stringMatching(/speaks TLS.*'rediss:'/),
    })
  })
})

describe('a certificate for a name, which the seeds have', () => {
  const tls = { ca: certs.named.ca }
  const byName = (options: CacheOptions = {}): Cache => open({ servers: { cluster: seeds('localhost') }, ...login, tls, ...options })
  beforeAll(() => present(certs.named))
  afterAll(() => present(certs))

  test('nodes that announce addresses are refused, which is no cold cache, and says what to do', async () => {
    const cache = byName()
    const told: string[] = []
    cache.on('connect', ({ server }) => told.push(server))
    for (let i = 0; i < 8; i++) {
      await new Promise((resolve) => setTimeout(resolve, 60))
      for (const call of [
        () => cache.connect(),
        () => cache.get('a'),
        () => cache.set('a', 1),
        () => cache.has('a'),
        () => cache.delete('a'),
      ]) {
        const error = await caught(call())
        expect(error).toMatchObject({ code: 'SERVER_AUTH', message: expect.stringMatching(/^127\.0\.0\.1:\d+\/0: .*altnames.*servername/) })
      }
    }
    expect(told).toEqual([])
  })

  test('the name is stated', async () => {
    for (const host of ['localhost', '127.0.0.1']) {
      const cache = open({ servers: { cluster: seeds(host) }, ...login, tls: { ...tls, servername: 'localhost' } })
      await cache.connect()
      expect(await cache.setMany(many)).toEqual([])
      expect(await found(cache)).toHaveProperty('size', keys.length)
    }
  })

  test('nodes announce names, or nothing', async ({ skip }) => {
    const known = await cluster.nodes[0]?.command('CONFIG', 'GET', 'cluster-announce-hostname')
    if ((known as string[]).length === 0) skip('Before Redis 7 nodes have no names.')
    await configure('cluster-announce-hostname', 'localhost')
    await until('all nodes know the names', async () => {
      const views = await Promise.all(cluster.nodes.map((node) => node.command('CLUSTER', 'NODES')))
      return views.every((view) => String(view).match(/,localhost /g)?.length === cluster.nodes.length)
    })
    try {
      for (const type of ['hostname', 'unknown-endpoint']) {
        await configure('cluster-preferred-endpoint-type', type)
        const cache = byName()
        await cache.connect()
        expect(await cache.setMany(many)).toEqual([])
        expect(await found(cache)).toHaveProperty('size', keys.length)
        expect((await cache.inspect('key 0'))?.server).toMatch(/^localhost:\d+\/0$/)
      }
    } finally {
      await configure('cluster-preferred-endpoint-type', 'ip')
    }
  })
})

describe('a certificate of the client, where nodes ask for one', () => {
  const tls = { ca: certs.ca }
  beforeAll(() => configure('tls-auth-clients', 'yes'))
  afterAll(() => configure('tls-auth-clients', 'no'))

  test.each([nodeRedis, ioredis])('$name', async (driver) => {
    const options = { servers: { cluster: seeds('127.0.0.1') }, ...login, driver: driver() }
    const [cert, key] = await Promise.all([certs.certFile, certs.keyFile].map((file) => readFile(file)))
    const cache = open({ ...options, tls: { ...tls, cert, key } })
    await cache.connect()
    expect(await cache.setMany(many)).toEqual([])
    const error = await caught(open({ ...options, tls }).connect())
    // The server says why and hangs up, and of the two the second may be heard first.
    expect(error.code).toMatch(/^SERVER_(AUTH|UNAVAILABLE)$/)
    expect(error.message).toMatch(/127\.0\.0\.1:\d+.*certificate of the client/)
  })
})

describe('what happens in a cluster', () => {
  const cached = (options: CacheOptions = {}): Cache =>
    open({ servers: { cluster: seeds('localhost') }, ...login, tls: { ca: certs.ca }, ...options })

  test('redirects: a slot on its way (ASK), and one that was moved (MOVED)', async () => {
    const cache = cached()
    const tagged = Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`{moving}${i}`, i]))
    expect(await cache.setMany(tagged)).toEqual([])
    const slot = await cluster.slotOf('{moving}')
    const from = await cluster.ownerOf(slot)
    const to = (await cluster.primaries()).find((node) => node !== from) as ClusterNode
    const asked = (): Promise<number> => Promise.all([from, to].map(errorsOf)).then(([a = 0, b = 0]) => a + b)
    const before = await asked()
    const migration = await cluster.beginMigration(slot, to)
    await migration.moveKeys(10)
    expect(Object.fromEntries(await cache.getMany(Object.keys(tagged)))).toEqual(tagged)
    expect(await cache.set('{moving}new', 'new')).toBe(true)
    expect((await asked()) - before).toBeGreaterThan(10)
    while ((await migration.moveKeys(100)) > 0);
    await migration.finish()
    expect(Object.fromEntries(await cache.getMany(Object.keys(tagged)))).toEqual(tagged)
    expect(await cache.get('{moving}new')).toBe('new')
    expect((await cache.inspect('{moving}new'))?.server).toBe(`127.0.0.1:${to.port}/0`)
  })

  test.each([
    ['command', 0],
    ['kill', 1],
  ] as const)('a failover by %s', { timeout: 60_000 }, async (by, of) => {
    const cache = cached()
    await cache.connect()
    const primary = cluster.nodes[of] as ClusterNode
    const key = await keyAt(primary)
    expect(await cache.set(key, 0)).toBe(true)
    const promoted = await cluster.failover(primary, by)
    const visible = performance.now()
    await until('writes go on', () => cache.set(key, 1))
    const took = performance.now() - visible
    console.log(`over TLS, by ${by}: writes go on ${Math.round(took)} ms after the promotion`)
    expect(took).toBeLessThan(1000)
    expect((await cache.inspect(key))?.server).toBe(`127.0.0.1:${promoted.port}/0`)
  })
})

/** How many commands a node turned away to another one. */
async function errorsOf(node: ClusterNode): Promise<number> {
  const stats = String(await node.command('INFO', 'errorstats'))
  return Number(/^errorstat_ASK:count=(\d+)/m.exec(stats)?.[1] ?? 0)
}

async function keyAt(node: ClusterNode): Promise<string> {
  for (const key of keys) if ((await cluster.ownerOf(await cluster.slotOf(`:1:${key}`))) === node) return key
  throw new Error(`No key is at ${node.port}`)
}
