import { ShaleError, type Router, type RouterFactory, type RouterNode } from '@shale/contracts'
import { routerContract, type RouterCapabilities } from '@shale/testing'
import { expect, test } from 'vitest'
import { runSuite, type SuiteOutcome } from './run-suite.ts'

/** Highest draw, scored by weight. */
const sound: RouterFactory = (given) => {
  const nodes = checked(given)
  const seeds = nodes.map(({ name }) => hash(name))
  const scoresOf = (key: string): number[] => {
    const hashed = hash(tagOf(key))
    return seeds.map((seed, i) => -(nodes[i]!.weight ?? 1) / Math.log((mix(hashed ^ seed) + 0.5) / 2 ** 32))
  }
  return {
    nodes,
    route(key) {
      const scores = scoresOf(key)
      return nodes[scores.indexOf(Math.max(...scores))]!.name
    },
    rank(key, count) {
      if (!Number.isInteger(count) || count < 0) throw new ShaleError('CONFIG_INVALID', 'no such count')
      const scores = scoresOf(key)
      const order = [...scores.keys()].sort((a, b) => scores[b]! - scores[a]!)
      return order.slice(0, count).map((i) => nodes[i]!.name)
    },
  }
}

function checked(nodes: readonly RouterNode[]): RouterNode[] {
  const sane =
    Array.isArray(nodes) &&
    nodes.length > 0 &&
    nodes.every(
      (node) =>
        typeof node?.name === 'string' &&
        node.name !== '' &&
        Number.isFinite(node.weight ?? 1) &&
        node.weight !== null &&
        (node.weight ?? 1) > 0,
    ) &&
    new Set(nodes.map(({ name }) => name)).size === nodes.length
  if (!sane) throw new ShaleError('CONFIG_INVALID', 'no such nodes')
  return nodes.map(({ name, weight = 1 }) => ({ name, weight }))
}

function tagOf(key: string): string {
  return /^[^{]*\{([^}]+)\}/.exec(key)?.[1] ?? key
}

function hash(text: string): number {
  let state = 0x811c9dc5
  for (const byte of Buffer.from(text)) state = Math.imul(state ^ byte, 0x01000193)
  return mix(state)
}

function mix(state: number): number {
  state = Math.imul(state ^ (state >>> 16), 0x85ebca6b)
  state = Math.imul(state ^ (state >>> 13), 0xc2b2ae35)
  return (state ^ (state >>> 16)) >>> 0
}

/** One that goes by the place of a node, not by its name. */
const modulo: RouterFactory = (given) => {
  const nodes = checked(given)
  if (nodes.some(({ weight }) => weight !== 1)) throw new ShaleError('CONFIG_INVALID', 'no weights')
  const { rank } = sound([{ name: 'x' }])
  return {
    nodes,
    route: (key) => nodes[hash(tagOf(key)) % nodes.length]!.name,
    rank(key, count) {
      rank(key, count)
      const first = hash(tagOf(key))
      return nodes.map((_, i) => nodes[(first + i) % nodes.length]!.name).slice(0, count)
    },
  }
}

/** Runs the suite, or of it the one test that is named. */
const tryOn = (factory: RouterFactory, capabilities?: RouterCapabilities, only?: string): Promise<SuiteOutcome> =>
  runSuite((declare) =>
    routerContract({
      test: (name, run) => (only === undefined || name === only) && declare(name, run),
      create: () => factory,
      capabilities,
    }),
  )

test('a router that keeps the contract passes', async () => {
  const { passed, failed } = await tryOn(sound)
  expect([...failed]).toEqual([])
  expect(passed).toHaveLength(12)
})

test('one of fewer capabilities passes where that is declared', async () => {
  const { passed, failed } = await tryOn(modulo, { weights: false, anyOrder: false, grows: false })
  expect([...failed]).toEqual([])
  expect(passed).toHaveLength(10)
  const undeclared = await tryOn(modulo)
  expect([...undeclared.failed.keys()].toSorted()).toEqual([
    'router: a node added at the end takes its share and moves no key between the others',
    'router: nodes get their shares by weight',
    'router: the order of the nodes is of no importance',
  ])
})

const over =
  (change: (router: Router, given: readonly RouterNode[]) => Partial<Router>): RouterFactory =>
  (given) => {
    const router = sound(given)
    return { ...router, ...change(router, given) }
  }
let turns = 0

const broken: [what: string, factory: RouterFactory, caughtBy: string, capabilities?: RouterCapabilities][] = [
  ['sorts its nodes', over(({ nodes }) => ({ nodes: nodes.toReversed() })), 'its nodes are those it was given, in their order'],
  [
    'takes turns',
    over(({ nodes }) => ({ route: () => nodes[turns++ % nodes.length]!.name })),
    'every key has a node, and always the same one',
  ],
  ['knows other names', over(() => ({ route: () => 'x' })), 'every key has a node, and always the same one'],
  [
    'ranks the second first',
    over(({ rank }) => ({ rank: (key, count) => rank(key, count).reverse() })),
    'a ranking holds distinct nodes and begins with the node of the key',
  ],
  [
    'ranks one node twice',
    over(({ rank, route }) => ({ rank: (key, count) => rank(key, count).map(() => route(key)) })),
    'a ranking holds distinct nodes and begins with the node of the key',
  ],
  [
    'prefers its first node',
    over(({ nodes, route }) => ({ route: (key) => (key.endsWith('a') ? nodes[0]!.name : route(key)) })),
    'nodes of equal weight get equal shares',
  ],
  ['forgets weights', (given) => sound(checked(given).map(({ name }) => ({ name }))), 'nodes get their shares by weight'],
  [
    'keeps weights and ignores them',
    (given) => ({ ...sound(given.map(({ name }) => ({ name }))), nodes: checked(given) }),
    'nodes get their shares by weight',
  ],
  ['accepts weights unasked', sound, 'weights other than 1 are refused', { weights: false }],
  [
    'takes no tags',
    over(({ route, rank }) => ({
      route: (key) => route(key.replaceAll('{', '(')),
      rank: (key, count) => rank(key.replaceAll('{', '('), count),
    })),
    'keys of one {tag} share a node',
  ],
  [
    'takes an empty tag',
    over(({ route }) => ({ route: (key) => (key.startsWith('{}') ? route('x') : route(key)) })),
    'a key without a tag is hashed as a whole',
  ],
  [
    'goes by the order',
    (given) => ({ ...modulo(given.map(({ name }) => ({ name }))), nodes: checked(given) }),
    'the order of the nodes is of no importance',
  ],
  [
    'moves keys between old nodes',
    modulo,
    'a node added at the end takes its share and moves no key between the others',
    { weights: false, anyOrder: false },
  ],
  [
    'takes any node',
    (given) => sound(given?.length > 0 ? checked([...new Map(given.map((node) => [node.name, node])).values()]) : given),
    'nodes that cannot be are CONFIG_INVALID',
  ],
  [
    'throws another error',
    (given) => {
      try {
        return sound(given)
      } catch {
        throw new TypeError('no')
      }
    },
    'nodes that cannot be are CONFIG_INVALID',
  ],
  [
    'takes any count',
    over(({ rank }) => ({ rank: (key, count) => rank(key, Math.max(0, Math.floor(count) || 0)) })),
    'a count that is no whole number from 0 is CONFIG_INVALID',
  ],
  ['keeps the array', (given) => ({ ...sound(given), nodes: given }), 'what becomes of the array of nodes afterwards is of no importance'],
]

test.each(broken)('a router of which this is true fails: %s', async (_, factory, caughtBy, capabilities) => {
  const { failed } = await tryOn(factory, capabilities, `router: ${caughtBy}`)
  expect([...failed.keys()]).toEqual([`router: ${caughtBy}`])
})

test('a failure names the seed', async () => {
  const { failed } = await runSuite((run) =>
    routerContract({ test: run, create: () => over(({ nodes }) => ({ route: () => nodes[0]!.name })), seed: 42 }),
  )
  expect(String(failed.get('router: nodes of equal weight get equal shares'))).toContain('seed 42')
})
