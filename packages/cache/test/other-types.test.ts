import { describe, expect, test } from 'vitest'
import { until } from '@tooling/servers'
import { at, codeOf, sorted } from './sites.ts'

at('a key that holds another Redis type', ['TCP'], (site) => {
  describe.each([
    ['a list', (stored: string) => ['RPUSH', stored, '1']],
    ['a hash', (stored: string) => ['HSET', stored, 'f', '1']],
    ['a set', (stored: string) => ['SADD', stored, '1']],
    ['a sorted set', (stored: string) => ['ZADD', stored, 1, 'm']],
    ['a stream', (stored: string) => ['XADD', stored, '*', 'f', '1']],
  ] as const)('%s', (_, command) => {
    const stored = (version = 1): string => `${site.prefix}:${version}:a`
    const put = (version?: number): Promise<unknown> => site.server.command(...command(stored(version)))
    const typeOf = (version?: number): Promise<unknown> => site.server.command('TYPE', stored(version))

    test('get misses, and tells of it', async () => {
      const cache = site.cache()
      const told: object[] = []
      cache.on('decode-error', (event) => told.push(event))
      await put()
      expect(await cache.get('a', { default: 'none' })).toBe('none')
      expect(told).toMatchObject([{ key: 'a', stored: stored(), error: { code: 'CODEC_CORRUPT' } }])
      expect(cache.stats()).toMatchObject({ hits: 0, misses: 1, degraded: 0, errors: { CODEC_CORRUPT: 1 } })
      expect(await typeOf()).not.toBe('none')
    })

    test('it does so with errors: throw, too', async () => {
      const cache = site.cache({ errors: 'throw' })
      await put()
      expect(await cache.get('a')).toBe(undefined)
      expect(await cache.getMany(['a', 'b'])).toEqual(new Map())
      expect(await cache.getOrSet('a', () => 'loaded')).toBe('loaded')
    })

    test('getMany misses, gives the others, and tells of it', async () => {
      const cache = site.cache()
      const told: { readonly stored: string }[] = []
      cache.on('decode-error', (event) => told.push(event))
      await cache.set('b', 1)
      await put()
      expect(await cache.getMany(['a', 'b', 'missing'])).toEqual(new Map([['b', 1]]))
      await until('the event', () => told.length > 0)
      expect(told).toMatchObject([{ key: 'a', stored: stored(), error: { code: 'CODEC_CORRUPT' } }])
      expect(cache.stats()).toMatchObject({ hits: 1, misses: 2, degraded: 0 })
      expect(await cache.getMany(['a'])).toEqual(new Map())
    })

    test('the events of getMany know the keys of namespaces and of other formats', async () => {
      const format = {
        format: (key: string, prefix: string, version: number) => `${prefix}/${version}/${key}`,
        parse: (at: string, prefix: string) => {
          const [head, version, key] = at.split('/')
          return head === prefix && key !== undefined ? { key, version: Number(version) } : undefined
        },
      }
      for (const [cache, at, key] of [
        [site.cache().namespace('eu').namespace('v2'), `${site.prefix}:eu:v2:1:7:a`, '7:a'],
        [site.cache({ keyPrefix: '' }), ':1:a', 'a'],
        [site.cache({ keyFormat: format }), `${site.prefix}/1/a`, 'a'],
      ] as const) {
        const told: { readonly key: string }[] = []
        cache.on('decode-error', (event) => told.push(event))
        await site.server.command(...command(at))
        await cache.getMany([key, 'missing'])
        await until('the event', () => told.length > 0)
        expect(told).toMatchObject([{ key, stored: at }])
        await cache.clear()
      }
    })

    test('has, ttl, touch, persist and delete work on it', async () => {
      const cache = site.cache()
      await put()
      expect(await cache.has('a')).toBe(true)
      expect(await cache.ttl('a')).toBe(null)
      expect(await cache.touch('a', '1h')).toBe(true)
      expect(await cache.ttl('a')).toBeGreaterThan(3_000_000)
      expect(await cache.persist('a')).toBe(true)
      expect(await cache.ttl('a')).toBe(null)
      expect(await cache.delete('a')).toBe(true)
      expect(await cache.has('a')).toBe(false)
      await put()
      expect(await cache.deleteMany(['a'])).toBe(1)
    })

    test('set, setMany and getOrSet replace it', async () => {
      const cache = site.cache()
      await put()
      expect(await cache.set('a', { now: 'ours' })).toBe(true)
      expect(await cache.get('a')).toEqual({ now: 'ours' })
      expect(await typeOf()).toBe('string')
      await cache.delete('a')
      await put()
      expect(await cache.setMany({ a: 1 })).toEqual([])
      expect(await cache.get('a')).toBe(1)
      await cache.delete('a')
      await put()
      expect(await cache.getOrSet('a', () => 'loaded')).toBe('loaded')
      expect(await cache.get('a')).toBe('loaded')
      await cache.delete('a')
      await put()
      expect(await cache.set('a', 1, { ttl: 0 })).toBe(true)
      expect(await typeOf()).toBe('none')
    })

    test('add is false, incr is VALUE_NOT_INTEGER, and it stays', async () => {
      const cache = site.cache()
      await put()
      expect(await cache.add('a', 1)).toBe(false)
      expect(await cache.add('a', 1, { ttl: 0 })).toBe(false)
      expect(await codeOf(cache.incr('a'))).toBe('VALUE_NOT_INTEGER')
      expect(await codeOf(cache.decr('a'))).toBe('VALUE_NOT_INTEGER')
      expect(await typeOf()).not.toBe('string')
    })

    test('keys lists it; deletePattern and clear remove it; reinsertKeys counts it as foreign', async () => {
      const cache = site.cache()
      await put()
      await put(2)
      expect(await sorted(cache.keys())).toEqual(['a'])
      expect(await cache.reinsertKeys()).toMatchObject({ scanned: 2, foreign: 2, rewritten: 0, undecodable: 0 })
      expect(await cache.deletePattern('*')).toBe(1)
      expect(await typeOf(2)).not.toBe('none')
      await cache.clear()
      expect(await typeOf(2)).toBe('none')
    })

    test('inspect tells what can be told; incrVersion moves it', async () => {
      const cache = site.cache()
      await put()
      expect(await cache.inspect('a')).toMatchObject({ codec: undefined, ttl: null })
      expect(await cache.incrVersion('a')).toBe(2)
      expect(await typeOf(1)).toBe('none')
      expect(await typeOf(2)).not.toBe('none')
    })
  })
})
