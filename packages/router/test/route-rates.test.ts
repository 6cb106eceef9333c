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

const required = [
  { nodes: 8, least: 5, times: 10 },
  { nodes: 100, least: 2, times: 5 },
]
const byHash = ['rendezvous()', 'rendezvous(), 4 weights', 'rendezvous(), a weight each', 'jump()']
const byDigest = ['ketama()', 'djangoRing()']

const runs: Rate[][] = []

// In a process of its own and from the build, since vitest makes a lookup of every call into another module. Once more, up to three
// times in all, when the machine was too busy.
beforeAll(() => {
  const program = fileURLToPath(new URL('../bench/routes.mjs', import.meta.url))
  while (runs.length < 3 && (runs.length === 0 || !enough())) {
    const output = execFileSync(
      process.execPath,
      [program, '--json', '--rates', '--rounds', '9', '--nodes', required.map(({ nodes }) => nodes).join()],
      { encoding: 'utf8' },
    )
    runs.push((JSON.parse(output) as { rates: Rate[] }).rates)
  }
  for (const { nodes } of required)
    for (const router of ['hashring', ...byHash, ...byDigest]) {
      const { best, 'times hashring': times } = measured(router, nodes)
      process.stdout.write(`\nnote: ${router}, ${nodes} nodes: ${best} M routes/s, ${times} times hashring\n`)
    }
}, 300_000)

function enough(): boolean {
  return required.every(
    ({ nodes, least, times }) =>
      byHash.every((router) => measured(router, nodes).best >= least) &&
      [...byHash, ...byDigest].every((router) => measured(router, nodes)['times hashring'] >= times),
  )
}

/** The best of the runs. */
function measured(router: string, nodes: number): Rate {
  const found = runs.flatMap((rates) => rates.filter((rate) => rate.router === router && rate.nodes === nodes))
  if (found.length === 0) throw new Error(`expected a rate of ${router} with ${nodes} nodes`)
  return {
    nodes,
    router,
    best: Math.max(...found.map(({ best }) => best)),
    'times hashring': Math.max(...found.map((rate) => rate['times hashring'])),
  }
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
