import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { createCache, type Cache, type CacheOptions } from '@shale/cache'
import { startRedis, type RedisServer } from '@tooling/servers'

type Call = readonly [method: string, ...args: unknown[]]

const program = fileURLToPath(new URL('caller.mjs', import.meta.url))
const processes = 2
const callers = 50

/** The next message of a process; throws if it ends instead. */
async function heard(child: ChildProcess): Promise<unknown> {
  const gone = new AbortController()
  const end = (code: number | null): void => gone.abort(new Error(`The process ended with code ${code}.`))
  child.once('exit', end)
  try {
    const [message] = (await once(child, 'message', { signal: gone.signal })) as [unknown]
    return message
  } finally {
    child.off('exit', end)
  }
}

/** Lets each of some processes make the same calls at once; gives all results. */
async function fromAll(children: readonly ChildProcess[], calls: readonly Call[]): Promise<unknown[]> {
  const all = (message: 'go' | readonly Call[]): Promise<unknown[]> =>
    Promise.all(children.map((child) => (child.send(message), heard(child))))
  await all(calls)
  return ((await all('go')) as unknown[][]).flat()
}

describe.each([1, { min: 1, max: 4 }])('two processes of fifty callers, connections: %j', (connections) => {
  let server: RedisServer
  let children: ChildProcess[]
  let cache: Cache

  beforeAll(async () => {
    server = await startRedis()
    const options: CacheOptions = { servers: server.url, keyPrefix: 'shared', timeout: '20s', connectTimeout: '20s', connections }
    cache = createCache(options)
    children = Array.from({ length: processes }, () => fork(program, { execArgv: [] }))
    await Promise.all(children.map((child) => (child.send(options), heard(child))))
  })
  beforeEach(() => cache.clear())
  afterAll(async () => {
    for (const child of children) child.kill()
    await cache.close()
    await server.stop()
  })

  const keys = Array.from({ length: 20 }, (_, i) => `k${i}`)
  const fiftyTimes = (call: (key: string, caller: number) => Call): Call[] =>
    Array.from({ length: callers }, (_, i) => keys.map((key) => call(key, i))).flat()

  test('add: exactly one winner a key', async () => {
    const results = await fromAll(
      children,
      fiftyTimes((key, caller) => ['add', key, { caller }, { ttl: '1h' }]),
    )
    expect(results).toHaveLength(processes * callers * keys.length)
    expect(results.filter((won) => won === true)).toHaveLength(keys.length)
    expect(results.filter((won) => won === false)).toHaveLength(results.length - keys.length)
    expect((await cache.getMany(keys)).size).toBe(keys.length)
  })

  test('incr: exact sums, each seen once', async () => {
    await cache.setMany(
      keys.map((key) => [key, 0]),
      { ttl: '1h' },
    )
    const results = await fromAll(
      children,
      fiftyTimes((key) => ['incr', key, 3]),
    )
    const sums = Array.from({ length: processes * callers }, (_, i) => (i + 1) * 3)
    expect(results.toSorted((a, b) => Number(a) - Number(b))).toEqual(sums.flatMap((sum) => keys.map(() => sum)))
    expect([...(await cache.getMany(keys)).values()]).toEqual(keys.map(() => processes * callers * 3))
    for (const key of keys) expect(await cache.ttl(key)).toBeGreaterThan(3_000_000)
  })

  test('incr and decr: what was added is taken off', async () => {
    await cache.setMany(keys.map((key) => [key, 7]))
    await fromAll(
      children,
      fiftyTimes((key, caller) => [caller % 2 === 0 ? 'incr' : 'decr', key, 5]),
    )
    expect([...(await cache.getMany(keys)).values()]).toEqual(keys.map(() => 7))
  })

  test('touch: true for all, and the ttl is right', async () => {
    await cache.setMany(
      keys.map((key) => [key, 'x']),
      { ttl: '1m' },
    )
    const results = await fromAll(
      children,
      fiftyTimes((key) => ['touch', key, '1h']),
    )
    expect(results.every((there) => there === true)).toBe(true)
    for (const key of keys) {
      expect(await cache.ttl(key)).toBeGreaterThan(3_500_000)
      expect(await cache.ttl(key)).toBeLessThanOrEqual(3_600_000)
    }
  })

  test('persist: true for all', async () => {
    await cache.setMany(
      keys.map((key) => [key, 'x']),
      { ttl: '1m' },
    )
    const results = await fromAll(
      children,
      fiftyTimes((key) => ['persist', key]),
    )
    expect(results.every((there) => there === true)).toBe(true)
    for (const key of keys) expect(await cache.ttl(key)).toBe(null)
  })

  test('incrVersion: exactly one success', async () => {
    await cache.setMany(
      keys.map((key) => [key, key]),
      { ttl: '1h' },
    )
    const results = await fromAll(
      children,
      fiftyTimes((key) => ['incrVersion', key]),
    )
    expect(results.filter((version) => version === 2)).toHaveLength(keys.length)
    expect(results.filter((code) => code === 'KEY_NOT_FOUND')).toHaveLength(results.length - keys.length)
    expect([...(await cache.getMany(keys, { version: 2 })).values()]).toEqual(keys)
    for (const key of keys) expect(await cache.ttl(key, { version: 2 })).toBeGreaterThan(3_000_000)
    expect((await cache.getMany(keys)).size).toBe(0)
  })

  test('delete: exactly one of all was told that it was there', async () => {
    await cache.setMany(keys.map((key) => [key, key]))
    const results = await fromAll(
      children,
      fiftyTimes((key) => ['delete', key]),
    )
    expect(results.filter((there) => there === true)).toHaveLength(keys.length)
  })

  test('lock: additions that are not atomic are not lost under it', async () => {
    await cache.set('counter', 0)
    const results = await fromAll(
      children,
      Array.from({ length: callers / 2 }, () => ['underLock', 'counter']),
    )
    expect(results.every((result) => result === 'done')).toBe(true)
    expect(await cache.get('counter')).toBe(processes * (callers / 2))
  })
})
