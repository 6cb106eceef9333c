import { expect, test } from 'vitest'
import { startRedis } from '@tooling/servers'
import { runProgram } from './child.ts'

/** Medians of some rounds, in milliseconds. */
interface Window {
  readonly one: number
  readonly shards: number
}

const median = <T>(values: readonly T[], of: (value: T) => number): T => values.toSorted((a, b) => of(a) - of(b))[values.length >> 1] as T
const ratio = ({ one, shards }: Window): number => shards / one

// In a process of its own and from the build, since vitest makes a lookup of every call into another module. The two take turns, so that
// whatever else the machine does concerns both; a run in which it was busy is made again, up to five times in all.
test('getMany of 1,000 keys over eight shards takes at most 1.1 times what it takes on one server', { timeout: 120_000 }, async () => {
  const servers = await Promise.all(Array.from({ length: 9 }, () => startRedis()))
  try {
    const [one, ...shards] = servers.map(({ url }) => url)
    const runs: Window[] = []
    while (runs.length < 5 && runs.every((run) => ratio(run) > 1.1)) {
      const { report, stderr } = await runProgram('get-many.mjs', { one, shards, windows: 15, rounds: 50 }, { ms: 60_000 })
      expect(stderr).toBe('')
      runs.push(median(JSON.parse(report) as Window[], ratio))
    }
    for (const run of runs) {
      const { one: alone, shards: divided } = run
      console.log(
        `getMany of 1,000: ${alone.toFixed(2)} ms on one server, ${divided.toFixed(2)} ms over eight shards, ${ratio(run).toFixed(2)} times as long`,
      )
    }
    expect(Math.min(...runs.map(ratio))).toBeLessThanOrEqual(1.1)
  } finally {
    await Promise.all(servers.map((server) => server.stop()))
  }
})
