import { hashTag } from '@shale/router'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { hashKey, hashText, mix } from '../src/key-hash.ts'

const seed = Date.now() % 2 ** 31
console.log(`key hash: seed ${seed}`)

test.each([
  ['', 0x811c9dc5],
  ['a', 0xe40c292c],
  ['b', 0xe70c2de5],
  ['foobar', 0xbf9cf968],
])('the hash of %j is that of the published vectors', (text, hash) => {
  expect(hashText(text) >>> 0).toBe(hash)
})

test.each([
  [0, 0],
  [1, 0x514e28b7],
  [0xffffffff, 0x81f16f39],
])('%i is mixed as MurmurHash3 does', (bits, mixed) => {
  expect(mix(bits) >>> 0).toBe(mixed)
})

test('any text is hashed by its bytes as UTF-8', () => {
  const byBytes = (text: string): number =>
    new TextEncoder().encode(text).reduce((hash, byte) => Math.imul(hash ^ byte, 0x01000193), 0x811c9dc5 | 0)
  const text = fc.oneof(
    fc.string(),
    fc.string({ unit: 'binary' }),
    fc.string({ unit: 'grapheme' }),
    fc.array(fc.integer({ min: 0, max: 0xffff })).map((units) => String.fromCharCode(...units)),
  )
  fc.assert(
    fc.property(text, (found) => {
      expect(hashText(found)).toBe(byBytes(found))
    }),
    { seed, numRuns: 5000 },
  )
  for (const long of ['x', 'é', '日', '🧂', 'x\ud800'].flatMap((part) => [31, 32, 33, 1366, 5000].map((times) => part.repeat(times))))
    expect(hashText(long)).toBe(byBytes(long))
  for (const odd of ['\ud800', 'a\udc00b', '\ud83e', '\ud83e\ud83e\udd2e', '\u07ff\u0800\uffff']) expect(hashText(odd)).toBe(byBytes(odd))
})

test.each([
  ['{user1000}.following', 'user1000'],
  ['foo{}{bar}', 'foo{}{bar}'],
  ['foo{{bar}}zap', '{bar'],
  ['foo{bar}{zap}', 'bar'],
  ['foo', 'foo'],
  ['', ''],
  ['{', '{'],
  ['{a', '{a'],
  ['a}b{', 'a}b{'],
  ['}{a}', 'a'],
  ['{ }', ' '],
  [':1:{日本}🧂', '日本'],
])('the tag of %j is %j', (key, tag) => {
  expect(hashTag(key)).toBe(tag)
})

test('of any key its tag is hashed, wherever its braces are', () => {
  const part = fc.constantFrom('{', '}', '{}', 'a', ':1:user:7', 'é', '日本語', '🧂', '\ud800', '~')
  const key = fc.array(part, { maxLength: 40 }).map((parts) => parts.join(''))
  fc.assert(
    fc.property(key, (found) => {
      expect(hashKey(found)).toBe(hashText(hashTag(found)))
    }),
    { seed, numRuns: 20_000 },
  )
})
