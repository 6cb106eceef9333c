import { hash } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { md5 } from '../src/md5.ts'

const seed = Date.now() % 2 ** 31
console.log(`md5: seed ${seed}`)

function digestOf(text: string): string {
  const digest = new Int32Array(4)
  md5(text, digest)
  const bytes = Buffer.alloc(16)
  for (const [i, word] of digest.entries()) bytes.writeInt32LE(word, 4 * i)
  return bytes.toString('hex')
}

test.each([
  ['', 'd41d8cd98f00b204e9800998ecf8427e'],
  ['abc', '900150983cd24fb0d6963f7d28e17f72'],
  ['12345678901234567890123456789012345678901234567890123456789012345678901234567890', '57edf4a22be3c955ac49da2e2107b67a'],
])('the digest of %j is that of RFC 1321', (text, digest) => {
  expect(digestOf(text)).toBe(digest)
})

test('texts of every length up to some blocks, and long ones, have the digest that node:crypto finds', () => {
  for (const character of ['x', 'é', '日', '🧂', '\ud800'])
    for (let length = 0; length < 300; length++) {
      const text = character.repeat(length)
      expect(digestOf(text)).toBe(hash('md5', text))
    }
  for (const length of [4095, 4096, 4097, 100_000]) expect(digestOf('x'.repeat(length))).toBe(hash('md5', 'x'.repeat(length)))
})

test('any text has the digest that node:crypto finds', () => {
  const text = fc.oneof(
    fc.string({ maxLength: 200 }),
    fc.string({ unit: 'grapheme', maxLength: 80 }),
    fc.array(fc.integer({ min: 0, max: 0xffff })).map((units) => String.fromCharCode(...units)),
  )
  fc.assert(
    fc.property(text, (found) => {
      expect(digestOf(found)).toBe(hash('md5', found))
    }),
    { seed, numRuns: 20_000 },
  )
})
