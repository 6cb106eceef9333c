import { afterEach, describe, expect, test } from 'vitest'
import { createCache, type Cache, type CacheOptions, type ErrorCode } from '@shale/cache'
import {
  certs,
  freePort,
  startProxy,
  startRedis,
  startSilentServer,
  until,
  type RedisServer,
  type StartRedisOptions,
} from '@tooling/servers'
import { caught } from './caught.ts'
import { safeOperations, strictOperations } from './operations.ts'

const ends: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
})

async function redis(options?: StartRedisOptions): Promise<RedisServer> {
  const server = await startRedis(options)
  ends.push(() => server.stop())
  return server
}

function open(options: CacheOptions): Cache {
  const cache = createCache({ timeout: '200ms', connectTimeout: '400ms', ...options })
  ends.push(() => cache.close())
  return cache
}

/** Runs every operation at once, in both modes, and holds it against the table. */
async function holdsTable(options: CacheOptions, codes: readonly ErrorCode[]): Promise<void> {
  for (const errors of ['degrade', 'throw'] as const) {
    const cache = open({ ...options, errors })
    let events = 0
    cache.on('degraded', () => events++)
    for (const { name, call, answer, many } of safeOperations) {
      if (errors === 'degrade') expect(await call(cache), name).toStrictEqual(answer)
      else await fails(name, call(cache), many, codes)
    }
    expect(events).toBe(errors === 'degrade' ? safeOperations.length : 0)
    expect(cache.stats().degraded).toBe(events)
    await Promise.all(strictOperations.map(({ name, call, many }) => fails(name, call(cache), many, codes)))
    expect(Object.keys(cache.stats().errors).sort()).toStrictEqual([...new Set(['SHARDS_FAILED', ...seen(cache, codes)])].sort())
  }
}

const seen = (cache: Cache, codes: readonly ErrorCode[]): string[] =>
  Object.keys(cache.stats().errors).filter((code) => codes.includes(code as ErrorCode))

async function fails(name: string, call: Promise<unknown>, many: boolean, codes: readonly ErrorCode[]): Promise<void> {
  const { code, partial } = await caught(call)
  if (!many) return expect(codes, name).toContain(code)
  expect(code, name).toBe('SHARDS_FAILED')
  const { failed } = partial as { failed: readonly { shard: string; code: ErrorCode }[] }
  expect(failed, name).toHaveLength(1)
  expect(codes, name).toContain(failed[0]?.code)
}

describe('servers that are not there', () => {
  test('a port that nobody listens on', async () => {
    await holdsTable({ servers: `redis://127.0.0.1:${await freePort()}` }, ['SERVER_UNAVAILABLE'])
  })

  test('a socket that is not there', async () => {
    await holdsTable({ servers: '/nowhere/redis.sock' }, ['SERVER_UNAVAILABLE'])
  })

  test('a name that does not resolve', async () => {
    await holdsTable({ servers: 'redis://name.invalid' }, ['SERVER_UNAVAILABLE', 'SERVER_TIMEOUT'])
  })

  test('a server that accepts and says nothing', { timeout: 60_000 }, async () => {
    const server = await startSilentServer()
    ends.push(() => server.stop())
    await holdsTable({ servers: `redis://127.0.0.1:${server.port}` }, ['SERVER_UNAVAILABLE', 'SERVER_TIMEOUT'])
  })
})

describe('servers that come and go', () => {
  test('stopped in mid-run, and continued', { timeout: 60_000 }, async () => {
    const server = await redis()
    const cache = open({ servers: server.url })
    await cache.set('kept', 'before')
    server.pause()
    for (const { name, call, answer } of safeOperations) expect(await call(cache), name).toStrictEqual(answer)
    await Promise.all(
      strictOperations.map(({ name, call, many }) => fails(name, call(cache), many, ['SERVER_TIMEOUT', 'SERVER_UNAVAILABLE'])),
    )
    server.resume()
    await until('the cache serves again', () => cache.set('a', 1))
    expect(await cache.get('a')).toBe(1)
  })

  test('killed under load, and restarted on the same port', async () => {
    const server = await redis()
    const cache = open({ servers: server.url })
    const events: string[] = []
    cache.on('connect', () => events.push('connect'))
    cache.on('disconnect', ({ error }) => events.push(error.code))
    await cache.set('a', 1)
    const calls = Array.from({ length: 500 }, (_, i) => (i % 2 === 0 ? cache.get('a') : cache.set('a', i)))
    const counter = cache.incr('a').then(String, (error: { code: string }) => error.code)
    await server.kill()
    for (const answer of await Promise.all(calls)) expect([undefined, true, false]).toContain(typeof answer === 'number' ? true : answer)
    expect(await counter).toMatch(/^(\d+|SERVER_UNAVAILABLE|SERVER_TIMEOUT)$/)
    await until('the loss is told', () => events.includes('SERVER_UNAVAILABLE'))
    expect(await cache.get('a')).toBe(undefined)
    await server.restart()
    await until('the cache serves again', () => cache.set('a', 2))
    expect(await cache.get('a')).toBe(2)
    expect(events).toStrictEqual(['connect', 'SERVER_UNAVAILABLE', 'connect'])
  })

  test('there only after the cache', async () => {
    const port = await freePort()
    const cache = open({ servers: `redis://127.0.0.1:${port}` })
    expect(await cache.get('a')).toBe(undefined)
    await redis({ port })
    await until('the cache serves', () => cache.set('a', 1))
    expect(await cache.get('a')).toBe(1)
  })
})

test('promise 11: what is not idempotent is never sent twice, however often the connection is lost', { timeout: 60_000 }, async () => {
  const server = await redis()
  const proxy = await startProxy({ host: server.host, port: server.port })
  ends.push(() => proxy.stop())
  const cache = open({ servers: `redis://127.0.0.1:${proxy.port}`, timeout: '2s' })
  let asked = 0
  let answered = 0
  for (let round = 0; round < 10; round++) {
    await until('the cache serves', () => cache.set(`n${round}`, 0))
    const calls = Array.from({ length: 100 }, () =>
      cache.incr(`n${round}`).then(
        () => answered++,
        () => {},
      ),
    )
    asked += calls.length
    proxy.cutAfter(100 * round)
    await Promise.all(calls)
    proxy.heal()
  }
  let counted = 0
  for (let round = 0; round < 10; round++) counted += Number(await server.command('GET', `:1:n${round}`))
  console.log(`${asked} increments asked for, ${answered} answered, ${counted} carried out`)
  expect(answered).toBeLessThan(asked)
  expect(counted).toBeGreaterThanOrEqual(answered)
  expect(counted).toBeLessThanOrEqual(asked)
})

describe('servers that say no', () => {
  test('full: SERVER_OOM for what stores, answers for what reads', async () => {
    const server = await redis({ args: ['--maxmemory', '1', '--maxmemory-policy', 'noeviction'] })
    const cache = open({ servers: server.url })
    expect(await cache.set('big', Buffer.alloc(4 << 20))).toBe(false)
    expect(await cache.setMany({ a: 1, b: 2 })).toStrictEqual(['a', 'b'])
    expect((await caught(cache.add('a', 1))).code).toBe('SERVER_OOM')
    expect((await caught(cache.lock('a'))).code).toBe('SERVER_OOM')
    expect(await cache.getOrSet('a', () => 'made')).toBe('made')
    expect(await cache.get('a')).toBe(undefined)
    expect(await cache.delete('a')).toBe(false)
    expect(cache.stats()).toMatchObject({ degraded: 3, errors: { SERVER_OOM: 4, SHARDS_FAILED: 1 } })
    const strict = open({ servers: server.url, errors: 'throw' })
    expect((await caught(strict.set('a', 1))).code).toBe('SERVER_OOM')
  })

  test('a replica: SERVER_READONLY for what writes, answers for what reads', async () => {
    const primary = await redis()
    const replica = await redis({ args: ['--replicaof', '127.0.0.1', String(primary.port)] })
    const writer = open({ servers: primary.url })
    await writer.setMany({ a: 1, c: 'three' })
    await until('the replica has it', async () => (await replica.command('EXISTS', ':1:c')) === 1)
    const cache = open({ servers: replica.url })
    expect(await cache.get('a')).toBe(1)
    expect(await cache.set('a', 2)).toBe(false)
    expect(await cache.setMany({ a: 2, b: 2 })).toStrictEqual(['a', 'b'])
    expect(await cache.getOrSet('missing', () => 'made')).toBe('made')
    for (const name of ['add', 'delete', 'touch', 'persist', 'incr', 'incrVersion', 'lock']) {
      const operation = strictOperations.find((one) => one.name === name)
      expect((await caught(operation?.call(cache) as Promise<unknown>)).code, name).toBe('SERVER_READONLY')
    }
    const sweeps = [() => cache.deletePattern('*'), () => cache.clear(), () => cache.clear({ database: true })]
    for (const call of [() => cache.deleteMany(['a', 'b']), ...sweeps]) {
      expect(await caught(call())).toMatchObject({ code: 'SHARDS_FAILED', partial: { failed: [{ code: 'SERVER_READONLY' }] } })
    }
    expect(await writer.get('c')).toBe('three')
  })

  test('a user without permission: SERVER_AUTH, which degrades since the server was reached', async () => {
    const server = await redis({ acl: { username: 'reader', password: 'pass', rules: ['~*', '+get', '+mget', '+ping', '+select'] } })
    const cache = open({ servers: `redis://reader:pass@127.0.0.1:${server.port}` })
    expect(await cache.get('a')).toBe(undefined)
    expect(cache.stats().degraded).toBe(0)
    expect(await cache.set('a', 1)).toBe(false)
    expect((await caught(cache.delete('a'))).code).toBe('SERVER_AUTH')
    expect(cache.stats()).toMatchObject({ degraded: 1, errors: { SERVER_AUTH: 2 } })
  })

  test('a wrong password throws in both modes', async () => {
    const server = await redis({ password: 'right' })
    for (const errors of ['degrade', 'throw'] as const) {
      for (const password of ['wrong', undefined]) {
        const cache = open({ servers: `redis://127.0.0.1:${server.port}`, errors, ...(password === undefined ? {} : { password }) })
        for (const { name, call, many } of [...safeOperations, ...strictOperations]) await fails(name, call(cache), many, ['SERVER_AUTH'])
        expect((await caught(cache.connect())).code).toBe('SERVER_AUTH')
        expect(cache.stats().degraded).toBe(0)
      }
    }
  })

  test('a password that was changed degrades: the server was reached once', async () => {
    const server = await redis({ password: 'first' })
    const cache = open({ servers: server.url })
    await cache.set('a', 1)
    await server.command('CONFIG', 'SET', 'requirepass', 'second')
    await server.command('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes')
    const codes = new Set<string>()
    cache.on('degraded', ({ error }) => codes.add(error.code))
    await until('the password is refused', async () => {
      await cache.get('a')
      return codes.has('SERVER_AUTH')
    })
    expect(await cache.get('a')).toBe(undefined)
    await server.command('CONFIG', 'SET', 'requirepass', 'first')
    await until('the cache serves again', async () => (await cache.get('a')) === 1)
  })

  test('a database that is not there throws in both modes', async () => {
    const server = await redis()
    for (const errors of ['degrade', 'throw'] as const) {
      const cache = open({ servers: `${server.url}/999`, errors })
      for (const { name, call } of [...safeOperations, ...strictOperations])
        expect((await caught(call(cache))).code, name).toBe('CONFIG_INVALID')
    }
  })

  test('a certificate of another authority throws in both modes', async () => {
    const server = await redis({ tls: true })
    for (const errors of ['degrade', 'throw'] as const) {
      for (const tls of [{ ca: certs.otherCa }, true] as const) {
        const cache = open({ servers: server.url, tls, errors })
        for (const { name, call, many } of [...safeOperations, ...strictOperations]) await fails(name, call(cache), many, ['SERVER_AUTH'])
      }
    }
  })

  test('TLS to a port without it: the server waits for more, so connecting fails in time and speaks of TLS', async () => {
    const server = await redis()
    const cache = open({ servers: `rediss://127.0.0.1:${server.port}`, tls: { ca: certs.ca } })
    const { code, message } = await caught(cache.connect())
    expect(code).toMatch(/^SERVER_(UNAVAILABLE|AUTH)$/)
    expect(message).toContain('TLS')
    expect((await caught(cache.delete('a'))).code).toMatch(/^SERVER_(UNAVAILABLE|AUTH)$/)
  })

  test('a plain client on a TLS port: a typed error', async () => {
    const server = await redis({ tls: true })
    const cache = open({ servers: `redis://127.0.0.1:${server.port}` })
    expect((await caught(cache.connect())).code).toMatch(/^SERVER_(UNAVAILABLE|AUTH)$/)
    expect((await caught(cache.delete('a'))).code).toMatch(/^SERVER_(UNAVAILABLE|AUTH)$/)
  })
})
