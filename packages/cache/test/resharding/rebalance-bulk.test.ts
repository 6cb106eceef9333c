import { afterAll, beforeAll, expect, test } from 'vitest'
import { createCache, type RebalanceReport } from '@shale/cache'
import { startRedis, type RedisServer } from '@tooling/servers'
import { runProgram } from '../child.ts'

const mib = 2 ** 20
let servers: RedisServer[] = []
beforeAll(async () => {
  servers = await Promise.all(Array.from({ length: 4 }, () => startRedis()))
})
afterAll(() => Promise.all(servers.map((server) => server.stop())))

async function rebalance(keyPrefix: string): Promise<{ readonly report: RebalanceReport; readonly growth: number }> {
  const young = servers.map(({ url }) => url)
  const ended = await runProgram(
    'rebalance.mjs',
    { servers: young, previousServers: young.slice(0, 3), keyPrefix },
    { flags: ['--expose-gc', '--max-old-space-size=128'], ms: 100_000 },
  )
  expect(ended).toMatchObject({ code: 0, stdout: '', stderr: '' })
  return JSON.parse(ended.report) as never
}

test.each([
  ['200,000 small entries', 'small', 200_000, 'some text'],
  ['400 values of 1 MiB', 'large', 400, 'x'.repeat(mib - 100)],
])('%s are rebalanced in bounded memory', { timeout: 120_000 }, async (_, keyPrefix, count, value) => {
  const seed = createCache({ servers: servers.slice(0, 3).map(({ url }) => url), keyPrefix, timeout: '30s' })
  const batch = count > 1000 ? 5000 : 20
  for (let at = 0; at < count; at += batch) await seed.setMany(Array.from({ length: batch }, (__, i) => [`k${at + i}`, value] as const))
  await seed.close()
  const { report, growth } = await rebalance(keyPrefix)
  expect(report).toMatchObject({ scanned: count, home: count - report.moved, dropped: 0, foreign: 0, changedMeanwhile: 0 })
  expect(report.moved).toBeGreaterThan(count / 8)
  console.log(`${count} entries, ${report.moved} moved, heap grew by ${(growth / mib).toFixed(1)} MiB`)
  expect(growth).toBeLessThan(64 * mib)
  const after = createCache({ servers: servers.map(({ url }) => url), keyPrefix, timeout: '30s' })
  let left = 0
  for await (const __ of after.keys()) left++
  expect(left).toBe(count)
  await after.close()
})
