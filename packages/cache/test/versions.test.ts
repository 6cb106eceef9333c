import { expect, test } from 'vitest'
import { at, codeOf } from './sites.ts'

at('versions', ['embedded', 'TCP'], (site) => {
  test('incrVersion and decrVersion move the entry and give the new version', async () => {
    const cache = site.cache()
    await cache.set('a', { a: 1 })
    expect(await cache.incrVersion('a')).toBe(2)
    expect(await cache.has('a')).toBe(false)
    expect(await cache.get('a', { version: 2 })).toEqual({ a: 1 })
    expect(await cache.incrVersion('a', 5, { version: 2 })).toBe(7)
    expect(await cache.decrVersion('a', 1, { version: 7 })).toBe(6)
    expect(await cache.decrVersion('a', 6, { version: 6 })).toBe(0)
    expect(await cache.decrVersion('a', 3, { version: 0 })).toBe(-3)
    expect(await cache.get('a', { version: -3 })).toEqual({ a: 1 })
    expect(await site.raw(`${site.prefix}:-3:a`)).not.toBe(undefined)
    expect(await cache.incrVersion('a', 4, { version: -3 })).toBe(1)
    expect(await cache.get('a')).toEqual({ a: 1 })
    expect(await cache.incrVersion('a', -1)).toBe(0)
  })

  test('they start from the cache’s own version', async () => {
    const cache = site.cache({ version: 7 })
    await cache.set('a', 1)
    expect(await cache.decrVersion('a')).toBe(6)
    expect(await cache.get('a', { version: 6 })).toBe(1)
  })

  test('the ttl is kept', async () => {
    const cache = site.cache()
    await cache.set('a', 1, { ttl: '1h' })
    await cache.incrVersion('a')
    const left = (await cache.ttl('a', { version: 2 })) as number
    expect(left).toBeGreaterThan(3_500_000)
    expect(left).toBeLessThanOrEqual(3_600_000)
    await cache.set('b', 1, { ttl: null })
    await cache.incrVersion('b')
    expect(await cache.ttl('b', { version: 2 })).toBe(null)
  })

  test('what is at the new version is replaced, its ttl as well', async () => {
    const cache = site.cache()
    await cache.set('a', 'old', { version: 2, ttl: null })
    await cache.set('a', 'new', { ttl: '1h' })
    expect(await cache.incrVersion('a')).toBe(2)
    expect(await cache.get('a', { version: 2 })).toBe('new')
    expect(await cache.ttl('a', { version: 2 })).toBeGreaterThan(3_000_000)
    expect(await cache.has('a')).toBe(false)
  })

  test('a missing key is KEY_NOT_FOUND, and leaves the new version alone', async () => {
    const cache = site.cache()
    await cache.set('a', 'there', { version: 2 })
    expect(await codeOf(cache.incrVersion('a'))).toBe('KEY_NOT_FOUND')
    expect(await codeOf(cache.decrVersion('missing'))).toBe('KEY_NOT_FOUND')
    expect(await codeOf(cache.incrVersion('missing', 0))).toBe('KEY_NOT_FOUND')
    expect(await cache.get('a', { version: 2 })).toBe('there')
  })

  test('by 0 the entry stays', async () => {
    const cache = site.cache()
    await cache.set('a', 1, { ttl: '1h' })
    expect(await cache.incrVersion('a', 0)).toBe(1)
    expect(await cache.decrVersion('a', 0)).toBe(1)
    expect(await cache.get('a')).toBe(1)
    expect(await cache.ttl('a')).toBeGreaterThan(3_000_000)
  })

  test('exactly one of concurrent calls succeeds', async () => {
    const cache = site.cache()
    await cache.set('a', 1)
    const codes = await Promise.all(Array.from({ length: 50 }, () => cache.incrVersion('a').catch((error: { code: string }) => error.code)))
    expect(codes.filter((code) => code === 2)).toHaveLength(1)
    expect(codes.filter((code) => code === 'KEY_NOT_FOUND')).toHaveLength(49)
    expect(await cache.get('a', { version: 2 })).toBe(1)
  })

  test.each([1.5, '1', NaN, 2 ** 53])('%s is no step', async (by) => {
    const cache = site.cache()
    await cache.set('a', 1)
    expect(await codeOf(cache.incrVersion('a', by as never))).toBe('VALUE_INVALID')
    expect(await cache.get('a')).toBe(1)
  })

  test('no version beyond the safe integers', async () => {
    const cache = site.cache()
    await cache.set('a', 1)
    expect(await codeOf(cache.incrVersion('a', Number.MAX_SAFE_INTEGER))).toBe('VALUE_INVALID')
    expect(await cache.get('a')).toBe(1)
  })
})
