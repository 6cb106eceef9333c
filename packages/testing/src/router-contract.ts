import assert from 'node:assert/strict'
import { ShaleError, type RouterFactory, type RouterNode } from '@shale/contracts'
import { createSeededRandom } from './seeded-random.ts'
import type { TestFunction } from './test-function.ts'

/** What a router can do beside the contract of every one. */
export interface RouterCapabilities {
  /** Whether a node gets keys by its weight; `true` unless stated. One that does not must refuse weights other than 1. */
  readonly weights?: boolean | undefined
  /** How far the keys of a node may be off its share, as a part of the share; 0.05 unless stated. */
  readonly imbalance?: number | undefined
  /** Whether keys of one `{tag}` share a node, as on Redis Cluster; `true` unless stated. */
  readonly hashTags?: boolean | undefined
  /** Whether the order of the nodes is of no importance; `true` unless stated. */
  readonly anyOrder?: boolean | undefined
  /** Whether a node added at the end takes keys and moves none between the others; `true` unless stated. */
  readonly grows?: boolean | undefined
}

export interface RouterContract {
  readonly test: TestFunction
  /** Called for each test. */
  readonly create: () => RouterFactory | Promise<RouterFactory>
  readonly capabilities?: RouterCapabilities | undefined
  /** The seed of the random keys, which failures name; 1 unless stated. */
  readonly seed?: number | undefined
}

const manyKeys = 50_000
const oddKeys = [
  '',
  ' ',
  '\n',
  '\0',
  'é',
  'e\u0301',
  '日本語',
  '🧂',
  '{',
  '}',
  '{}',
  '}{',
  '{a',
  'a}',
  '{{}}',
  '__proto__',
  'constructor',
  '*',
  '\\',
  'x'.repeat(1024),
  'é'.repeat(512),
  '🧂'.repeat(1000),
] as const
const tags = ['t', 'user:7', '7', 'é', '日本語', '🧂', '{', ' ', 'x'.repeat(1000)] as const

/**
 * The contract of `RouterFactory` and `Router` as a suite: declares one test for each thing that every router promises. A
 * failed test throws an `AssertionError`.
 */
export function routerContract({ test, create, capabilities = {}, seed = 1 }: RouterContract): void {
  const { weights = true, imbalance = 0.05, hashTags = true, anyOrder = true, grows = true } = capabilities
  const few = [...oddKeys, ...tags, ...tags.map((tag) => `a{${tag}}b`), ...randomKeys(1000)]
  const declare = (name: string, run: (route: RouterFactory) => void): void => {
    test(`router: ${name}`, async () => run(await create()))
  }

  declare('its nodes are those it was given, in their order', (route) => {
    for (const count of [1, 2, 7]) {
      const nodes = nodesOf(count)
      const router = route(nodes)
      assert.deepEqual(
        router.nodes.map(({ name, weight = 1 }) => ({ name, weight })),
        nodes.map(({ name }) => ({ name, weight: 1 })),
      )
    }
  })

  declare('every key has a node, and always the same one', (route) => {
    for (const count of [1, 2, 7, 40]) {
      const router = route(nodesOf(count))
      const again = route(nodesOf(count))
      const names = new Set(nodesOf(count).map(({ name }) => name))
      for (const key of few) {
        const found = router.route(key)
        assert.ok(names.has(found), about(`expected the name of one of ${count} nodes`, key, found))
        assert.equal(router.route(key), found, about('expected the same again', key, found))
        assert.equal(again.route(key), found, about('expected the same of another router of the same nodes', key, found))
      }
    }
  })

  declare('a ranking holds distinct nodes and begins with the node of the key', (route) => {
    for (const count of [1, 2, 7, 40]) {
      const router = route(nodesOf(count))
      const names = nodesOf(count).map(({ name }) => name)
      for (const key of few.slice(0, 200)) {
        const all = router.rank(key, count)
        assert.deepEqual(all.toSorted(), names.toSorted(), about('expected all nodes, each once', key, all))
        assert.equal(all[0], router.route(key), about('expected the first to be the one of route', key, all))
        for (const part of [0, 1, 2, count - 1, count + 1, 1000]) {
          assert.deepEqual(
            router.rank(key, part),
            all.slice(0, part),
            about(`expected the first ${part} of ${all.join()}`, key, router.rank(key, part)),
          )
        }
        router.rank(key, count).reverse()
        assert.deepEqual(router.rank(key, count), all, about('expected a ranking that no one else holds', key, all))
      }
    }
  })

  declare('nodes of equal weight get equal shares', (route) => {
    for (const count of [2, 4]) checkShares(route, nodesOf(count))
    checkShares(
      route,
      nodesOf(4).map((node) => ({ ...node, weight: 1 })),
    )
  })

  if (weights) {
    declare('nodes get their shares by weight', (route) => {
      checkShares(
        route,
        nodesOf(3).map((node, i) => ({ ...node, weight: 2 ** i })),
      )
      checkShares(
        route,
        nodesOf(4).map((node, i) => (i === 0 ? { ...node, weight: 2 } : node)),
      )
    })
  } else {
    declare('weights other than 1 are refused', (route) => {
      mustRefuse(
        route,
        nodesOf(3).map((node, i) => ({ ...node, weight: i === 1 ? 2 : 1 })),
        'a weight that it cannot honour',
      )
    })
  }

  if (hashTags) {
    declare('keys of one {tag} share a node', (route) => {
      const router = route(nodesOf(40))
      for (const tag of tags) {
        for (const key of [`{${tag}}`, `a{${tag}}b`, `é{${tag}}{other}`, `{${tag}}}`, `}{${tag}}`]) {
          assert.equal(
            router.route(key),
            router.route(tag),
            about(`expected the node of ${JSON.stringify(tag.slice(0, 20))}`, key, router.route(key)),
          )
          assert.deepEqual(
            router.rank(key, 3),
            router.rank(tag, 3),
            about(`expected the ranking of ${JSON.stringify(tag.slice(0, 20))}`, key, router.rank(key, 3)),
          )
        }
      }
    })

    declare('a key without a tag is hashed as a whole', (route) => {
      const router = route(nodesOf(40))
      for (const shape of [
        (i: number) => `{}${i}`,
        (i: number) => `{}{a}${i}`,
        (i: number) => `{a${i}`,
        (i: number) => `a}${i}{`,
        (i: number) => `${i}}{`,
      ]) {
        const met = new Set(Array.from({ length: 500 }, (_, i) => router.route(shape(i))))
        assert.ok(met.size > 1, about('expected keys that begin or end like this one on more than one node', shape(0), [...met]))
      }
    })
  }

  if (anyOrder) {
    declare('the order of the nodes is of no importance', (route) => {
      const nodes = nodesOf(7).map((node, i) => (weights && i === 2 ? { ...node, weight: 3 } : node))
      const router = route(nodes)
      for (const order of [nodes.toReversed(), [...nodes.slice(3), ...nodes.slice(0, 3)]]) {
        const other = route(order)
        for (const key of few)
          assert.deepEqual(
            other.rank(key, 7),
            router.rank(key, 7),
            about('expected the same ranking in any order', key, other.rank(key, 7)),
          )
      }
    })
  }

  if (grows) {
    declare('a node added at the end takes its share and moves no key between the others', (route) => {
      for (const count of [1, 3, 7]) {
        const before = route(nodesOf(count))
        const after = route(nodesOf(count + 1))
        const added = nodesOf(count + 1).at(-1)!.name
        let moved = 0
        for (const key of randomKeys(manyKeys)) {
          const [from, to] = [before.route(key), after.route(key)]
          if (from === to) continue
          assert.equal(to, added, about(`expected it to stay on ${from} or to move to ${added}`, key, to))
          moved++
        }
        near(moved, manyKeys / (count + 1), `the keys that move to node ${count + 1}`)
      }
    })
  }

  declare('nodes that cannot be are CONFIG_INVALID', (route) => {
    const [one, two] = nodesOf(2) as [RouterNode, RouterNode]
    mustRefuse(route, [], 'no nodes')
    mustRefuse(route, [one, two, { ...one }], 'a name used twice')
    mustRefuse(route, [one, { name: '' }], 'an empty name')
    for (const name of [undefined, null, 7]) mustRefuse(route, [one, { name: name as never }], `the name ${String(name)}`)
    for (const weight of [0, -1, NaN, Infinity, '2', null])
      mustRefuse(route, [one, { ...two, weight: weight as never }], `the weight ${String(weight)}`)
    for (const nodes of [undefined, null, 'a', {}, [null], ['a']]) mustRefuse(route, nodes as never, JSON.stringify(nodes) ?? 'undefined')
  })

  declare('a count that is no whole number from 0 is CONFIG_INVALID', (route) => {
    const router = route(nodesOf(3))
    for (const count of [-1, 1.5, NaN, '1', undefined]) mustThrow(() => router.rank('a', count as never), `the count ${String(count)}`)
  })

  declare('what becomes of the array of nodes afterwards is of no importance', (route) => {
    const nodes = nodesOf(5).map((node) => ({ ...node }))
    const router = route(nodes)
    const expected = few.map((key) => router.route(key))
    nodes.pop()
    nodes.reverse()
    for (const node of nodes) node.name = 'renamed'
    assert.deepEqual(
      few.map((key) => router.route(key)),
      expected,
    )
    assert.deepEqual(
      router.nodes.map(({ name }) => name),
      nodesOf(5).map(({ name }) => name),
    )
  })

  function checkShares(route: RouterFactory, nodes: readonly RouterNode[]): void {
    const router = route(nodes)
    const counts = new Map(nodes.map(({ name }) => [name, 0]))
    for (const key of randomKeys(manyKeys)) {
      const name = router.route(key)
      counts.set(name, counts.get(name)! + 1)
    }
    const total = nodes.reduce((sum, { weight = 1 }) => sum + weight, 0)
    for (const [index, { name, weight = 1 }] of nodes.entries()) {
      assert.equal(router.nodes[index]?.weight ?? 1, weight, `expected ${name} among its nodes to keep its weight`)
      near(counts.get(name)!, (manyKeys * weight) / total, `the keys of ${name}, whose weight is ${weight} of ${total}`)
    }
  }

  function near(found: number, expected: number, what: string): void {
    const off = Math.abs(found / expected - 1)
    assert.ok(off <= imbalance, `${what}: expected ${expected.toFixed(0)} within ${imbalance * 100} %; found ${found} (seed ${seed})`)
  }

  function randomKeys(count: number): string[] {
    const random = createSeededRandom(seed)
    return Array.from(
      { length: count },
      (_, i) => `shop:1:${['user', 'page', 'article'][i % 3]}:${i}:${Math.floor(random() * 2 ** 32).toString(36)}`,
    )
  }

  function about(expected: string, key: string, found: unknown): string {
    return `${expected}; key ${JSON.stringify(key.slice(0, 100))}: ${JSON.stringify(found)} (seed ${seed})`
  }
}

/** Nodes as the library names them by default. */
function nodesOf(count: number): RouterNode[] {
  return Array.from({ length: count }, (_, i) => ({ name: `10.0.0.${i + 1}:6379/0` }))
}

function mustRefuse(route: RouterFactory, nodes: readonly RouterNode[], what: string): void {
  mustThrow(() => route(nodes), what)
}

function mustThrow(run: () => unknown, what: string): void {
  assert.throws(run, (error) => ShaleError.is(error) && error.code === 'CONFIG_INVALID', `expected CONFIG_INVALID for ${what}`)
}
