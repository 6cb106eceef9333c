import { connect, createServer, type AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ioredis, nodeRedis, type Cache, type CacheOptions, type SentinelServers } from '@shale/cache'
import { certs, startSentinels, until, type RedisServer, type SentinelGroup, type SentinelServer } from '@tooling/servers'
import { caught } from './caught.ts'
import { expectRefused, login, open } from './tls-caches.ts'

const tls = { ca: certs.ca }
const master = 'mymaster'

/** All speak TLS, and have users. */
let group: SentinelGroup
/** Only the servers do, or only what the sentinels offer. */
let servers: SentinelGroup
let sentinels: SentinelGroup
beforeAll(async () => {
  const users = { password: 'of the servers', acl: login }
  ;[group, servers, sentinels] = await Promise.all([
    startSentinels({ ...users, replicas: 1, tls: true, sentinelPassword: 'p4ss', sentinelAcl: { username: 'asker', password: 'w0rd' } }),
    startSentinels({ ...users, sentinels: 1, replicas: 0, tls: 'servers' }),
    startSentinels({ ...users, sentinels: 1, replicas: 0, tls: 'sentinels' }),
  ])
}, 60_000)
afterAll(() => Promise.all([group, servers, sentinels].map((one) => one.stop())))

const named = (of: SentinelGroup, prefix: string, host = '127.0.0.1'): SentinelServers => ({
  sentinels: of.sentinels.map(({ port }) => `${prefix}${host}:${port}`),
  master,
})

async function works(cache: Cache): Promise<void> {
  await cache.connect()
  expect(await cache.set('a', 'b')).toBe(true)
  expect(await cache.get('a')).toBe('b')
}

const placesOf = (some: readonly { readonly port: number }[]): string => `127\\.0\\.0\\.1:(${some.map(({ port }) => port).join('|')})`

describe.each([nodeRedis, ioredis])('$name', (driver) => {
  test.each<[string, () => CacheOptions]>([
    ['sentinels with a password of their own', () => ({ servers: named(group, 'rediss://:p4ss@'), tls })],
    ['sentinels with users of their own', () => ({ servers: named(group, 'rediss://asker:w0rd@'), tls })],
    ['sentinels by a name', () => ({ servers: named(group, 'rediss://asker:w0rd@', 'localhost'), tls })],
    ['the option tls alone', () => ({ servers: named(group, 'redis://:p4ss@'), tls })],
    ['replicas', () => ({ servers: named(group, 'rediss://:p4ss@'), tls, readFrom: 'replica-preferred' })],
    ['sentinels without TLS, of servers with it', () => ({ servers: { ...named(servers, 'redis://'), tls } })],
    ['sentinels with TLS, of servers without', () => ({ servers: { ...named(sentinels, 'rediss://'), tls: false }, tls })],
    ['each as it says', () => ({ servers: { ...named(group, 'rediss://:p4ss@'), tls }, tls: { rejectUnauthorized: false } })],
  ])('%s', async (_, options) => {
    await works(open({ ...options(), ...login, driver: driver() }))
  })

  test.each<[string, () => [SentinelServers, CacheOptions, readonly { readonly port: number }[]], RegExp]>([
    ['an unknown authority', () => [named(group, 'rediss://:p4ss@'), { tls: { ca: certs.otherCa } }, group.sentinels], /certificate.*'ca'/],
    ['no authority', () => [named(group, 'rediss://:p4ss@'), {}, group.sentinels], /certificate.*'ca'/],
    ['an unknown authority of the servers', () => [{ ...named(servers, 'redis://'), tls: true }, {}, servers.servers], /certificate.*'ca'/],
    ['a wrong password of the sentinels', () => [named(group, 'rediss://:wr0ng@'), { tls }, group.sentinels], /WRONGPASS/],
    ['a wrong password of the servers', () => [named(group, 'rediss://:p4ss@'), { tls, password: 'wr0ng' }, group.servers], /WRONGPASS/],
  ])('%s: a typed error in time, and no cold cache', async (_, options, message) => {
    const [to, more, culprits] = options()
    await expectRefused(
      open({ servers: to, ...login, driver: driver(), ...more }),
      new RegExp(`${placesOf(culprits)}\\S*[: ].*${message.source}`),
    )
  })
})

test('servers of sentinels that are reached over TLS are reached over TLS, and no password is sent in the clear', async () => {
  const cache = open({ servers: named(sentinels, 'rediss://'), ...login, tls: { ...tls, rejectUnauthorized: false }, connectTimeout: 300 })
  const error = await caught(cache.connect())
  expect(error.message).toMatch(new RegExp(`${placesOf(sentinels.servers)}.*TLS`))
})

test('servers that are found to speak TLS: the error says so', async () => {
  const cache = open({ servers: named(servers, 'redis://'), ...login, connectTimeout: 300 })
  expect(await caught(cache.connect())).toMatchObject({
    code: 'SERVER_UNAVAILABLE',
    message: expect.stringMatching(new RegExp(`${placesOf(servers.servers)}.*speaks TLS.*option tls`)),
  })
})

test('a certificate that was not trusted for a while does not keep a sentinel from being told the password of the servers', async () => {
  await using other = await startSentinels({ sentinels: 1, replicas: 0, tls: true, password: 's3cret', sentinelPassword: 's3cret' })
  const [sentinel] = other.sentinels as [SentinelServer]
  let isSound = false
  const gate = createServer((socket) => {
    socket.on('error', () => {})
    if (!isSound) return void socket.end('no TLS\r\n')
    const onward = connect(sentinel.port, sentinel.host)
    onward.on('error', () => {})
    socket.pipe(onward).pipe(socket)
  })
  await new Promise<void>((resolve) => gate.listen(0, '127.0.0.1', resolve))
  const { port } = gate.address() as AddressInfo
  const cache = open({ servers: { sentinels: [`rediss://127.0.0.1:${port}`], master }, tls, password: 's3cret' })
  expect((await caught(cache.connect())).code).toBe('SERVER_AUTH')
  isSound = true
  await until('it is let in', () => cache.set('a', 1).catch(() => false))
  await cache.close()
  gate.close()
})

describe('a certificate of the servers that is for a name', () => {
  const { certFile, ca } = certs.named
  const present = (cert: string): Promise<unknown> =>
    Promise.all(servers.servers.map((server) => server.command('CONFIG', 'SET', 'tls-cert-file', cert)))
  beforeAll(() => present(certFile))
  afterAll(() => present(certs.certFile))

  test('sentinels tell addresses: the name is stated', async () => {
    await works(open({ servers: { ...named(servers, 'redis://'), tls: { ca, servername: 'localhost' } }, ...login }))
    await expectRefused(open({ servers: { ...named(servers, 'redis://'), tls: { ca } }, ...login }), /altnames.*'servername'/)
  })

  test('sentinels tell names', async () => {
    const [sentinel] = servers.sentinels as [SentinelServer]
    const [server] = servers.servers as [RedisServer]
    for (const option of ['resolve-hostnames', 'announce-hostnames']) await sentinel.command('SENTINEL', 'CONFIG', 'SET', option, 'yes')
    await sentinel.command('SENTINEL', 'MONITOR', 'by-name', 'localhost', server.port, 1)
    await sentinel.command('SENTINEL', 'SET', 'by-name', 'auth-user', login.username, 'auth-pass', login.password)
    await works(open({ servers: { ...named(servers, 'redis://'), master: 'by-name', tls: { ca } }, ...login }))
  })
})

test('a failover', { timeout: 60_000 }, async () => {
  const cache = open({ servers: named(group, 'rediss://asker:w0rd@'), ...login, tls })
  await works(cache)
  const former = await group.primary()
  const [replica] = group.servers.filter((server) => server !== former) as [RedisServer]
  await former.kill()
  // Whoever is promoted ends the connections of clients.
  const role = (): Promise<unknown> => replica.command('INFO', 'replication').catch(() => '')
  await until('the replica is promoted', async () => String(await role()).includes('role:master'), 20_000)
  const visible = performance.now()
  await until('writes go on', () => cache.set('a', 'c').catch(() => false))
  const took = performance.now() - visible
  console.log(`over TLS: writes go on ${Math.round(took)} ms after the promotion`)
  expect(took).toBeLessThan(1000)
  expect(await cache.get('a')).toBe('c')
  expect((await cache.inspect('a'))?.server).toBe(`127.0.0.1:${replica.port}/0`)
})
