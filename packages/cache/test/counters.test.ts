import { describe, expect, test } from 'vitest'
import { at, codeOf } from './sites.ts'

const most = Number.MAX_SAFE_INTEGER

at('counters', ['embedded', 'TCP'], (site) => {
  const stored = (key: string): string => `${site.prefix}:1:${key}`

  test('incr and decr add and give the new value', async () => {
    const cache = site.cache()
    await cache.set('a', 5)
    expect(await cache.incr('a')).toBe(6)
    expect(await cache.incr('a', 4)).toBe(10)
    expect(await cache.incr('a', -20)).toBe(-10)
    expect(await cache.decr('a')).toBe(-11)
    expect(await cache.decr('a', 9)).toBe(-20)
    expect(await cache.decr('a', -20)).toBe(0)
    expect(await cache.incr('a', 0)).toBe(0)
    expect(await cache.decr('a', 0)).toBe(0)
    expect(await cache.get('a')).toBe(0)
    await cache.set('a', 1, { version: 2 })
    expect(await cache.incr('a', 1, { version: 2 })).toBe(2)
    expect(await cache.get('a')).toBe(0)
  })

  test('the ttl is kept', async () => {
    const cache = site.cache()
    await cache.set('a', 1, { ttl: '1h' })
    await cache.incr('a')
    expect(await cache.ttl('a')).toBeGreaterThan(3_000_000)
    await cache.set('b', 1, { ttl: null })
    await cache.decr('b')
    expect(await cache.ttl('b')).toBe(null)
  })

  test('a missing key is KEY_NOT_FOUND, and is not made', async () => {
    const cache = site.cache()
    expect(await codeOf(cache.incr('a'))).toBe('KEY_NOT_FOUND')
    expect(await codeOf(cache.decr('a', 3))).toBe('KEY_NOT_FOUND')
    expect(await cache.has('a')).toBe(false)
    expect(await site.raw(stored('a'))).toBe(undefined)
  })

  test.each([
    ['a string', '42'],
    ['a fraction', 1.5],
    ['negative zero', -0],
    ['null', null],
    ['true', true],
    ['a BigInt', 42n],
    ['an object', { n: 1 }],
    ['NaN', NaN],
    ['beyond 2^53', 2 ** 53],
  ])('%s is VALUE_NOT_INTEGER, and stays as it was', async (_, value) => {
    const cache = site.cache()
    await cache.set('a', value, { ttl: '1h' })
    expect(await codeOf(cache.incr('a'))).toBe('VALUE_NOT_INTEGER')
    expect(await codeOf(cache.decr('a'))).toBe('VALUE_NOT_INTEGER')
    expect(await cache.get('a')).toStrictEqual(value)
    expect(await cache.ttl('a')).toBeGreaterThan(3_000_000)
  })

  test.each(['007', '+1', ' 1', '1 ', '-0', '', '1.0', '1e3', '0x10', 'abc', '-', '--1', '\n1'])(
    'the text %j of another program is VALUE_NOT_INTEGER, and stays',
    async (text) => {
      const cache = site.cache()
      await site.put(stored('a'), text)
      expect(await codeOf(cache.incr('a'))).toBe('VALUE_NOT_INTEGER')
      expect(await site.raw(stored('a'))).toBe(text)
    },
  )

  test.each([
    ['0', 1, 1],
    ['-1', 1, 0],
    ['42', -50, -8],
    [String(most), -1, most - 1],
    [String(-most), 1, 1 - most],
    ['9007199254740993', -10, 9007199254740983],
    ['-9007199254740993', 10, -9007199254740983],
  ])('the text %j of another program and %i make %i', async (text, by, sum) => {
    const cache = site.cache()
    await site.put(stored('a'), text)
    expect(await cache.incr('a', by)).toBe(sum)
    expect(await site.raw(stored('a'))).toBe(String(sum))
  })

  describe.each([
    ['one over the most', String(most), 1],
    ['one under the least', String(-most), -1],
    ['the most twice', String(most), most],
    ['a foreign decimal that stays beyond', '9007199254740993', 1],
    ['a negative foreign decimal that stays beyond', '-9007199254740993', -1],
    ['the most of 64 bits, over', '9223372036854775807', 1],
    ['the most of 64 bits, less', '9223372036854775807', -1],
    ['the least of 64 bits, under', '-9223372036854775808', -1],
    ['the least of 64 bits, more', '-9223372036854775808', 1],
  ])('%s', (_, text, by) => {
    test('is VALUE_OUT_OF_RANGE, and the value stays as it was', async () => {
      const cache = site.cache()
      await site.put(stored('a'), text)
      expect(await codeOf(cache.incr('a', by))).toBe('VALUE_OUT_OF_RANGE')
      expect(await site.raw(stored('a'))).toBe(text)
      expect(await cache.get('a')).toBe(Number.isSafeInteger(Number(text)) ? Number(text) : BigInt(text))
    })
  })

  test.each(['9223372036854775808', '-9223372036854775809', '1'.repeat(40)])(
    '%s, which a server cannot add to, is an error, and the value stays as it was',
    async (text) => {
      const cache = site.cache()
      await site.put(stored('a'), text)
      expect(await codeOf(cache.incr('a'))).toBe('VALUE_OUT_OF_RANGE')
      expect(await cache.get('a')).toBe(BigInt(text))
    },
  )

  test('the limits can be reached', async () => {
    const cache = site.cache()
    await cache.set('a', most - 1)
    expect(await cache.incr('a')).toBe(most)
    expect(await cache.get('a')).toBe(most)
    expect(await cache.decr('a', most)).toBe(0)
    expect(await cache.decr('a', most)).toBe(-most)
    expect(await codeOf(cache.decr('a'))).toBe('VALUE_OUT_OF_RANGE')
    expect(await cache.get('a')).toBe(-most)
  })

  test.each([1.5, NaN, Infinity, 2 ** 53, '1', 1n, null])('%s cannot be added', async (by) => {
    const cache = site.cache()
    await cache.set('a', 1)
    expect(await codeOf(cache.incr('a', by as never))).toBe('VALUE_INVALID')
    expect(await codeOf(cache.decr('a', by as never))).toBe('VALUE_INVALID')
    expect(await cache.get('a')).toBe(1)
  })

  test('un-awaited calls add up', async () => {
    const cache = site.cache()
    await cache.set('a', 0)
    const sums = await Promise.all(Array.from({ length: 100 }, () => cache.incr('a')))
    expect(sums).toEqual(Array.from({ length: 100 }, (_, i) => i + 1))
  })
})
