import { expect, test } from 'vitest'
import { createCache, createCaches, createMemoryStore, ShaleError } from '@shale/cache'
import { at, codeOf } from './sites.ts'

at('lifecycle', ['embedded', 'TCP', 'Unix socket', 'TLS'], (site) => {
  test('connects at the first call, or at connect', async () => {
    const lazy = site.cache()
    expect(await lazy.set('a', 1)).toBe(true)
    const eager = site.cache()
    await eager.connect()
    await eager.connect()
    expect(await eager.get('a')).toBe(1)
  })

  test('after close every call is CLOSED; closing again is fine', async () => {
    const cache = site.cache()
    await cache.set('a', 1)
    await cache.close()
    await cache.close()
    const calls: (() => Promise<unknown>)[] = [
      () => cache.get('a'),
      () => cache.getMany(['a']),
      () => cache.getMany([]),
      () => cache.set('a', 1),
      () => cache.set('a', 1, { ttl: 0 }),
      () => cache.setMany({ a: 1 }),
      () => cache.setMany({}),
      () => cache.add('a', 1),
      () => cache.getOrSet('a', 1),
      () => cache.has('a'),
      () => cache.delete('a'),
      () => cache.deleteMany(['a']),
      () => cache.deleteMany([]),
      () => cache.touch('a'),
      () => cache.persist('a'),
      () => cache.ttl('a'),
      () => cache.incr('a'),
      () => cache.decr('a'),
      () => cache.incrVersion('a'),
      () => cache.decrVersion('a'),
      () => cache.deletePattern('*'),
      () => cache.clear(),
      () => cache.clear({ database: true }),
      async () => cache.keys()[Symbol.asyncIterator]().next(),
      () => cache.reinsertKeys(),
      () => cache.inspect('a'),
      () => cache.lock('a'),
      () => cache.connect(),
    ]
    for (const call of calls) expect(await codeOf(call()), String(call)).toBe('CLOSED')
  })

  test('await using closes', async () => {
    let outside
    {
      await using cache = site.cache()
      await cache.set('a', 1)
      outside = cache
    }
    expect(await codeOf(outside.get('a'))).toBe('CLOSED')
  })

  test('stats counts what was done, by shard as well', async () => {
    const cache = site.cache()
    await cache.set('a', { text: 'hello' })
    await cache.setMany({ b: 1, c: 2 })
    await cache.add('b', 9)
    await cache.add('d', 9)
    await cache.get('a')
    await cache.get('missing')
    await cache.getMany(['a', 'b', 'missing'])
    await cache.getOrSet('e', () => 5)
    await cache.getOrSet('e', () => 6)
    await cache.delete('a')
    await cache.delete('a')
    await cache.deleteMany(['b', 'c'])
    await cache.deletePattern('d')
    await codeOf(cache.incr('missing'))
    const stats = cache.stats()
    expect(stats).toMatchObject({ hits: 4, misses: 3, sets: 5, deletes: 4, degraded: 0, errors: { KEY_NOT_FOUND: 1 } })
    expect(stats.bytesWritten).toBeGreaterThan(10)
    expect(stats.bytesRead).toBeGreaterThan(10)
    const shards = Object.values(stats.shards)
    expect(shards).toHaveLength(1)
    expect(shards[0]).toMatchObject({ hits: 4, misses: 3, sets: 5, deletes: 4 })
  })

  test('stats is a picture of its moment, and counts namespaces in', async () => {
    const cache = site.cache()
    const before = cache.stats()
    await cache.namespace('eu').set('a', 1)
    expect(before.sets).toBe(0)
    expect(cache.stats().sets).toBe(1)
    expect(cache.namespace('eu').stats().sets).toBe(1)
  })

  test('on tells of events until it is stopped', async () => {
    const cache = site.cache()
    const told: unknown[] = []
    const stop = cache.on('decode-error', (event) => told.push(event))
    await site.put(`${site.prefix}:1:a`, 'not ours')
    expect(await cache.get('a')).toBe(undefined)
    expect(told).toEqual([{ key: 'a', stored: `${site.prefix}:1:a`, error: expect.any(ShaleError) }])
    expect(cache.stats()).toMatchObject({ hits: 0, misses: 1, errors: { CODEC_UNKNOWN: 1 } })
    stop()
    await cache.get('a')
    expect(told).toHaveLength(1)
    expect(await site.raw(`${site.prefix}:1:a`)).toBe('not ours')
  })
})

test('createCaches makes caches by name, each of its own', async () => {
  const { default: usual, sessions } = createCaches({ default: { keyPrefix: 'a' }, sessions: { ttl: null } })
  await usual.set('a', 1)
  await sessions.set('a', 2)
  expect(await usual.get('a')).toBe(1)
  expect(await sessions.ttl('a')).toBe(null)
  await usual.close()
  expect(await sessions.get('a')).toBe(2)
  await sessions.close()
})

test('createCaches names the cache whose options are wrong', () => {
  expect(() => createCaches({ fine: {}, sessions: { ttl: 'soon' as never } })).toThrow(/'sessions'.*ttl/)
})

test('a store of the caller’s own is shared, and left open', async () => {
  const servers = createMemoryStore()
  const one = createCache({ servers })
  const other = createCache({ servers })
  await one.set('a', { n: 1 })
  expect(await other.get('a')).toEqual({ n: 1 })
  await one.close()
  expect(await other.get('a')).toEqual({ n: 1 })
  await other.close()
  expect(await servers.has([':1:a'])).toEqual([true])
})

test('two embedded caches share nothing', async () => {
  await using one = createCache()
  await using other = createCache({ servers: 'memory:' })
  await one.set('a', 1)
  expect(await other.get('a')).toBe(undefined)
})

test('the embedded store is bounded by entries and by bytes; the least recently used goes first', async () => {
  await using few = createCache({ servers: 'memory:?maxEntries=3' })
  for (const key of ['a', 'b', 'c']) await few.set(key, key)
  await few.get('a')
  await few.set('d', 'd')
  expect(await few.getMany([...'abcd'])).toEqual(
    new Map([
      ['a', 'a'],
      ['c', 'c'],
      ['d', 'd'],
    ]),
  )
  await using small = createCache({ servers: 'memory:?maxBytes=20000' })
  for (let i = 0; i < 100; i++) await small.set(`k${i}`, 'x'.repeat(1000))
  let kept = 0
  for await (const _ of small.keys()) kept++
  expect(kept).toBeGreaterThan(5)
  expect(kept).toBeLessThan(20)
  expect(await small.has('k99')).toBe(true)
})
