import { readFileSync } from 'node:fs'
import type { Router, RouterFactory, RouterNode } from '@shale/contracts'
import { djangoRing, jump, ketama, rendezvous } from '@shale/router'
import { expect, test } from 'vitest'
import { digestOf, goldenKeys } from './golden/keys.ts'

const total = 100_000
const keysOf = (keyOf: (i: number) => string): string[] => Array.from({ length: total }, (_, i) => keyOf(i))
const counted = keysOf((i) => `:1:user:${i}`)
const kinds: [kind: string, keys: readonly string[]][] = [
  ['counted keys', counted],
  ['random keys', keysOf((i) => `session:1:${digestOf(String(i)).slice(0, 32)}`)],
  ['keys beyond ASCII', keysOf((i) => `магазин:1:記事:${i}`)],
]
const shards = (count: number): RouterNode[] => Array.from({ length: count }, (_, i) => ({ name: `10.0.0.${i + 1}:6379/0` }))

/** How far each node's keys are off its share, at most, as a part of that share. */
function worstShare(router: Router, keys: readonly string[]): number {
  const counts = new Map<string, number>()
  for (const key of keys) {
    const name = router.route(key)
    counts.set(name, (counts.get(name) ?? 0) + 1)
  }
  const weight = router.nodes.reduce((sum, node) => sum + (node.weight ?? 1), 0)
  return Math.max(...router.nodes.map((node) => Math.abs((counts.get(node.name) ?? 0) / ((total * (node.weight ?? 1)) / weight) - 1)))
}

test.each(kinds)('promise 14: on 4 equal shards each has its share of 100,000 %s within 2.5 %', (_, keys) => {
  for (const factory of [rendezvous(), jump()]) expect(worstShare(factory(shards(4)), keys)).toBeLessThan(0.025)
})

test.each(kinds)('promise 14: with weights 1:2:4 each has its share of 100,000 %s within 3 %', (_, keys) => {
  const nodes = shards(3).map((node, i) => ({ ...node, weight: 2 ** i }))
  expect(worstShare(rendezvous()(nodes), keys)).toBeLessThan(0.03)
})

const growing: [name: string, factory: RouterFactory][] = [
  ['rendezvous', rendezvous()],
  ['jump', jump()],
]

test.each(growing)(
  'promise 15: %s moves 1/(N+1) of the keys to an added shard, and none between old ones; removal mirrors it',
  (_, factory) => {
    for (const [, keys] of kinds) {
      for (const count of [1, 2, 3, 4, 8, 15]) {
        const small = factory(shards(count))
        const large = factory(shards(count + 1))
        const added = shards(count + 1)[count]!.name
        let moved = 0
        for (const key of keys) {
          const [before, after] = [small.route(key), large.route(key)]
          if (before === after) continue
          moved++
          // Read backwards, this is the removal: only keys of the removed shard go elsewhere.
          if (after !== added) expect.fail(`${key} moved from ${before} to ${after}, though ${added} was added`)
        }
        expect(Math.abs(moved / total - 1 / (count + 1))).toBeLessThan(0.01)
      }
    }
  },
)

test('promise 15: rendezvous moves no other keys wherever a shard is added or removed, whatever its weight', () => {
  const nodes = shards(6).map((node, i) => ({ ...node, weight: 1 + (i % 3) }))
  const all = rendezvous()(nodes)
  for (const [removed, { name, weight }] of nodes.entries()) {
    const rest = rendezvous()(nodes.toSpliced(removed, 1))
    let moved = 0
    for (const key of counted) {
      const [before, after] = [all.route(key), rest.route(key)]
      if (before === name) moved++
      else if (before !== after) expect.fail(`${key} moved from ${before} to ${after}, though ${name} was removed`)
    }
    expect(Math.abs(moved / total - weight / 12)).toBeLessThan(0.01)
  }
})

interface Placements {
  readonly keys: string
  readonly cases: readonly { name: string; router: string; nodes: readonly RouterNode[]; first: string; digests: readonly string[] }[]
}

const read = (file: string): Placements => JSON.parse(readFileSync(new URL(`golden/${file}`, import.meta.url), 'utf8')) as Placements
const golden = [read('placements.json'), read('placements-100.json')]
const goldenCases = golden.flatMap(({ cases }) => cases)
const placedKeys = goldenKeys()
const factories: Record<string, () => RouterFactory> = { rendezvous, ketama, jump, djangoRing }

test('promise 16: the golden keys are those of the first release', () => {
  expect(placedKeys).toHaveLength(10_000)
  for (const { keys, cases } of golden) {
    expect(digestOf(placedKeys.join('\n'))).toBe(keys)
    expect(new Set(cases.map(({ router }) => router))).toEqual(new Set(Object.keys(factories)))
  }
})

test.each(goldenCases)('promise 16: $name places 10,000 golden keys as ever', ({ router, nodes, first, digests }) => {
  const routes = factories[router]!()(nodes)
  const width = String(nodes.length - 1).length
  const index = new Map(nodes.map(({ name }, i) => [name, String(i).padStart(width, '0')]))
  const placed = placedKeys.map((key) => index.get(routes.route(key))).join('')
  expect(placed.slice(0, 200 * width)).toBe(first)
  expect(digests.map((_, i) => digestOf(placed.slice(100 * width * i, 100 * width * (i + 1))).slice(0, 12))).toEqual(digests)
  expect(digests).toHaveLength(100)
  for (const key of placedKeys.slice(0, 500)) expect(routes.rank(key, 1)).toEqual([routes.route(key)])
})
