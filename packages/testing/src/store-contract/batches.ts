import assert from 'node:assert/strict'
import { bytes, longTtl, put, readAll, same, sameBytes, unwrap, type StoreCases } from './context.ts'

const oddKeys = [
  'plain',
  'with space',
  'line\r\nbreak',
  'nul\0byte',
  'tab\t',
  '{tag}a',
  '{tag}b',
  'é',
  '日本語',
  '🧂',
  '*',
  '[a]',
  '\\',
  '"quoted"',
  "it's",
  '__proto__',
  'constructor',
  'hasOwnProperty',
  'toString',
  '-1',
  '0',
  `long${'x'.repeat(2000)}`,
] as const

export const batches: StoreCases = {
  'get answers in the order asked, with undefined for what is missing': async ({ store }) => {
    same(await store.set(['a', 'b', 'c'].map((key) => ({ key, value: bytes(`value of ${key}`), ttl: null }))), [true, true, true])
    assert.deepEqual(await readAll(store, ['c', 'x', 'a', 'b', 'y']), ['value of c', undefined, 'value of a', 'value of b', undefined])
  },

  'get answers a key that is asked twice twice': async ({ store }) => {
    await put(store, 'a', '1')
    assert.deepEqual(await readAll(store, ['a', 'b', 'a', 'b', 'a']), ['1', undefined, '1', undefined, '1'])
  },

  'of entries with one key in one set the last one stays': async ({ store }) => {
    same(
      await store.set([
        { key: 'a', value: bytes('1'), ttl: null },
        { key: 'b', value: bytes('2'), ttl: null },
        { key: 'a', value: bytes('3'), ttl: longTtl },
      ]),
      [true, true, true],
    )
    assert.deepEqual(await readAll(store, ['a', 'b']), ['3', '2'])
  },

  'every method takes an empty batch': async ({ store }) => {
    for (const answers of [
      store.get([]),
      store.set([]),
      store.add([]),
      store.swap([]),
      store.has([]),
      store.ttl([]),
      store.touch([], null),
      store.incr([]),
      store.move([]),
    ]) {
      assert.deepEqual(await answers, [])
    }
    const tally = await store.delete([])
    assert.equal(tally.count, 0)
    assert.equal(tally.failed?.size ?? 0, 0)
  },

  'keys are told apart whatever they consist of': async ({ store }) => {
    same(
      await store.set(oddKeys.map((key, index) => ({ key, value: bytes(`value ${index}`), ttl: null }))),
      oddKeys.map(() => true as const),
    )
    assert.deepEqual(
      await readAll(store, oddKeys),
      oddKeys.map((_, index) => `value ${index}`),
    )
    assert.deepEqual(await readAll(store, ['Plain', 'plain ', 'e', '__proto', 'valueOf']), Array(5).fill(undefined))
    same(
      await store.has(oddKeys),
      oddKeys.map(() => true),
    )
  },

  'a value may consist of any bytes': async ({ store }) => {
    const every = Uint8Array.from({ length: 256 }, (_, byte) => byte)
    const values = [
      every,
      every.toReversed(),
      bytes('\r\n$-1\r\n'),
      Uint8Array.of(0),
      Uint8Array.of(0xff, 0xfe),
      Uint8Array.of(0xef, 0xbb, 0xbf),
    ]
    await store.set(values.map((value, index) => ({ key: `key ${index}`, value: value.slice(), ttl: null })))
    const answers = await store.get(values.map((_, index) => `key ${index}`))
    values.forEach((value, index) => sameBytes(answers[index], value))
  },

  'a value may be a part of a larger buffer': async ({ store }) => {
    const whole = bytes('before-value-after')
    await store.set([{ key: 'a', value: whole.subarray(7, 12), ttl: null }])
    assert.deepEqual(await readAll(store, ['a']), ['value'])
  },

  'a value may be empty, and is then no miss': async ({ store }) => {
    await put(store, 'a', '')
    assert.deepEqual(await readAll(store, ['a', 'b']), ['', undefined])
    same(await store.has(['a']), [true])
    same(await store.add([{ key: 'a', value: bytes('x'), ttl: null }]), [false])
    same(await store.swap([{ key: 'a', expected: bytes(''), value: bytes('y') }]), [true])
  },

  'a value may be large': async ({ store, capabilities }) => {
    const large = new Uint8Array(capabilities.largeValueBytes ?? 1024 * 1024)
    for (let at = 0; at < large.length; at++) large[at] = (at * 31 + (at >> 8)) & 0xff
    const untouched = large.slice()
    same(await store.set([{ key: 'a', value: large, ttl: null }]), [true])
    const [answer] = await store.get(['a'])
    sameBytes(answer, untouched)
    same(await store.swap([{ key: 'a', expected: untouched, value: bytes('small') }]), [true])
    assert.deepEqual(await readAll(store, ['a']), ['small'])
  },

  'a batch may have a thousand keys': async ({ store }) => {
    const keys = Array.from({ length: 1000 }, (_, index) => `key ${index}`)
    same(
      await store.set(keys.map((key) => ({ key, value: bytes(key), ttl: null }))),
      keys.map(() => true as const),
    )
    const asked = keys.flatMap((key, index) => (index % 3 === 0 ? [key, `no ${key}`] : [key]))
    assert.deepEqual(
      await readAll(store, asked),
      asked.map((key) => (key.startsWith('no') ? undefined : key)),
    )
    const { count } = await store.delete(asked)
    assert.equal(count, 1000)
  },

  'has answers each key, also one asked twice': async ({ store }) => {
    await put(store, 'a', '1')
    same(await store.has(['a', 'b', 'a', 'c']), [true, false, true, false])
  },

  'delete counts what was there, once': async ({ store }) => {
    await put(store, 'a', '1')
    await put(store, 'b', '2')
    await put(store, 'c', '3')
    const tally = await store.delete(['a', 'x', 'b', 'a'])
    assert.equal(tally.count, 2)
    assert.equal(tally.failed?.size ?? 0, 0)
    assert.deepEqual(await readAll(store, ['a', 'b', 'c']), [undefined, undefined, '3'])
    const again = await store.delete(['a'])
    assert.equal(again.count, 0)
  },

  'what is handed in may be changed once the call has settled': async ({ store }) => {
    const value = bytes('original')
    await store.set([{ key: 'set', value, ttl: null }])
    value.fill(0)
    const added = bytes('original')
    await store.add([{ key: 'add', value: added, ttl: null }])
    added.fill(0)
    const swapped = bytes('original')
    await put(store, 'swap', 'old')
    await store.swap([{ key: 'swap', expected: bytes('old'), value: swapped }])
    swapped.fill(0)
    assert.deepEqual(await readAll(store, ['set', 'add', 'swap']), ['original', 'original', 'original'])
  },

  'what is given out belongs to the caller': async ({ store }) => {
    await put(store, 'a', 'original')
    const [one, other] = await store.get(['a', 'a'])
    unwrap(one)!.fill(0)
    sameBytes(other, bytes('original'))
    unwrap(other)!.fill(1)
    assert.deepEqual(await readAll(store, ['a']), ['original'])
  },
}
