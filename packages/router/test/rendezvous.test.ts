import type { RouterNode } from '@shale/contracts'
import { hashTag, rendezvous } from '@shale/router'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { hashText, mix } from '../src/key-hash.ts'

const seed = Date.now() % 2 ** 31
console.log(`rendezvous: seed ${seed}`)

const key = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 30 }),
  fc.nat().map((i) => `:1:user:${i}`),
)
const weight = fc.oneof(fc.integer({ min: 1, max: 8 }), fc.double({ min: 1e-6, max: 1e6, noNaN: true }))
const nodes = (weights: fc.Arbitrary<number>): fc.Arbitrary<RouterNode[]> =>
  fc.uniqueArray(fc.record({ name: fc.string({ unit: 'grapheme', minLength: 1, maxLength: 12 }), weight: weights }), {
    selector: (node) => node.name,
    minLength: 1,
    maxLength: 12,
  })

/** The formula, word for word. */
function ranked(list: readonly RouterNode[], name: string): string[] {
  const scores = new Map(
    list.map((node) => [
      node.name,
      -(node.weight ?? 1) / Math.log(((mix(hashText(hashTag(name)) ^ mix(hashText(node.name))) >>> 0) + 0.5) / 2 ** 32),
    ]),
  )
  return [...scores.keys()].sort((a, b) => scores.get(b)! - scores.get(a)! || (a < b ? -1 : 1))
}

test('any weights choose what the formula chooses', () => {
  fc.assert(
    fc.property(nodes(weight), fc.array(key, { minLength: 20 }), (list, keys) => {
      const router = rendezvous()(list)
      for (const found of keys) {
        expect(router.route(found)).toBe(ranked(list, found)[0])
        expect(router.rank(found, list.length)).toEqual(ranked(list, found))
      }
    }),
    { seed, numRuns: 500 },
  )
})

test('equal weights, whatever they are, choose what the formula chooses', () => {
  fc.assert(
    fc.property(nodes(fc.constant(1)), weight, fc.array(key, { minLength: 20 }), (list, shared, keys) => {
      const router = rendezvous()(list.map((node) => ({ ...node, weight: shared })))
      for (const found of keys) {
        expect(router.route(found)).toBe(ranked(list, found)[0])
        expect(router.rank(found, 3)).toEqual(ranked(list, found).slice(0, 3))
      }
    }),
    { seed, numRuns: 500 },
  )
})

test('a key of a removed node goes to the next in rank; a heavier node only gains', () => {
  fc.assert(
    fc.property(nodes(weight), fc.nat(), fc.array(key, { minLength: 20 }), (list, pick, keys) => {
      fc.pre(list.length > 1)
      const chosen = list[pick % list.length]!
      const router = rendezvous()(list)
      const without = rendezvous()(list.filter((node) => node !== chosen))
      const heavier = rendezvous()(list.map((node) => (node === chosen ? { ...node, weight: Math.min(1e6, node.weight! * 2) } : node)))
      for (const found of keys) {
        const all = router.rank(found, list.length)
        expect(without.rank(found, list.length)).toEqual(all.filter((name) => name !== chosen.name))
        const after = heavier.route(found)
        if (after !== all[0]) expect(after).toBe(chosen.name)
      }
    }),
    { seed, numRuns: 500 },
  )
})

test('of equal draws the lowest name wins, in any order of the nodes', () => {
  // Both names have one 32-bit hash, so that they draw the same for every key.
  const [low, high] = ['costarring', 'liquid']
  expect(hashText(low!)).toBe(hashText(high!))
  for (const weights of [{}, { weight: 3 }]) {
    for (const names of [
      [low, high, 'other'],
      ['other', high, low],
    ]) {
      const list = names.map((name) => ({ name: name!, ...(name === 'other' ? weights : {}) }))
      const router = rendezvous()(list)
      const routes = new Set(Array.from({ length: 1000 }, (_, i) => router.route(`key:${i}`)))
      expect(routes).toEqual(new Set([low, 'other']))
      expect(router.rank('key:1', 3).filter((name) => name !== 'other')).toEqual([low, high])
    }
  }
})

test('100 nodes get their shares', () => {
  const router = rendezvous()(Array.from({ length: 100 }, (_, i) => ({ name: `shard-${i}` })))
  const counts = new Map<string, number>()
  for (let i = 0; i < 200_000; i++) {
    const name = router.route(`:1:user:${i}`)
    counts.set(name, (counts.get(name) ?? 0) + 1)
  }
  expect(counts.size).toBe(100)
  expect(Math.max(...counts.values())).toBeLessThan(2000 * 1.1)
  expect(Math.min(...counts.values())).toBeGreaterThan(2000 * 0.9)
})
