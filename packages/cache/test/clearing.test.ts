import { expect, test } from 'vitest'
import { at, codeOf, sorted } from './sites.ts'

at('clearing', ['embedded', 'TCP'], (site) => {
  test('clear removes every key of the keyspace, all versions', async () => {
    const cache = site.cache()
    for (const version of [1, 2, 12, 0, -1]) await cache.setMany({ a: 1, 'b:1:c': 2 }, { version })
    expect(await cache.clear()).toBe(undefined)
    for (const version of [1, 2, 12, 0, -1]) expect(await sorted(cache.keys('*', { version }))).toEqual([])
    await cache.clear()
  })

  test('with a version it removes that version alone', async () => {
    const cache = site.cache()
    for (const version of [1, 2, 12, 21, -2]) await cache.setMany({ a: 1, '2:a': 2 }, { version })
    await cache.clear({ version: 2 })
    expect(await sorted(cache.keys('*', { version: 2 }))).toEqual([])
    for (const version of [1, 12, 21, -2]) expect(await sorted(cache.keys('*', { version }))).toEqual(['2:a', 'a'])
    await cache.clear({ version: -2 })
    expect(await sorted(cache.keys('*', { version: -2 }))).toEqual([])
    expect(await sorted(cache.keys('*', { version: 1 }))).toEqual(['2:a', 'a'])
  })

  test('it leaves other prefixes alone, also those that begin alike', async () => {
    const cache = site.cache()
    const others = ['x', ':x', '-', '1'].map((more) => site.cache({ keyPrefix: `${site.prefix}${more}` }))
    const bare = site.cache({ keyPrefix: '' })
    for (const one of [cache, bare, ...others]) await one.set('a', 1)
    await cache.clear()
    expect(await cache.has('a')).toBe(false)
    for (const one of [bare, ...others]) expect(await one.has('a')).toBe(true)
    await bare.clear()
    expect(await bare.has('a')).toBe(false)
    for (const one of others) expect(await one.has('a')).toBe(true)
  })

  test('database: true removes whatever is there', async () => {
    const cache = site.cache()
    const other = site.cache({ keyPrefix: 'other' })
    await other.set('a', 1)
    await site.put('foreign', 'x')
    await cache.clear({ database: true })
    expect(await other.has('a')).toBe(false)
    expect(await site.raw('foreign')).toBe(undefined)
  })

  test('database: false is as if it were not there; with a version it is refused', async () => {
    const cache = site.cache()
    await site.put('foreign', 'x')
    await cache.set('a', 1)
    await cache.clear({ database: false })
    expect(await cache.has('a')).toBe(false)
    expect(await site.raw('foreign')).toBe('x')
    expect(await codeOf(cache.clear({ database: true, version: 1 }))).toBe('CONFIG_INVALID')
  })

  test('a namespace is a keyspace of its own: clear on either leaves the other alone', async () => {
    const cache = site.cache()
    const eu = cache.namespace('eu')
    const inner = eu.namespace('fr')
    const alike = cache.namespace('eu2')
    const all = [cache, eu, inner, alike]
    const fill = (): Promise<unknown> => Promise.all(all.map((one, i) => one.setMany({ a: i, [`only-${i}`]: i })))
    await fill()
    for (const [i, one] of all.entries()) {
      expect(await one.get('a')).toBe(i)
      expect(await sorted(one.keys())).toEqual(['a', `only-${i}`])
    }
    for (const one of all) {
      await fill()
      await one.clear()
      for (const other of all) expect(await sorted(other.keys())).toHaveLength(other === one ? 0 : 2)
      await fill()
      expect(await one.deletePattern('*')).toBe(2)
      for (const other of all) expect(await sorted(other.keys())).toHaveLength(other === one ? 0 : 2)
    }
    expect(await site.raw(`${site.prefix}:eu:fr:1:a`)).toBe('2')
  })

  test('namespaces of the same name are the same keyspace', async () => {
    const cache = site.cache()
    await cache.namespace('eu').set('a', 1)
    expect(await cache.namespace('eu').get('a')).toBe(1)
    expect(await site.cache({ keyPrefix: `${site.prefix}:eu` }).get('a')).toBe(1)
  })

  test('a namespace may have a version, a ttl and a jitter of its own; the rest is its parent’s', async () => {
    const cache = site.cache({ version: 3, ttl: '100s' })
    const like = cache.namespace('like')
    await like.set('a', 1)
    expect(await site.raw(`${site.prefix}:like:3:a`)).toBe('1')
    expect(await like.ttl('a')).toBeLessThanOrEqual(100_000)
    const own = cache.namespace('own', { version: 7, ttl: null })
    await own.set('a', 1)
    expect(await site.raw(`${site.prefix}:own:7:a`)).toBe('1')
    expect(await own.ttl('a')).toBe(null)
    await own.touch('a')
    expect(await own.ttl('a')).toBe(null)
    const jittery = cache.namespace('jittery', { ttlJitter: 1 })
    await jittery.setMany(
      Array.from({ length: 50 }, (_, i) => [`k${i}`, 1]),
      { ttl: '1h' },
    )
    const left = await Promise.all(Array.from({ length: 50 }, (_, i) => jittery.ttl(`k${i}`)))
    expect(Math.min(...left.map(Number))).toBeLessThan(1_800_000)
  })

  test('closing a namespace closes nothing; closing its owner closes it', async () => {
    const cache = site.cache()
    const eu = cache.namespace('eu')
    await eu.close()
    await eu.set('a', 1)
    await cache.close()
    expect(await codeOf(eu.get('a'))).toBe('CLOSED')
  })
})
