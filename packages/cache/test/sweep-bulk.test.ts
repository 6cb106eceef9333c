import { afterAll, beforeAll, expect, test } from 'vitest'
import { createCache } from '@shale/cache'
import { startRedis, type RedisServer } from '@tooling/servers'
import { runProgram } from './child.ts'

const count = 300_000
const mib = 2 ** 20
const fillScript = "for i = 1, ARGV[1] do redis.call('SET', 'bulk:1:key:' .. i, 'v') end"

let server: RedisServer
beforeAll(async () => {
  server = await startRedis()
})
afterAll(() => server.stop())

test('300,000 keys: about 16 bytes a key to list them, next to nothing to remove them', { timeout: 90_000 }, async () => {
  await server.command('EVAL', fillScript, 0, count)
  const ended = await runProgram('sweep.mjs', { servers: server.url, keyPrefix: 'bulk' }, { flags: ['--expose-gc'], ms: 60_000 })
  expect(ended).toMatchObject({ code: 0, stdout: '', stderr: '' })
  const { keys, listing, deleted, sweeping } = JSON.parse(ended.report) as {
    keys: number
    listing: number
    deleted: number
    sweeping: number
  }
  expect(keys).toBe(count)
  expect(deleted).toBe(count)
  // 14 are the table's at this count; the rest is what the runtime itself holds at the time.
  expect(listing / count).toBeLessThan(20)
  expect(sweeping).toBeLessThan(8 * mib)
  expect(await server.command('DBSIZE')).toBe(0)
  console.log(`keys(): ${(listing / count).toFixed(1)} bytes a key; deletePattern: ${(sweeping / mib).toFixed(1)} MiB in all`)
})

test('300,000 keys are removed about as fast as SCAN and UNLINK by hand', { timeout: 90_000 }, async () => {
  const cache = createCache({ servers: server.url, keyPrefix: 'bulk', timeout: '30s' })
  await cache.connect()
  const raw = async (): Promise<number> => {
    let cursor = '0'
    let removed = 0
    do {
      const [next, page] = (await server.command('SCAN', cursor, 'MATCH', 'bulk:*', 'COUNT', 1000)) as [string, string[]]
      cursor = next
      if (page.length > 0) removed += (await server.command('UNLINK', ...page)) as number
    } while (cursor !== '0')
    return removed
  }
  const measured = { raw: Infinity, cache: Infinity }
  for (let round = 0; round < 3; round++) {
    for (const [name, run] of [
      ['raw', raw],
      ['cache', () => cache.deletePattern('*')],
    ] as const) {
      await server.command('EVAL', fillScript, 0, count)
      const began = performance.now()
      expect(await run()).toBe(count)
      measured[name] = Math.min(measured[name], performance.now() - began)
    }
  }
  await cache.close()
  const rate = (ms: number): string => `${Math.round(count / ms)} k keys a second`
  console.log(
    `deletePattern: ${rate(measured.cache)}; SCAN and UNLINK by hand: ${rate(measured.raw)}; ratio ${(measured.raw / measured.cache).toFixed(2)}`,
  )
  expect(measured.raw / measured.cache).toBeGreaterThan(0.4)
})
