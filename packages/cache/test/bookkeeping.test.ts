import { expect, test } from 'vitest'
import { at, sorted } from './sites.ts'

at('bookkeeping keys', ['embedded', 'TCP'], (site) => {
  const format = {
    format: (key: string, prefix: string, version: number) => `${prefix}|${version}|${key}`,
    parse: (stored: string, prefix: string) => {
      const [head, version, ...key] = stored.split('|')
      return head === prefix && key.length > 0 ? { key: key.join('|'), version: Number(version) } : undefined
    },
  }

  test('a lock never shows in keys, deletePattern and counts, and is no entry', async () => {
    const cache = site.cache()
    await cache.setMany({ a: 1, b: 2 })
    const lock = await cache.lock('a')
    await cache.lock('only locked', { version: 2 })
    expect(await sorted(cache.keys())).toEqual(['a', 'b'])
    expect(await sorted(cache.keys('*', { version: 2 }))).toEqual([])
    expect(await sorted(cache.keys('*lock*'))).toEqual([])
    expect(await cache.has('only locked', { version: 2 })).toBe(false)
    expect(await cache.inspect('only locked', { version: 2 })).toBe(undefined)
    expect(await cache.reinsertKeys()).toMatchObject({ scanned: 2, current: 2, foreign: 0, undecodable: 0 })
    expect(await cache.deletePattern('*')).toBe(2)
    expect(await cache.deletePattern('*', { version: 2 })).toBe(0)
    expect(await cache.lock('a')).toBe(undefined)
    expect(await lock?.release()).toBe(true)
  })

  test.each(['a', '1~lock:a', 'lock:a', '~lock:a', '1:a', ':1~lock:a'])('the key %j and locks do not collide', async (key) => {
    const cache = site.cache()
    const lock = await cache.lock('a')
    expect(await cache.has(key)).toBe(false)
    expect(await cache.add(key, 'mine')).toBe(true)
    expect(await cache.lock('a')).toBe(undefined)
    expect(await lock?.release()).toBe(true)
    expect(await cache.get(key)).toBe('mine')
    await using _ = await cache.lock(key)
    await cache.delete(key)
    expect(await cache.lock(key)).toBe(undefined)
  })

  test('locks of different keys, versions, prefixes and namespaces are different', async () => {
    const cache = site.cache()
    const other = site.cache({ keyPrefix: `${site.prefix}-other` })
    const locks = await Promise.all([
      cache.lock('a'),
      cache.lock('b'),
      cache.lock('a', { version: 2 }),
      cache.namespace('eu').lock('a'),
      other.lock('a'),
    ])
    expect(locks.every((lock) => lock !== undefined)).toBe(true)
    expect(await cache.lock('a', { version: 1 })).toBe(undefined)
    expect(await Promise.all(locks.map(async (lock) => lock?.release()))).toEqual([true, true, true, true, true])
  })

  test('locks go with clear, and with clear of their version', async () => {
    const cache = site.cache()
    const first = await cache.lock('a')
    const second = await cache.lock('a', { version: 2 })
    await cache.clear({ version: 2 })
    expect(await second?.release()).toBe(false)
    expect(await cache.lock('a')).toBe(undefined)
    await cache.clear()
    expect(await first?.release()).toBe(false)
    const again = await cache.lock('a')
    expect(again).toBeDefined()
    const eu = await cache.namespace('eu').lock('a')
    await cache.clear()
    expect(await again?.release()).toBe(false)
    expect(await eu?.release()).toBe(true)
  })

  test('with a custom key format, too', async () => {
    const cache = site.cache({ keyFormat: format })
    await cache.setMany({ a: 1, 'b|c': 2 })
    const lock = await cache.lock('a')
    expect(await site.raw(`${site.prefix}|1|b|c`)).toBe('2')
    expect(await sorted(cache.keys())).toEqual(['a', 'b|c'])
    expect(await cache.lock('a')).toBe(undefined)
    await cache.clear({ version: 2 })
    expect(await cache.lock('a')).toBe(undefined)
    await cache.clear()
    expect(await lock?.release()).toBe(false)
    expect(await sorted(cache.keys())).toEqual([])
  })
})
