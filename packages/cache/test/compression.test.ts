import { describe, expect, test } from 'vitest'
import { brotli, gzip } from '@shale/cache'
import { at } from './sites.ts'

const text = 'a cache of many words '.repeat(500)

at('compression', ['embedded', 'TCP'], (site) => {
  describe.each([
    ['gzip', gzip],
    ['brotli', brotli],
  ] as const)('%s', (name, make) => {
    test('what is over the threshold is stored smaller, and comes back', async () => {
      const cache = site.cache({ compression: make({ threshold: 200 }) })
      await cache.setMany({ large: { text }, small: { text: 'short' }, n: 5 })
      expect(await cache.inspect('large')).toMatchObject({ compression: name, codec: 'cbor' })
      expect((await cache.inspect('large'))?.bytes).toBeLessThan(text.length / 5)
      expect((await cache.inspect('small'))?.compression).toBe(undefined)
      expect(await site.raw(`${site.prefix}:1:n`)).toBe('5')
      expect(await cache.getMany(['large', 'small', 'n'])).toEqual(
        new Map<string, unknown>([
          ['large', { text }],
          ['small', { text: 'short' }],
          ['n', 5],
        ]),
      )
      expect(await cache.incr('n')).toBe(6)
    })

    test('what is compressed is read by a cache that compresses otherwise, or not at all', async () => {
      await site.cache({ compression: make() }).set('a', { text })
      expect(await site.cache().get('a')).toEqual({ text })
      expect(await site.cache({ compression: gzip() }).get('a')).toEqual({ text })
    })
  })

  test('what inflates beyond maxValueBytes is a miss', async () => {
    await site.cache({ compression: gzip() }).set('a', 'x'.repeat(1_000_000))
    expect(await site.cache({ maxValueBytes: 100_000 }).get('a')).toBe(undefined)
    expect(await site.cache().get('a')).toBe('x'.repeat(1_000_000))
  })
})
