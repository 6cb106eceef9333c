import { expect, test } from 'vitest'
import { at, codeOf, sorted } from './sites.ts'

at('writing', ['embedded', 'TCP', 'Unix socket', 'TLS'], (site) => {
  test('set: stores over whatever is there, and gives true', async () => {
    const cache = site.cache()
    expect(await cache.set('a', 1)).toBe(true)
    expect(await cache.set('a', { b: 2 })).toBe(true)
    expect(await cache.get('a')).toEqual({ b: 2 })
  })

  test('set: the ttl is the cache’s own unless stated, and replaces the old one', async () => {
    const cache = site.cache({ ttl: '100s' })
    await cache.set('a', 1)
    expect(await cache.ttl('a')).toBeGreaterThan(60_000)
    expect(await cache.ttl('a')).toBeLessThanOrEqual(100_000)
    await cache.set('a', 1, { ttl: null })
    expect(await cache.ttl('a')).toBe(null)
    await cache.set('a', 1)
    expect(await cache.ttl('a')).toBeLessThanOrEqual(100_000)
    const lasting = site.cache({ ttl: null })
    await lasting.set('a', 2)
    expect(await lasting.ttl('a')).toBe(null)
    const usual = site.cache()
    await usual.set('a', 2)
    expect(await usual.ttl('a')).toBeGreaterThan(250_000)
    expect(await usual.ttl('a')).toBeLessThanOrEqual(300_000)
  })

  test('set: a fraction of a millisecond is a millisecond, not a deletion', async () => {
    const cache = site.cache()
    expect(await cache.set('a', 1, { ttl: 60_000.4 })).toBe(true)
    expect(await cache.ttl('a')).toBeGreaterThan(50_000)
    expect(await cache.set('b', 1, { ttl: 0.5 })).toBe(true)
  })

  test.each([0, -1, '0s', '-5m'] as const)('set: a ttl of %s deletes, and gives true', async (ttl) => {
    const cache = site.cache()
    await cache.set('a', 1)
    expect(await cache.set('a', 2, { ttl })).toBe(true)
    expect(await cache.has('a')).toBe(false)
    expect(await cache.set('a', 2, { ttl })).toBe(true)
    expect(await cache.has('a')).toBe(false)
  })

  test('set: undefined cannot be stored, and leaves what is there', async () => {
    const cache = site.cache()
    await cache.set('a', 1)
    expect(await codeOf(cache.set('a', undefined))).toBe('VALUE_INVALID')
    expect(await codeOf(cache.set('a', undefined, { ttl: 0 }))).toBe('VALUE_INVALID')
    expect(await cache.get('a')).toBe(1)
  })

  test('setMany: a record, a Map, pairs, a generator; gives what was not stored: nothing', async () => {
    const cache = site.cache()
    const generate = function* (): Generator<[string, number]> {
      yield ['g', 7]
      yield ['h', 8]
    }
    expect(await cache.setMany({ a: 1, b: 2 })).toEqual([])
    expect(
      await cache.setMany(
        new Map([
          ['c', 3],
          ['d', 4],
        ]),
      ),
    ).toEqual([])
    expect(
      await cache.setMany([
        ['e', 5],
        ['f', 6],
      ]),
    ).toEqual([])
    expect(await cache.setMany(generate())).toEqual([])
    expect(await cache.setMany([])).toEqual([])
    expect(await cache.setMany({})).toEqual([])
    expect([...(await cache.getMany([...'abcdefgh'])).values()]).toEqual([1, 2, 3, 4, 5, 6, 7, 8])
  })

  test('setMany: of pairs with the same key the last is stored', async () => {
    const cache = site.cache()
    expect(
      await cache.setMany([
        ['a', 1],
        ['b', 2],
        ['a', 3],
      ]),
    ).toEqual([])
    expect(await cache.get('a')).toBe(3)
  })

  test('setMany: ttl and version are those of set', async () => {
    const cache = site.cache({ ttl: '100s' })
    await cache.setMany({ a: 1, b: 2 })
    expect(await cache.ttl('a')).toBeLessThanOrEqual(100_000)
    await cache.setMany({ a: 1, b: 2 }, { ttl: null, version: 2 })
    expect(await cache.ttl('a', { version: 2 })).toBe(null)
    expect(await cache.ttl('b', { version: 2 })).toBe(null)
  })

  test.each([0, -1])('setMany: a ttl of %i deletes, and nothing was not stored', async (ttl) => {
    const cache = site.cache()
    await cache.setMany({ a: 1, b: 2, c: 3 })
    expect(await cache.setMany({ a: 1, b: 2, d: 4 }, { ttl })).toEqual([])
    expect(await sorted(cache.keys())).toEqual(['c'])
  })

  test('setMany: one bad key or value, and nothing is sent', async () => {
    const cache = site.cache()
    expect(
      await codeOf(
        cache.setMany([
          ['a', 1],
          ['', 2],
        ]),
      ),
    ).toBe('KEY_INVALID')
    expect(await codeOf(cache.setMany({ a: 1, b: undefined }))).toBe('VALUE_INVALID')
    expect(await codeOf(cache.setMany({ a: 1, b: () => 1 }))).toBe('VALUE_INVALID')
    expect(await codeOf(cache.setMany({ a: 1 }, { ttl: 'soon' as never }))).toBe('CONFIG_INVALID')
    expect(await sorted(cache.keys())).toEqual([])
  })

  test('setMany: a key called __proto__ is a key', async () => {
    const cache = site.cache()
    await cache.setMany(JSON.parse('{"__proto__": 1, "a": 2}') as Record<string, number>)
    expect(await sorted(cache.keys())).toEqual(['__proto__', 'a'])
    expect((await cache.getMany(['__proto__'])).get('__proto__')).toBe(1)
  })

  test('add: stores only if the key is absent', async () => {
    const cache = site.cache()
    expect(await cache.add('a', 1, { ttl: '100s' })).toBe(true)
    expect(await cache.add('a', 2, { ttl: null })).toBe(false)
    expect(await cache.get('a')).toBe(1)
    expect(await cache.ttl('a')).toBeLessThanOrEqual(100_000)
    expect(await cache.add('a', 2, { version: 2 })).toBe(true)
    await cache.set('null', null)
    expect(await cache.add('null', 1)).toBe(false)
  })

  test.each([0, -1])('add: with a ttl of %i it stores nothing, and says whether the key was absent', async (ttl) => {
    const cache = site.cache()
    expect(await cache.add('a', 1, { ttl })).toBe(true)
    expect(await cache.has('a')).toBe(false)
    await cache.set('a', 1, { ttl: null })
    expect(await cache.add('a', 2, { ttl })).toBe(false)
    expect(await cache.get('a')).toBe(1)
    expect(await cache.ttl('a')).toBe(null)
  })

  test('delete: whether it was there', async () => {
    const cache = site.cache()
    await cache.set('a', null)
    expect(await cache.delete('a', { version: 2 })).toBe(false)
    expect(await cache.delete('a')).toBe(true)
    expect(await cache.delete('a')).toBe(false)
  })

  test('deleteMany: how many were there; no keys are fine; a key counts once', async () => {
    const cache = site.cache()
    await cache.setMany({ a: 1, b: 2, c: 3, d: 4 })
    expect(await cache.deleteMany([])).toBe(0)
    expect(await cache.deleteMany(['a', 'missing', 'b', 'a'])).toBe(2)
    expect(await cache.deleteMany(new Set(['c']))).toBe(1)
    expect(await cache.deleteMany(['d'], { version: 2 })).toBe(0)
    expect(await sorted(cache.keys())).toEqual(['d'])
  })
})
