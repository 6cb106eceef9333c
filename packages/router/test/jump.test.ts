import { jump } from '@shale/router'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { jumpHash } from '../src/jump-hash.ts'

const seed = Date.now() % 2 ** 31
console.log(`jump: seed ${seed}`)

const halves = (key: bigint): [high: number, low: number] => [Number(BigInt.asIntN(32, key >> 32n)), Number(BigInt.asIntN(32, key))]

/** The paper's program. */
function published(state: bigint, buckets: number): number {
  let bucket = -1n
  let next = 0n
  while (next < BigInt(buckets)) {
    bucket = next
    state = BigInt.asUintN(64, state * 2862933555777941757n + 1n)
    next = BigInt(Math.floor(Number(bucket + 1n) * (2 ** 31 / Number((state >> 33n) + 1n))))
  }
  return Number(bucket)
}

test.each([
  [1n, 1, 0],
  [42n, 57, 43],
  [0xdead10ccn, 1, 0],
  [0xdead10ccn, 666, 361],
  [256n, 1024, 520],
])('key %i of %i buckets is in %i, as elsewhere', (key, buckets, bucket) => {
  expect(published(key, buckets)).toBe(bucket)
  expect(jumpHash(...halves(key), buckets)).toBe(bucket)
})

test('any key is where the paper puts it', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), fc.integer({ min: 1, max: 100_000 }), (key, buckets) => {
      expect(jumpHash(...halves(key), buckets)).toBe(published(key, buckets))
    }),
    { seed, numRuns: 20_000 },
  )
})

test('when a node is passed over, its keys spread evenly over the others', () => {
  const router = jump()(['a', 'b', 'c', 'd', 'e'].map((name) => ({ name })))
  const counts = new Map<string, number>()
  for (let i = 0; i < 100_000; i++) {
    const [first, second] = router.rank(`:1:user:${i}`, 2) as [string, string]
    if (first === 'b') counts.set(second, (counts.get(second) ?? 0) + 1)
  }
  expect([...counts.keys()].toSorted()).toEqual(['a', 'c', 'd', 'e'])
  for (const count of counts.values()) expect(Math.abs(count / 5000 - 1)).toBeLessThan(0.06)
})

test('weights are refused, and where to go is said', () => {
  const refused = expect.objectContaining({
    code: 'CONFIG_INVALID',
    message: expect.stringMatching(/^nodes\[1\]\.weight: expected 1, .* found the number 2\. .*rendezvous\(\)/),
  })
  expect(() => jump()([{ name: 'a' }, { name: 'b', weight: 2 }])).toThrow(refused)
  expect(jump()([{ name: 'a', weight: 1 }]).route('x')).toBe('a')
})
