import { inspect } from 'node:util'
import { afterEach, describe, expect, test } from 'vitest'
import { createCache, createCaches, type Cache, type CacheOptions } from '@shale/cache'
import { certs, freePort, startRedis, startSilentServer, type RedisServer, type StartRedisOptions } from '@tooling/servers'
import { allOperations } from './operations.ts'

const password = 'hunter2-Pa$$word'
const wrongPassword = 'wr0ng-s3cret'
const username = 'app'
const encryptionKey = Buffer.from('0123456789abcdefghijklmnopqrstuv')

/** Every form in which a secret could come out. */
const forms: readonly string[] = [
  password,
  wrongPassword,
  encodeURIComponent(password),
  encryptionKey.toString('latin1'),
  encryptionKey.toString('hex'),
  encryptionKey.toString('base64'),
  [...encryptionKey].join(', '),
  [...encryptionKey].join(','),
].flatMap((secret) => [secret, JSON.stringify(secret).slice(1, -1)])
const hexBytes = encryptionKey.toString('hex').match(/../g)?.join(' ') as string

function expectNoSecret(text: string, where: string): void {
  for (const secret of [...forms, hexBytes]) {
    if (text.includes(secret))
      throw new Error(`A secret in ${where}: …${text.slice(Math.max(0, text.indexOf(secret) - 80), text.indexOf(secret) + 10)}…`)
  }
}

/** All texts that a value shows: printed, as JSON, and each error of a chain by message, stack and own properties. */
function check(value: unknown, where: string): void {
  expectNoSecret(inspect(value, { showHidden: true, depth: Infinity, maxArrayLength: Infinity, maxStringLength: Infinity }), where)
  expectNoSecret(inspect(value), where)
  expectNoSecret(
    JSON.stringify(value, (_, inner: unknown) => (inner instanceof Map ? [...inner] : typeof inner === 'bigint' ? String(inner) : inner)) ??
      '',
    where,
  )
  for (let error = value; error instanceof Error; error = error.cause) {
    expectNoSecret(`${error.message}\n${error.stack}\n${String(error)}`, where)
    for (const name of Reflect.ownKeys(error))
      expectNoSecret(
        inspect((error as unknown as Record<PropertyKey, unknown>)[name], { showHidden: true, depth: 20 }),
        `${where}.${String(name)}`,
      )
  }
}

const ends: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
})

async function redis(options?: StartRedisOptions): Promise<RedisServer> {
  const server = await startRedis(options)
  ends.push(() => server.stop())
  return server
}

/** Lets every operation run, and looks at all that the cache shows. */
async function look(options: CacheOptions, ends: (cache: Cache) => Promise<void> = async () => {}): Promise<void> {
  for (const errors of ['degrade', 'throw'] as const) {
    const cache = createCache({
      timeout: 200,
      connectTimeout: 300,
      encryption: { keys: { k1: encryptionKey }, current: 'k1' },
      errors,
      ...options,
    })
    let told = 0
    for (const name of ['connect', 'disconnect', 'degraded', 'decode-error', 'breaker', 'primary', 'replica', 'repaired'] as const) {
      cache.on(name, (event) => {
        told++
        check(event, `the event ${name}`)
      })
    }
    check(cache, 'the cache')
    const results = await Promise.all(
      [...allOperations.map(({ call }) => call), (one: Cache) => one.connect()].map((call) => call(cache).catch((error: unknown) => error)),
    )
    await ends(cache)
    for (const result of results) check(result, 'a result')
    check(cache, 'the cache')
    check(cache.stats(), 'the stats')
    check(cache.namespace('inner'), 'a namespace')
    expect(told + results.length).toBeGreaterThan(0)
    await cache.close()
    check(cache, 'the closed cache')
  }
}

const urlOf = (port: number, secret: string): string => `redis://${username}:${encodeURIComponent(secret)}@127.0.0.1:${port}`

describe('no secret is shown', () => {
  test('by a cache that works, and one whose server is killed', async () => {
    const server = await redis({ password, acl: { username, password } })
    for (const options of [
      { servers: urlOf(server.port, password) },
      { servers: `redis://127.0.0.1:${server.port}`, username, password },
    ]) {
      await look(options)
      await look(options, async (cache) => {
        await server.restart()
        for (const { call } of allOperations) check(await call(cache).catch((error: unknown) => error), 'a result after a restart')
      })
    }
  })

  test('with a wrong password, by any driver option', async () => {
    const server = await redis({ acl: { username, password } })
    await look({ servers: urlOf(server.port, wrongPassword) })
    await look({ servers: `127.0.0.1:${server.port}`, username, password: wrongPassword })
    await look({ servers: `127.0.0.1:${server.port}`, password: wrongPassword })
    await look({ servers: server.path, username, password: wrongPassword })
  })

  test('with a password for a server that has none', async () => {
    const server = await redis()
    await look({ servers: `redis://:${encodeURIComponent(wrongPassword)}@127.0.0.1:${server.port}` })
  })

  test('with nobody there, a server that says nothing, and a wrong authority', async () => {
    await look({ servers: urlOf(await freePort(), password) })
    const silent = await startSilentServer()
    ends.push(() => silent.stop())
    await look({ servers: urlOf(silent.port, password) })
    const server = await redis({ tls: true, password })
    await look({ servers: server.url, tls: { ca: certs.otherCa } })
  })

  test('by shards of which one is there, one has another password, and one is down', async () => {
    const [one, other] = [await redis({ acl: { username, password } }), await redis({ acl: { username, password: 'another' } })]
    await look({ servers: [one, other, { port: await freePort() }].map(({ port }) => urlOf(port, password)) })
  })

  test('by a replica set one of whose members is down', async () => {
    const server = await redis({ acl: { username, password } })
    await look({ servers: { primary: urlOf(server.port, password), replicas: [urlOf(await freePort(), password)] }, readFrom: 'any' })
    await look({ servers: { primary: urlOf(await freePort(), password), replicas: [urlOf(server.port, wrongPassword)] } })
  })

  test('with entries that do not decrypt', async () => {
    const server = await redis()
    const other = createCache({ servers: server.url, encryption: { keys: { k1: Buffer.alloc(32, 1) }, current: 'k1' } })
    await other.setMany({ a: { x: 1 }, b: 'y' })
    await other.close()
    await look({ servers: server.url })
  })

  test('by refused options', () => {
    const wrong: readonly CacheOptions[] = [
      ...[
        `redis://u:${password}@host:port`,
        `redis://u:${password}@`,
        `redis://u:${password}@host/x`,
        `redis://u:${password}@host?nope=1`,
        `redis://:${password}%zz@host`,
      ],
      ...[
        `redis://host:${password}`,
        `redis://u:${password}/host`,
        `http://u:${password}@host`,
        ` redis://u:${password}@host`,
        `redis://u:${password}@a,redis://u:${password}@a`,
        `redis://u:${password}@a,u:${password}@b`,
        `redis://a,u:${password}@b`,
        `u:${password}@a,b`,
        `redis://u:${password}@a,redis://u:${password}@b:x`,
      ],
      ...[`unix://u:${password}@relative`, `unix://u:${password}@/x?db=${'x'}`, `u:${password}@host:x`, `redis://u:${password}@host#x`],
    ].map((servers) => ({ servers }))
    const more: readonly unknown[] = [
      { password: [password] },
      { password: Buffer.from(password) },
      { password: { secret: password } },
      { password, username: 5 },
      { password, nope: 1 },
      { servers: { primary: `redis://u:${password}@host`, replica: `redis://u:${password}@host2` } },
      { servers: { primary: `redis://u:${password}@host`, replicas: `redis://u:${password}@host2` } },
      { servers: { primary: `redis://u:${password}@host`, replicas: [`redis://u:${password}@host`] } },
      { servers: { primary: [`redis://u:${password}@host`] } },
      { servers: { cluster: `redis://u:${password}@host` } },
      { servers: { cluster: [`redis://u:${password}@host/1`] } },
      { servers: { sentinels: [`redis://u:${password}@host`], master: [password] } },
      { servers: [`redis://u:${password}@host`, `redis://u:${password}@host`] },
      { servers: [`redis://u:${password}@host`, [`redis://u:${password}@host2`]] },
      { servers: [`redis://u:${password}@host`, { primary: `redis://u:${password}@host2` }] },
      { servers: 'redis://a', previousServers: `redis://u:${password}@host:x` },
      { servers: 'redis://a', previousServers: { servers: `redis://u:${password}@host:x` } },
      { servers: { servers: `redis://u:${password}@host` } },
      { servers: new URL(`redis://u:${encodeURIComponent(password)}@host`) },
      { encryption: { keys: { a: encryptionKey.toString('latin1') }, current: 'a' } },
      { encryption: { keys: { a: encryptionKey.subarray(1) }, current: 'a' } },
      { encryption: { keys: { a: encryptionKey }, current: 'b' } },
      { encryption: { keys: [encryptionKey], current: 0 } },
      { encryption: encryptionKey },
      { encryption: encryptionKey.toString('latin1') },
      { encryption: { keys: { a: encryptionKey }, current: encryptionKey.toString('base64') } },
      { tls: { nope: password } },
      `redis://u:${password}@host`,
      [`redis://u:${password}@host`],
      new Map([['password', password]]),
    ]
    for (const options of [...wrong, ...more]) {
      let error: unknown
      try {
        createCache(options as CacheOptions)
      } catch (thrown) {
        error = thrown
      }
      expect(error, inspect(options)).toBeInstanceOf(Error)
      check(error, `the error of ${inspect(options)}`)
      try {
        createCaches({ one: options as CacheOptions })
      } catch (thrown) {
        check(thrown, 'the error of createCaches')
      }
      try {
        createCaches(options as never)
      } catch (thrown) {
        check(thrown, 'the error of createCaches')
      }
    }
  })

  test('by the parts that a caller can reach', () => {
    const options = {
      servers: `redis://u:${encodeURIComponent(password)}@host`,
      encryption: { keys: { k1: encryptionKey }, current: 'k1' },
    }
    const cache = createCache(options)
    const seen = new Set<unknown>()
    const walk = (value: unknown, path: string): void => {
      if ((typeof value !== 'object' && typeof value !== 'function') || value === null || seen.has(value)) return
      seen.add(value)
      for (const name of Reflect.ownKeys(value)) {
        const inner = Object.getOwnPropertyDescriptor(value, name)?.value as unknown
        if (typeof inner === 'string') expectNoSecret(inner, `${path}.${String(name)}`)
        walk(inner, `${path}.${String(name)}`)
      }
    }
    walk(cache, 'cache')
    walk(cache.namespace('inner'), 'namespace')
  })
})
