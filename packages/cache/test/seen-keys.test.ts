import { createHash } from 'node:crypto'
import { expect, test, vi } from 'vitest'
import { createSeededRandom } from '@shale/testing'
import { SeenKeys } from '../src/seen-keys.ts'

const count = 1_000_000
const random = createSeededRandom(1)

const shapes: Readonly<Record<string, (i: number) => string>> = {
  'numbers behind a prefix': (i) => `shop:1:user:${i}`,
  'numbers before a suffix': (i) => `${i}:profile:of:someone`,
  'numbers alone': (i) => String(i),
  'a few letters': (i) => i.toString(36),
  'one long run of a letter': (i) => `${'a'.repeat(200)}${i}`,
  'pairs that swap': (i) => `${i % 1000}/${Math.floor(i / 1000)}`,
  'hexadecimal digests': (i) => createHash('md5').update(String(i)).digest('hex'),
  'characters beyond ASCII': (i) =>
    `${String.fromCodePoint(0x4e00 + (i % 20_000))}${String.fromCodePoint(0x1f300 + Math.floor(i / 20_000))}`,
  'zeros and control characters': (i) => String.fromCharCode(i & 0x7f, (i >> 7) & 0x7f, (i >> 14) & 0x7f),
}

test.each(Object.entries(shapes))('no two of a million keys are taken for one: %s', (_, shape) => {
  const seen = new SeenKeys(0x5eed)
  let duplicates = 0
  for (let i = 0; i < count; i++) if (!seen.add(shape(i))) duplicates++
  expect(duplicates).toBe(0)
  expect(seen.size).toBe(count)
})

test.each([0, -1, 1, 0x9e3779b9, 0xffffffff])('with the seed %i, too', (seed) => {
  const seen = new SeenKeys(seed)
  let duplicates = 0
  for (let i = 0; i < 100_000; i++) if (!seen.add(`k${i}`)) duplicates++
  expect(duplicates).toBe(0)
})

test('every key that was seen before is known, also after growing', () => {
  const seen = new SeenKeys(7)
  const keys = Array.from({ length: 50_000 }, (_, i) => `${Math.floor(random() * 2 ** 32)}:${i}`)
  expect(keys.every((key) => seen.add(key))).toBe(true)
  expect(keys.some((key) => seen.add(key))).toBe(false)
  expect(seen.size).toBe(keys.length)
})

test('the empty key, and keys that differ in one character, are keys', () => {
  const seen = new SeenKeys(0)
  expect(['', '\0', '\0\0', 'a', 'b', 'ab', 'ba'].map((key) => seen.add(key))).toEqual([true, true, true, true, true, true, true])
  expect(seen.add('')).toBe(false)
})

test('a key takes about 16 bytes while it is remembered', () => {
  const tables: number[] = []
  vi.stubGlobal(
    'Uint32Array',
    class extends Uint32Array {
      constructor(length: number) {
        super(length)
        tables.push(this.byteLength)
      }
    },
  )
  const seen = new SeenKeys(1)
  const perKey: number[] = []
  for (let i = 1; i <= count; i++) {
    seen.add(`user:${i}`)
    if (i >= 10_000) perKey.push((tables.at(-1) as number) / i)
  }
  vi.unstubAllGlobals()
  const mean = perKey.reduce((sum, bytes) => sum + bytes, 0) / perKey.length
  expect(mean).toBeLessThan(16)
  expect(perKey.at(-1)).toBeLessThan(17)
  // Just grown, at worst.
  expect(perKey.reduce((most, bytes) => Math.max(most, bytes))).toBeLessThan(22)
})
