import { expect, test } from 'vitest'
import { createCache } from '@shale/cache'
import { createManualClock, createSeededRandom } from '@shale/testing'
import { until } from '@tooling/servers'
import { at, codeOf } from './sites.ts'

at('lifetime', ['embedded', 'TCP', 'Unix socket', 'TLS'], (site) => {
  test('touch: the ttl given, the default one without, null for ever', async () => {
    const cache = site.cache({ ttl: '100s' })
    await cache.set('a', 1, { ttl: null })
    expect(await cache.touch('a')).toBe(true)
    expect(await cache.ttl('a')).toBeGreaterThan(60_000)
    expect(await cache.ttl('a')).toBeLessThanOrEqual(100_000)
    expect(await cache.touch('a', '1h')).toBe(true)
    expect(await cache.ttl('a')).toBeGreaterThan(3_000_000)
    expect(await cache.touch('a', null)).toBe(true)
    expect(await cache.ttl('a')).toBe(null)
    expect(await cache.touch('a', null)).toBe(true)
    expect(await cache.get('a')).toBe(1)
  })

  test('touch: a default of null makes persistent', async () => {
    const cache = site.cache({ ttl: null })
    await cache.set('a', 1, { ttl: '1h' })
    expect(await cache.touch('a')).toBe(true)
    expect(await cache.ttl('a')).toBe(null)
  })

  test('touch: false only if the key is missing', async () => {
    const cache = site.cache()
    for (const ttl of [undefined, null, '1h', 0] as const) expect(await cache.touch('missing', ttl)).toBe(false)
    await cache.set('a', 1)
    expect(await cache.touch('a', '1h', { version: 2 })).toBe(false)
  })

  test.each([0, -1])('touch: a ttl of %i deletes', async (ttl) => {
    const cache = site.cache()
    await cache.set('a', 1)
    expect(await cache.touch('a', ttl)).toBe(true)
    expect(await cache.has('a')).toBe(false)
    expect(await cache.touch('a', ttl)).toBe(false)
  })

  test('persist: true if the entry exists and now never expires', async () => {
    const cache = site.cache()
    await cache.set('a', { a: 1 }, { ttl: '1h' })
    expect(await cache.persist('a')).toBe(true)
    expect(await cache.ttl('a')).toBe(null)
    expect(await cache.persist('a')).toBe(true)
    expect(await cache.persist('missing')).toBe(false)
    expect(await cache.persist('a', { version: 2 })).toBe(false)
    expect(await cache.get('a')).toEqual({ a: 1 })
  })

  test('an entry is gone after its ttl, and its key is absent', async () => {
    const cache = site.cache()
    await cache.set('a', 1, { ttl: 30 })
    await cache.set('b', 1, { ttl: '1h' })
    await until('the entry is gone', async () => !(await cache.has('a')))
    expect(await cache.get('a')).toBe(undefined)
    expect(await cache.ttl('a')).toBe(undefined)
    expect(await cache.touch('a')).toBe(false)
    expect(await codeOf(cache.incr('a'))).toBe('KEY_NOT_FOUND')
    expect(await codeOf(cache.incrVersion('a'))).toBe('KEY_NOT_FOUND')
    expect(await cache.delete('a')).toBe(false)
    expect(await cache.add('a', 2)).toBe(true)
    expect(await cache.has('b')).toBe(true)
  })

  test('jitter takes a share of the ttl off, of each entry its own', async () => {
    const cache = site.cache({ ttl: 1_000_000, ttlJitter: 0.5, random: createSeededRandom(3) })
    const keys = Array.from({ length: 200 }, (_, i) => `k${i}`)
    await cache.setMany(keys.map((key) => [key, 1]))
    const left = (await Promise.all(keys.map((key) => cache.ttl(key)))) as number[]
    expect(Math.min(...left)).toBeGreaterThan(450_000)
    expect(Math.min(...left)).toBeLessThan(550_000)
    expect(Math.max(...left)).toBeGreaterThan(900_000)
    expect(Math.max(...left)).toBeLessThanOrEqual(1_000_000)
    expect(new Set(left).size).toBeGreaterThan(150)
    await cache.set('none', 1, { ttlJitter: 0 })
    expect(await cache.ttl('none')).toBeGreaterThan(950_000)
    await cache.set('ever', 1, { ttl: null })
    expect(await cache.ttl('ever')).toBe(null)
    await cache.touch('ever', 1_000_000)
    expect(await cache.ttl('ever')).toBeLessThanOrEqual(1_000_000)
  })

  test('a ttl of 100 years is kept', async () => {
    const cache = site.cache()
    const century = 100 * 365.25 * 86_400_000
    await cache.set('a', 1, { ttl: century })
    expect(await cache.ttl('a')).toBeGreaterThan(century - 60_000)
    await cache.touch('a', '36525d')
    expect(await cache.ttl('a')).toBeGreaterThan(century - 60_000)
  })
})

test('the embedded store keeps time by the clock it is given, to the millisecond', async () => {
  const clock = createManualClock()
  await using cache = createCache({ clock, ttl: '10s' })
  await cache.set('a', 1)
  clock.advance(9_999)
  expect(await cache.ttl('a')).toBe(1)
  expect(await cache.get('a')).toBe(1)
  clock.advance(1)
  expect(await cache.get('a')).toBe(undefined)
  expect(await cache.ttl('a')).toBe(undefined)
})
