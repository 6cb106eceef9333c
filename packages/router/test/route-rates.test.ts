import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { beforeAll, expect, test } from 'vitest'

interface Rate {
  readonly nodes: number
  readonly router: string
  /** The best of the rounds, in millions of routes a second of processor time. */
  readonly best: number
  /** The median of the ratios to `hashring` within a round. */
  readonly 'times hashring': number
}

let rates: Rate[] = []

// In a process of its own and from the build, since vitest makes a lookup of every call into another module.
beforeAll(() => {
  const program = fileURLToPath(new URL('../bench/routes.mjs', import.meta.url))
  const output = execFileSync(process.execPath, [program, '--json', '--rounds', '21'], { encoding: 'utf8' })
  rates = (JSON.parse(output) as { rates: Rate[] }).rates
  for (const { nodes, router, best, 'times hashring': times } of rates)
    if (nodes !== 3) process.stdout.write(`\nnote: ${router}, ${nodes} nodes: ${best} M routes/s, ${times} times hashring\n`)
}, 300_000)

const required = [
  { nodes: 8, least: 5, times: 10 },
  { nodes: 100, least: 2, times: 5 },
]
const byHash = ['rendezvous()', 'rendezvous(), 4 weights', 'rendezvous(), a weight each', 'jump()']
const byDigest = ['ketama()', 'djangoRing()']

function measured(router: string, nodes: number): Rate {
  const found = rates.find((rate) => rate.router === router && rate.nodes === nodes)
  if (found === undefined) throw new Error(`expected a rate of ${router} with ${nodes} nodes`)
  return found
}

test.each(required)('with $nodes nodes, at least $least million routes a second by rendezvous and jump', ({ nodes, least }) => {
  for (const router of byHash) expect(measured(router, nodes).best, router).toBeGreaterThanOrEqual(least)
})

// An MD5 for every key: with few nodes just above 5 million on a machine that is idle.
test.each(required)('with $nodes nodes, at least 2 million routes a second by ketama and djangoRing', ({ nodes }) => {
  for (const router of byDigest) expect(measured(router, nodes).best, router).toBeGreaterThanOrEqual(2)
})

test.each(required)('with $nodes nodes, at least $times times the rate of hashring by every router', ({ nodes, times }) => {
  for (const router of [...byHash, ...byDigest]) expect(measured(router, nodes)['times hashring'], router).toBeGreaterThanOrEqual(times)
})
