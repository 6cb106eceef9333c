import { afterEach, describe, expect, test } from 'vitest'
import { createCache, type Cache, type CacheOptions, type ErrorCode } from '@shale/cache'
import { certs, RawConnection, startProxy, startRedis, until, type RedisServer, type StartRedisOptions } from '@tooling/servers'
import { caught } from './caught.ts'
import { safeOperations, strictOperations } from './operations.ts'

const connectTimeoutMs = 1000
/** What a busy machine may add. */
const slackMs = 200

const ends: (() => Promise<void> | void)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
})

async function redis(options?: StartRedisOptions): Promise<RedisServer> {
  const server = await startRedis(options)
  ends.push(() => server.stop())
  return server
}

const defaults = { timeout: '300ms', connectTimeout: connectTimeoutMs } as const

function open(options: CacheOptions): Cache {
  const cache = createCache({ ...defaults, ...options })
  ends.push(() => cache.close())
  return cache
}

describe('promise 8: who we are is refused', () => {
  const refusals: Readonly<
    Record<string, { readonly server: StartRedisOptions; readonly options: (at: string) => CacheOptions; readonly code: ErrorCode }>
  > = {
    'a wrong password': { server: { password: 'right' }, options: (at) => ({ servers: `redis://:wrong@${at}` }), code: 'SERVER_AUTH' },
    'no password': { server: { password: 'right' }, options: (at) => ({ servers: `redis://${at}` }), code: 'SERVER_AUTH' },
    'a wrong certificate': {
      server: { tls: true },
      options: (at) => ({ servers: `rediss://${at}`, tls: { ca: certs.otherCa } }),
      code: 'SERVER_AUTH',
    },
    'a wrong database': { server: {}, options: (at) => ({ servers: `redis://${at}/99` }), code: 'CONFIG_INVALID' },
  }

  // At once: what takes the time is the count of attempts.
  test.concurrent.each(Object.entries(refusals))(
    '%s: a typed error within connectTimeout, at most one attempt a second',
    async (name, { server, options, code }) => {
      await using refusing = await startRedis(server)
      await using proxy = await startProxy({ host: refusing.host, port: refusing.port })
      await using cache = createCache({ ...defaults, ...options(`127.0.0.1:${proxy.port}`) })
      const began = performance.now()
      expect((await caught(cache.connect())).code).toBe(code)
      const firstMs = performance.now() - began
      expect(firstMs).toBeLessThan(connectTimeoutMs + slackMs)
      const codes = new Set<string>()
      while (performance.now() - began < 3500) {
        codes.add((await caught(cache.get('a'))).code)
        codes.add((await caught(cache.connect())).code)
        await new Promise((resolve) => setTimeout(resolve, 5))
      }
      expect([...codes]).toStrictEqual([code])
      console.log(`${name}: ${code} after ${Math.ceil(firstMs)} ms; ${proxy.accepted} attempts in 3.5 s`)
      // One at the start and one for each second that has passed.
      expect(proxy.accepted).toBeLessThanOrEqual(1 + 3)
      expect(proxy.accepted).toBeGreaterThan(1)
    },
  )
})

describe('promise 24: what a server says when it cannot serve has its code and its outcome', () => {
  /** Both modes against a server of which every command is answered so. */
  async function holdsTable(options: CacheOptions, text: RegExp): Promise<void> {
    for (const errors of ['degrade', 'throw'] as const) {
      const cache = open({ ...options, errors })
      for (const { name, call, answer, many } of safeOperations) {
        if (errors === 'degrade') expect(await call(cache), name).toStrictEqual(answer)
        else expect((await caught(call(cache))).code, name).toBe(many ? 'SHARDS_FAILED' : 'SERVER_UNAVAILABLE')
      }
      const { code, message } = await caught(cache.delete('a'))
      expect(code).toBe('SERVER_UNAVAILABLE')
      expect(message).toMatch(text)
      expect(cache.stats().degraded).toBe(errors === 'degrade' ? safeOperations.length : 0)
    }
  }

  test('BUSY: a script that does not end', async () => {
    const server = await redis({ args: ['--lua-time-limit', '50'] })
    const busy = new RawConnection({ host: server.host, port: server.port })
    ends.push(() => busy.close())
    const script = busy.command('EVAL', 'while true do end', 0).catch(() => {})
    await until('it is busy', () =>
      server.command('GET', 'a').then(
        () => false,
        (error: Error) => error.message.startsWith('BUSY'),
      ),
    )
    await holdsTable({ servers: server.url }, /BUSY/)
    await server.command('SCRIPT', 'KILL')
    await script
  })

  test('LOADING: a server that reads its data set', async () => {
    // It answers after every 2 MiB that it has read: every 200 keys.
    const server = await redis({ args: ['--dbfilename', 'all.rdb', '--rdbcompression', 'no', '--key-load-delay', '400'] })
    await server.command('EVAL', "for i = 1, 5000 do redis.call('SET', i, string.rep('x', 10000)) end", 0)
    await server.command('SAVE')
    const restarted = server.restart()
    await until('it is loading', async () => {
      const probe = new RawConnection({ host: server.host, port: server.port })
      return probe
        .command('GET', 'a')
        .then(
          () => false,
          (error: Error) => error.message.startsWith('LOADING'),
        )
        .finally(() => probe.close())
    })
    await holdsTable({ servers: server.url }, /LOADING/)
    await restarted
    const cache = open({ servers: server.url })
    expect(await cache.set('a', 1)).toBe(true)
  })

  test('MASTERDOWN: a replica that has lost its primary', async () => {
    const primary = await redis()
    // Before Redis 7 a replica that takes no writes says so first.
    const settings = ['--replica-serve-stale-data', 'no', '--replica-read-only', 'no']
    const replica = await redis({ args: ['--replicaof', '127.0.0.1', String(primary.port), ...settings] })
    await primary.kill()
    await until('it says so', () =>
      replica.command('GET', 'a').then(
        () => false,
        (error: Error) => error.message.startsWith('MASTERDOWN'),
      ),
    )
    await holdsTable({ servers: replica.url }, /MASTERDOWN/)
  })

  test('CLUSTERDOWN: a node of a cluster that has no slots', async () => {
    const node = await redis({ args: ['--cluster-enabled', 'yes'] })
    await holdsTable({ servers: node.url }, /CLUSTERDOWN/)
  })

  test('WRONGTYPE: a key of another type is a miss that is told, and is left alone', async () => {
    const server = await redis()
    await server.command('RPUSH', ':1:a', 'x')
    const cache = open({ servers: server.url })
    const told: string[] = []
    cache.on('decode-error', ({ error }) => told.push(error.code))
    expect(await cache.get('a')).toBe(undefined)
    expect((await caught(cache.incr('a'))).code).toBe('VALUE_NOT_INTEGER')
    expect(told).toStrictEqual(['CODEC_CORRUPT'])
    expect(await server.command('TYPE', ':1:a')).toBe('list')
  })

  test('NOAUTH, NOPERM and OOM have theirs', async () => {
    const closed = await redis({ password: 'right' })
    expect((await caught(open({ servers: `redis://127.0.0.1:${closed.port}` }).get('a'))).code).toBe('SERVER_AUTH')
    const limited = await redis({ acl: { username: 'reader', password: 'pass', rules: ['~*', '+get', '+ping'] } })
    expect((await caught(open({ servers: `redis://reader:pass@127.0.0.1:${limited.port}` }).delete('a'))).code).toBe('SERVER_AUTH')
    const full = await redis({ args: ['--maxmemory', '1mb', '--maxmemory-policy', 'noeviction'] })
    expect((await caught(open({ servers: full.url, errors: 'throw' }).set('a', Buffer.alloc(2 ** 21)))).code).toBe('SERVER_OOM')
  })

  test('what the caller relies on throws, whatever the mode', async () => {
    const node = await redis({ args: ['--cluster-enabled', 'yes'] })
    // All versions of a key are in one slot: of keys in several some servers say CROSSSLOT first.
    const keyFormat = { format: (key: string, prefix: string, version: number) => `${prefix}:${version}:{${key}}` }
    for (const errors of ['degrade', 'throw'] as const) {
      // A node without slots scans what it has: nothing.
      for (const { name, call, many } of strictOperations.filter((one) => !/keys|Pattern|clear|reinsert/.test(one.name))) {
        // One cache each: a key whose last write failed counts as missing.
        const cache = open({ servers: node.url, errors, keyFormat })
        expect((await caught(call(cache))).code, name).toBe(many ? 'SHARDS_FAILED' : 'SERVER_UNAVAILABLE')
      }
    }
  })
})
