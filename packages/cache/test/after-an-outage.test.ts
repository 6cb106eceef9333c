import { describe, expect, test, type TestContext } from 'vitest'
import { createCache, type Cache } from '@shale/cache'
import { createSeededRandom } from '@shale/testing'
import { startProxy, startRedis, until, type RedisServer, type StartRedisOptions } from '@tooling/servers'
import { startRemoteCache, type RemoteCache } from './remote-cache.ts'

const timeout = 200
/** What a busy machine may add. */
const slackMs = 200
const keyPrefix = 'outage'
const seed = Number(process.env.SHALE_SEED ?? Date.now() % 2 ** 31)

/** Keeps what it has acknowledged when it is killed: a flush to the disk under way does not hold up what it writes. */
const persistent = { args: ['--appendonly', 'yes', '--appendfsync', 'no'] }

type Sightings = Readonly<Record<string, Readonly<Record<string, number>>>>

/** Has something that a test started end with the test. */
type AtEnd = TestContext['onTestFinished']

async function redis(atEnd: AtEnd, options?: StartRedisOptions): Promise<RedisServer> {
  const server = await startRedis(options)
  atEnd(() => server.stop())
  return server
}

async function remote(atEnd: AtEnd, servers: string, options: Record<string, unknown> = {}): Promise<RemoteCache> {
  const cache = await startRemoteCache({ servers, keyPrefix, timeout, errors: 'throw', ttl: null, ...options })
  atEnd(() => cache.kill())
  return cache
}

/** The cache of this process, which changes nothing during an outage. */
function open(atEnd: AtEnd, servers: string, options: Record<string, unknown> = {}): Cache {
  const cache = createCache({ servers, keyPrefix, timeout, ttl: null, ...options })
  atEnd(() => cache.close())
  return cache
}

const named = (name: string, count: number): string[] => Array.from({ length: count }, (_, i) => `${name}${i}`)
const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/** What a server holds under keys of integers, as every other process sees it. */
async function look(server: RedisServer, keys: readonly string[]): Promise<(string | null)[]> {
  return (await server.command('MGET', ...keys.map((key) => `${keyPrefix}:1:${key}`))) as (string | null)[]
}

/** Looks at keys again and again until it is told to stop; gives when each value of each key was asked for at last. */
function watch(server: RedisServer, keys: readonly string[]): () => Promise<Sightings> {
  const found: Record<string, Record<string, number>> = Object.fromEntries(keys.map((key) => [key, {}]))
  let isOver = false
  const reading = (async () => {
    while (!isOver) {
      const asked = Date.now()
      const held = await look(server, keys)
      keys.forEach((key, i) => ((found[key] as Record<string, number>)[held[i] ?? 'missing'] = asked))
      await sleep(5)
    }
  })()
  return async () => {
    isOver = true
    await reading
    return found
  }
}

const values = (sightings: Sightings, keys: readonly string[]): Set<string> =>
  new Set(keys.flatMap((key) => Object.keys(sightings[key] ?? {})))
const lastSeen = (sightings: Sightings, keys: readonly string[], value: string): number =>
  Math.max(...keys.map((key) => sightings[key]?.[value] ?? 0))

// Each with a server and a process of its own, and most of the time spent waiting: at once where they are alike.
describe('promise 4: writes and deletes that fail while a server is away', () => {
  const written = named('written', 20)
  const deleted = named('deleted', 20)
  const counted = named('counted', 5)
  const kept = named('kept', 20)
  const changed = [...written, ...deleted]

  /** An outage during which one process changes keys in vain, and what both of two processes find. */
  async function outage(atEnd: AtEnd, server: RedisServer, address: string, begin: () => unknown, end: () => unknown) {
    const one = await remote(atEnd, address)
    const other = open(atEnd, server.url)
    await one.call('setMany', Object.fromEntries([...changed, ...counted, ...kept].map((key) => [key, 1])))
    await begin()
    const change = async (): Promise<void> => {
      const calls = [
        ...written.map((key) => one.call('set', key, 2)),
        ...deleted.map((key) => one.call('delete', key)),
        ...counted.map((key) => one.call('incr', key)),
      ]
      const outcomes = await Promise.allSettled(calls)
      expect(outcomes.map(({ status }) => status)).toEqual(calls.map(() => 'rejected'))
    }
    await change()
    const own = one.call<Sightings>('poll', { keys: [...changed, ...counted, ...kept], ms: 4000 })
    await sleep(1300)
    const back = Date.now()
    await end()
    const stop = watch(server, [...changed, ...kept])
    const found = await own
    return { one, other, found, seen: await stop(), back }
  }

  const scenes: Record<string, (atEnd: AtEnd) => Promise<Awaited<ReturnType<typeof outage>>>> = {
    'a server that is stopped and goes on': async (atEnd) => {
      const server = await redis(atEnd)
      return outage(
        atEnd,
        server,
        server.url,
        () => server.pause(),
        () => server.resume(),
      )
    },
    'a server that is killed, and restarted with its old entries': async (atEnd) => {
      const server = await redis(atEnd, persistent)
      return outage(
        atEnd,
        server,
        server.url,
        () => server.kill(),
        () => server.restart(),
      )
    },
    'a line that falls silent': async (atEnd) => {
      const server = await redis(atEnd)
      const proxy = await startProxy({ host: server.host, port: server.port })
      atEnd(() => proxy.stop())
      return outage(
        atEnd,
        server,
        `redis://${proxy.host}:${proxy.port}`,
        () => proxy.blackHole(true),
        () => proxy.heal(),
      )
    },
    'a line that is cut': async (atEnd) => {
      const server = await redis(atEnd)
      const proxy = await startProxy({ host: server.host, port: server.port })
      atEnd(() => proxy.stop())
      const cut = (): void => {
        proxy.refuse(true)
        proxy.reset()
      }
      return outage(atEnd, server, `redis://${proxy.host}:${proxy.port}`, cut, () => proxy.heal())
    },
  }

  test.concurrent.for(Object.entries(scenes))('promise 4: %s', { timeout: 60_000 }, async ([name, scene], { onTestFinished }) => {
    const { one, other, found, seen, back } = await scene(onTestFinished)
    // The process itself: never again what it tried to change; all else as soon as it is answered.
    expect(values(found, changed)).toEqual(new Set(['missing']))
    expect(values(found, kept)).toEqual(new Set(['missing', '1']))
    // Whether an increment that failed was counted is not known; what was counted before it stays.
    expect([...values(found, counted)].filter((value) => !['missing', '1', '2'].includes(value))).toEqual([])
    for (const key of counted) expect([1, 2]).toContain(await one.call('get', key))
    const [repaired] = one.events.filter(({ event }) => event === 'repaired')
    const served = lastSeen(found, kept, 'missing') - back
    const old = lastSeen(seen, changed, '1') - back
    console.log(
      `T ${timeout} ms, ${name}: the process itself served what nobody had changed ${served} ms after the return, ` +
        `and had removed ${String(repaired?.keys)} keys after ${Number(repaired?.at) - back} ms; others saw an old value for ${Math.max(0, old)} ms`,
    )
    expect(served).toBeLessThan(1000 + slackMs)
    expect(old).toBeLessThan(1000 + slackMs)
    expect(values(seen, kept).has('1')).toBe(true)
    // The doubt is over: what another process stores is found.
    await other.set('written0', 'of the other')
    expect(await one.call('get', 'written0')).toBe('of the other')
  })

  test(
    'promise 4: a process that dies before the server is back leaves what is old to its ttl',
    { timeout: 60_000 },
    async ({ onTestFinished }) => {
      const server = await redis(onTestFinished)
      const ttl = 4000
      const one = await remote(onTestFinished, server.url, { ttl })
      await one.call('setMany', Object.fromEntries(changed.map((key) => [key, 1])))
      const stored = Date.now()
      server.pause()
      await Promise.allSettled(written.map((key) => one.call('set', key, 2)))
      await one.kill()
      server.resume()
      const stop = watch(server, changed)
      await sleep(ttl - (Date.now() - stored) + 500)
      const seen = await stop()
      expect(lastSeen(seen, changed, '1')).toBeLessThan(stored + ttl + slackMs)
      expect(values(seen, deleted)).toEqual(new Set(['1', 'missing']))
      expect(await server.command('DBSIZE')).toBe(0)
    },
  )

  test('promise 4: more keys than are remembered', { timeout: 120_000 }, async ({ onTestFinished }) => {
    const server = await redis(onTestFinished)
    const one = await remote(onTestFinished, server.url)
    const other = open(onTestFinished, server.url, { timeout: '2s' })
    const count = 110_000
    const flood = named('flood:', count)
    const sample = flood.filter((_, i) => i % 1000 === 0)
    for (let i = 0; i < count; i += 5000) expect(await other.setMany(flood.slice(i, i + 5000).map((key) => [key, 1]))).toEqual([])
    await one.call('setMany', Object.fromEntries(kept.map((key) => [key, 1])))
    await server.command('SET', 'foreign', 'of another program')
    const before = await one.call<number>('held')
    server.pause()
    expect(await one.call('flood', { from: 0, to: 100_000, value: 2 })).toBe(100_000)
    const atMost = await one.call<number>('held')
    // As many are remembered one by one; with more everything is in doubt.
    const own = one.call<Sightings>('poll', { keys: [...sample, ...kept], ms: 6000, every: 20 })
    expect(await one.call('flood', { from: 100_000, to: count, value: 2 })).toBe(count - 100_000)
    await sleep(1000)
    const back = Date.now()
    server.resume()
    const stop = watch(server, sample)
    const found = await own
    const seen = await stop()
    expect(values(found, [...sample, ...kept])).toEqual(new Set(['missing']))
    const repaired = one.events.find(({ event }) => event === 'repaired')
    expect(repaired).toMatchObject({ keys: null })
    const old = Math.max(0, lastSeen(seen, sample, '1') - back)
    console.log(
      `${count} keys: ${((atMost - before) / 100_000).toFixed(0)} bytes for each of 100,000; cleared ${Number(repaired?.at) - back} ms after the return; ` +
        `others saw an old value for ${old} ms`,
    )
    expect(atMost - before).toBeLessThan(40_000_000)
    expect(old).toBeLessThan(1000 + slackMs)
    expect(await server.command('GET', 'foreign')).toBe('of another program')
    expect(await server.command('DBSIZE')).toBe(1)
    expect(await other.set('kept0', 'anew')).toBe(true)
    expect(await one.call('get', 'kept0')).toBe('anew')
  })
})

const atRandom = [1, { min: 1, max: 4 }]
test.concurrent.for(atRandom)('promise 4: at random, connections: %j', { timeout: 120_000 }, async (connections, { onTestFinished }) => {
  console.log(`SHALE_SEED=${seed}`)
  const server = await redis(onTestFinished, persistent)
  const one = await remote(onTestFinished, server.url, { connections })
  const keys = named('k', 20)
  const ms = 15_000
  const churning = one.call<{
    wrong: unknown[]
    writes: Record<string, { at: number; outcome: string; settled: number }[]>
    counts: Record<string, number>
    span: number
  }>('churn', { keys, seed, ms })
  /** What every other process finds, and when. */
  const sightings: { asked: number; key: string; value: number }[] = []
  /** When the server was there throughout. */
  const up: { from: number; to: number }[] = []
  let isOver = false
  const reading = (async () => {
    while (!isOver) {
      const asked = Date.now()
      const held = await look(server, keys).catch(() => [])
      held.forEach((value, i) => value !== null && sightings.push({ asked, key: keys[i] as string, value: Number(value) }))
      await sleep(10)
    }
  })()
  const random = createSeededRandom(seed)
  for (let from = Date.now(), end = from + ms; from < end; from = Date.now()) {
    await sleep(500 + random() * 2500)
    up.push({ from, to: Date.now() })
    const awayMs = random() * 2000
    if (random() < 0.6) {
      server.pause()
      await sleep(awayMs)
      server.resume()
    } else {
      await server.kill()
      await sleep(awayMs)
      await server.restart()
    }
  }
  const { wrong, writes, counts, span } = await churning
  await sleep(2000)
  isOver = true
  await reading
  let longest = 0
  for (const { asked, key, value } of sightings) {
    const source = Math.floor(value / span)
    const failed = writes[key]?.findLast(({ at, outcome, settled }) => at > source && outcome === 'failed' && settled < asked)
    const since = up.find(({ from, to }) => from <= asked && asked <= to)?.from
    if (failed !== undefined && since !== undefined) longest = Math.max(longest, asked - Math.max(since, failed.settled))
  }
  console.log(`${JSON.stringify(counts)}; ${up.length} outages; others saw an old value for at most ${longest} ms`)
  expect(wrong).toEqual([])
  expect(counts.failed).toBeGreaterThan(50)
  expect(counts.hits).toBeGreaterThan(1000)
  expect(longest).toBeLessThan(1000 + slackMs)
  await until('the process serves again', async () => {
    await one.call('set', 'k0', -1).catch(() => {})
    return (await one.call('get', 'k0')) === -1
  })
})
