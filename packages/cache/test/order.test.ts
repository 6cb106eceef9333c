import { describe, expect, test } from 'vitest'
import { gzip } from '@shale/cache'
import { at } from './sites.ts'

const large = (n: number): object => ({ n, text: `text ${n} `.repeat(n % 3 === 0 ? 200 : 5) })

at('un-awaited calls on one key take effect in the order made', ['embedded', 'TCP', 'Unix socket', 'TLS'], (site) => {
  describe.each([
    ['one connection', 1],
    ['two connections', 2],
    ['one to four connections', { min: 1, max: 4 }],
  ] as const)('%s, with compression', (_, connections) => {
    const options = { compression: gzip({ threshold: 100 }), ...(site.isServer ? { connections } : {}) }
    const keys = Array.from({ length: 40 }, (__, i) => `k${i}`)

    test('set, delete, set, before the first connect', async () => {
      for (let round = 0; round < 3; round++) {
        const cache = site.cache(options)
        const calls = keys.flatMap((key) => [cache.set(key, large(round)), cache.delete(key), cache.set(key, large(round + 1))])
        const found = cache.getMany(keys)
        expect([...(await found).values()]).toEqual(keys.map(() => large(round + 1)))
        await Promise.all(calls)
        await cache.close()
      }
    })

    test('set, delete, set, many rounds on many keys, in a turn of the loop', async () => {
      const cache = site.cache(options)
      const calls: Promise<unknown>[] = []
      for (let round = 0; round < 20; round++) {
        for (const key of keys) calls.push(cache.set(key, large(round)), cache.delete(key), cache.set(key, large(round + 100)))
      }
      const found = cache.getMany(keys)
      await Promise.all(calls)
      expect([...(await found).values()]).toEqual(keys.map(() => large(119)))
      expect([...(await cache.getMany(keys)).values()]).toEqual(keys.map(() => large(119)))
    })

    test('over several turns of the loop, with reads that see what was written before them', async () => {
      const cache = site.cache(options)
      const calls: Promise<unknown>[] = []
      const reads: [Promise<unknown>, unknown][] = []
      for (let round = 0; round < 30; round++) {
        for (const key of keys) {
          calls.push(cache.set(key, large(round)))
          if (round % 7 === 0) reads.push([cache.get(key), large(round)])
          calls.push(cache.delete(key))
          if (round % 5 === 0) reads.push([cache.has(key), false])
          calls.push(cache.set(key, large(round + 1)))
        }
        if (round % 4 === 0) await new Promise((resolve) => setImmediate(resolve))
      }
      await Promise.all(calls)
      for (const [read, expected] of reads) expect(await read).toEqual(expected)
      expect([...(await cache.getMany(keys)).values()]).toEqual(keys.map(() => large(30)))
    })

    test('the last may be a delete', async () => {
      const cache = site.cache(options)
      const calls = Array.from({ length: 10 }, (__, round) =>
        keys.flatMap((key) => [cache.set(key, large(round)), cache.setMany({ [key]: large(round) }), cache.deleteMany([key])]),
      )
      await Promise.all(calls.flat())
      expect(await cache.getMany(keys)).toEqual(new Map())
    })

    test('incrVersion in between', async () => {
      const cache = site.cache(options)
      const calls: Promise<unknown>[] = []
      for (let round = 0; round < 10; round++) {
        for (const key of keys) {
          calls.push(
            cache.set(key, large(round)),
            cache.incrVersion(key),
            cache.set(key, large(round + 50)),
            cache.set(key, 'over', { version: 2 }),
          )
          calls.push(cache.delete(key, { version: 2 }), cache.incrVersion(key), cache.set(key, large(round + 90)))
        }
      }
      await Promise.all(calls)
      expect([...(await cache.getMany(keys, { version: 2 })).values()]).toEqual(keys.map(() => large(59)))
      expect([...(await cache.getMany(keys)).values()]).toEqual(keys.map(() => large(99)))
    })

    test('add, incr, touch and ttl see what came before them', async () => {
      const cache = site.cache(options)
      const calls = keys.map((key) => [
        cache.set(key, 1),
        cache.add(key, 5),
        cache.incr(key, 2),
        cache.touch(key, null),
        cache.ttl(key),
        cache.delete(key),
        cache.add(key, 7),
        cache.incr(key),
        cache.get(key),
      ])
      for (const one of calls) expect(await Promise.all(one)).toEqual([true, false, 3, true, null, true, true, 8, 8])
    })
  })
})
