import { expect, test } from 'vitest'
import { at } from './sites.ts'

at('reading', ['embedded', 'TCP', 'Unix socket', 'TLS'], (site) => {
  test('get: a miss is undefined, or the default', async () => {
    const cache = site.cache()
    expect(await cache.get('a')).toBe(undefined)
    expect(await cache.get('a', { default: 7 })).toBe(7)
    expect(await cache.get('a', { default: null })).toBe(null)
    expect(await cache.get('a', {})).toBe(undefined)
  })

  test('get: what is falsy is a hit, null as well', async () => {
    const cache = site.cache()
    for (const value of [null, 0, false, '', Number.NaN]) {
      await cache.set('a', value)
      expect(await cache.get('a', { default: 'missed' })).toBe(value)
    }
    expect(cache.stats()).toMatchObject({ hits: 5, misses: 0 })
  })

  test('get: the version is the cache’s own unless stated', async () => {
    const cache = site.cache({ version: 3 })
    await cache.set('a', 'three')
    await cache.set('a', 'four', { version: 4 })
    expect(await cache.get('a')).toBe('three')
    expect(await cache.get('a', { version: 3 })).toBe('three')
    expect(await cache.get('a', { version: 4 })).toBe('four')
    expect(await cache.get('a', { version: 1, default: 'none' })).toBe('none')
    expect(await site.raw(`${site.prefix}:4:a`)).toContain('four')
  })

  test('getMany: the hits alone, under the caller’s keys, in the caller’s order', async () => {
    const cache = site.cache()
    await cache.setMany({ a: 1, b: null, c: { of: ['c'] }, d: 4 })
    const found = await cache.getMany(['d', 'missing', 'b', 'a', 'c'])
    expect(found).toBeInstanceOf(Map)
    expect([...found]).toEqual([
      ['d', 4],
      ['b', null],
      ['a', 1],
      ['c', { of: ['c'] }],
    ])
  })

  test('getMany: a key asked for twice comes once, where it was first', async () => {
    const cache = site.cache()
    await cache.setMany({ a: 1, b: 2 })
    expect([...(await cache.getMany(['b', 'a', 'b', 'a']))]).toEqual([
      ['b', 2],
      ['a', 1],
    ])
  })

  test('getMany: no keys, any iterable of keys, a version', async () => {
    const cache = site.cache()
    await cache.setMany({ a: 1, b: 2 }, { version: 2 })
    expect([...(await cache.getMany([]))]).toEqual([])
    expect([...(await cache.getMany(['a', 'b']))]).toEqual([])
    expect([...(await cache.getMany(new Set(['b', 'a']), { version: 2 }))]).toEqual([
      ['b', 2],
      ['a', 1],
    ])
    expect([...(await cache.getMany(new Map([['a', 0]]).keys(), { version: 2 }))]).toEqual([['a', 1]])
  })

  test('getMany: thousands of keys, in order', async () => {
    const cache = site.cache()
    const keys = Array.from({ length: 2500 }, (_, i) => `k${i}`)
    await cache.setMany(keys.filter((_, i) => i % 3 !== 0).map((key, i) => [key, i]))
    const asked = keys.toReversed()
    const found = await cache.getMany(asked)
    expect([...found.keys()]).toEqual(asked.filter((key) => Number(key.slice(1)) % 3 !== 0))
    expect(found.get('k1')).toBe(0)
  })

  test('has: whether a key is there, whatever it holds', async () => {
    const cache = site.cache()
    await cache.set('a', null)
    expect(await cache.has('a')).toBe(true)
    expect(await cache.has('a', { version: 2 })).toBe(false)
    expect(await cache.has('b')).toBe(false)
  })

  test('ttl: milliseconds, null for ever, undefined if missing', async () => {
    const cache = site.cache()
    await cache.set('short', 1, { ttl: '90s' })
    await cache.set('ever', 1, { ttl: null })
    const left = (await cache.ttl('short')) as number
    expect(left).toBeGreaterThan(60_000)
    expect(left).toBeLessThanOrEqual(90_000)
    expect(await cache.ttl('ever')).toBe(null)
    expect(await cache.ttl('missing')).toBe(undefined)
    expect(await cache.ttl('ever', { version: 2 })).toBe(undefined)
  })

  test('keys with any characters are kept apart', async () => {
    const cache = site.cache()
    const keys = [
      'a',
      'a ',
      ' a',
      'a\n',
      'a\0',
      'A',
      'é',
      'e\u0301',
      '日本',
      '🧂',
      ':',
      '1:a',
      '2:a',
      '*',
      '\\',
      '__proto__',
      'constructor',
      '{a}b',
      'x'.repeat(1024),
    ]
    await cache.setMany(keys.map((key, i) => [key, i]))
    expect([...(await cache.getMany(keys))]).toEqual(keys.map((key, i) => [key, i]))
    for (const [i, key] of keys.entries()) expect(await cache.get(key)).toBe(i)
  })

  test('inspect: what is known of an entry', async () => {
    const cache = site.cache()
    const began = Date.now()
    await cache.set('object', { a: 1 }, { ttl: '90s' })
    await cache.set('number', 42, { ttl: null })
    const object = await cache.inspect('object')
    expect(object).toMatchObject({ codec: 'cbor', protocol: 2, compression: undefined, encryptionKeyId: undefined })
    expect(object?.bytes).toBe((await site.raw(`${site.prefix}:1:object`))?.length)
    expect(object?.ttl).toBeGreaterThan(60_000)
    expect(object?.createdAt).toBeGreaterThanOrEqual(Math.floor(began / 1000) * 1000)
    expect(object?.createdAt).toBeLessThanOrEqual(Date.now())
    expect(typeof object?.shard).toBe('string')
    expect(typeof object?.server).toBe('string')
    const number = await cache.inspect('number')
    expect(number).toMatchObject({ codec: 'integer', bytes: 2, ttl: null, createdAt: undefined })
    expect(await cache.inspect('missing')).toBe(undefined)
    expect(await cache.inspect('object', { version: 2 })).toBe(undefined)
    await cache.set('object', 1, { version: 2 })
    expect((await cache.inspect('object', { version: 2 }))?.codec).toBe('integer')
  })

  test('inspect: an entry of nobody’s format has no codec', async () => {
    const cache = site.cache()
    await site.put(`${site.prefix}:1:foreign`, 'hello')
    expect(await cache.inspect('foreign')).toMatchObject({ codec: undefined, bytes: 5, ttl: null })
  })
})
