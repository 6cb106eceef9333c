import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createCache, type ReinsertReport } from '@shale/cache'
import { startRedis, type RedisServer } from '@tooling/servers'
import { runProgram } from './child.ts'
import { keyOf, kinds, seedTtl, seedValue, valueOf } from './programs/seed.mjs'

const count = 200_000
const foreignCount = 2_000
const writers = 4
const seed = Number(process.env['SHALE_SEED'] ?? Date.now() % 2 ** 31)
const mib = 2 ** 20

interface Reinserted {
  readonly aborted: { readonly code: string; readonly partial: ReinsertReport } | undefined
  readonly report: ReinsertReport
  readonly growth: number
  readonly seconds: number
}
interface Ledger {
  readonly known: readonly (readonly [i: number, expected: readonly [n: number, from: number | null, to: number | null]])[]
  readonly wrong: readonly unknown[]
  readonly done: Readonly<Record<string, number>>
}

let server: RedisServer
let folder: string
beforeAll(async () => {
  server = await startRedis()
  folder = mkdtempSync(join(tmpdir(), 'shale-reinsert-'))
})
afterAll(async () => {
  await server.stop()
  rmSync(folder, { recursive: true, force: true })
})

const numbers = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i)

async function fill(): Promise<readonly [number, number]> {
  const began = Date.now()
  const open = (kind: (typeof kinds)[number]) =>
    createCache({
      servers: server.url,
      keyPrefix: 'live',
      timeout: '30s',
      codec: kind.codec,
      ...(kind.compression === undefined ? {} : { compression: kind.compression }),
    })
  const caches = kinds.map(open)
  for (let at = 0; at < count; at += 10_000) {
    await Promise.all(numbers(at, at + 10_000).map((i) => caches[i % kinds.length]?.set(keyOf(i), seedValue(i), { ttl: seedTtl(i) })))
  }
  for (const i of numbers(0, foreignCount)) await server.command('SET', `live:1:foreign:${i}`, `foreign ${i}`)
  for (const i of numbers(0, 100)) await server.command('RPUSH', `live:1:list:${i}`, i)
  await Promise.all(caches.map((cache) => cache.close()))
  return [began, Date.now()]
}

describe('reinsertKeys on a live server', () => {
  test(
    '200,000 entries under four writers: nothing lost, resurrected or off in time; aborted and run again',
    { timeout: 180_000 },
    async () => {
      const began = await fill()
      const files = numbers(0, writers).map((id) => join(folder, `${id}.json`))
      const writing = files.map((file, id) =>
        runProgram('writer.mjs', { servers: server.url, id, writers, count, seed, began, file }, { ms: 120_000 }),
      )
      const ended = await runProgram('reinsert.mjs', { servers: server.url, abortAt: count / 2 }, { flags: ['--expose-gc'], ms: 120_000 })
      const control = createCache({ servers: server.url, keyPrefix: 'control', timeout: '30s' })
      await control.set('stop', true)
      for (const writer of await Promise.all(writing)) expect(writer).toMatchObject({ code: 0, stdout: '', stderr: '' })
      expect(ended).toMatchObject({ code: 0, stdout: '', stderr: '' })
      const { aborted, report, growth, seconds } = JSON.parse(ended.report) as Reinserted
      const ledgers = files.map((file) => JSON.parse(readFileSync(file, 'utf8')) as Ledger)

      for (const { wrong } of ledgers) expect(wrong, `seed ${seed}`).toStrictEqual([])
      const { wrong, worst, checked } = await compare(began, new Map(ledgers.flatMap(({ known }) => [...known])))
      expect(wrong.slice(0, 20), `seed ${seed}`).toStrictEqual([])
      expect(worst).toBeLessThanOrEqual(100)
      for (const i of numbers(0, foreignCount))
        if ((await server.command('GET', `live:1:foreign:${i}`)) !== `foreign ${i}`) throw new Error(`Foreign key ${i} was touched`)
      for (const i of numbers(0, 100)) expect(await server.command('LRANGE', `live:1:list:${i}`, 0, -1)).toStrictEqual([String(i)])

      expect(aborted).toMatchObject({ code: 'ABORTED', partial: { scanned: expect.any(Number) as number } })
      expect(aborted?.partial.scanned).toBeLessThan(count * 0.6)
      expect(report.foreign).toBeGreaterThanOrEqual(foreignCount + 100)
      expect(report.undecodable).toBe(0)
      expect(report.rewritten).toBeGreaterThan(0)
      expect(growth).toBeLessThan(64 * mib)

      const last = createCache({ servers: server.url, keyPrefix: 'live', timeout: '30s' })
      await last.reinsertKeys()
      expect(await last.reinsertKeys()).toMatchObject({ rewritten: 0, changedMeanwhile: 0, undecodable: 0, foreign: foreignCount + 100 })
      await Promise.all([last.close(), control.close()])

      const changes = ledgers.reduce(
        (sum, { done }) => sum + (done['set'] ?? 0) + (done['delete'] ?? 0) + (done['touch'] ?? 0) + (done['expire'] ?? 0),
        0,
      )
      const scanned = (aborted?.partial.scanned ?? 0) + report.scanned
      console.log(
        `seed ${seed}: ${changes} changes by ${writers} writers during ${seconds.toFixed(1)} s; ${scanned} entries looked at (${Math.round(scanned / seconds)} a second), ` +
          `${(aborted?.partial.rewritten ?? 0) + report.rewritten} rewritten, ${(aborted?.partial.changedMeanwhile ?? 0) + report.changedMeanwhile} changed meanwhile; ` +
          `${checked} checked, ttl off by at most ${worst.toFixed(0)} ms; heap grew by ${(growth / mib).toFixed(1)} MiB`,
      )
    },
  )

  test('300 values of 1 MiB stay within bounded memory', { timeout: 60_000 }, async () => {
    const big = createCache({ servers: server.url, keyPrefix: 'big', timeout: '30s', codec: kinds[2]?.codec ?? kinds[0].codec })
    const value = 'x'.repeat(mib - 100)
    for (const i of numbers(0, 300)) await big.set(`k${i}`, value)
    await big.close()
    const ended = await runProgram(
      'reinsert.mjs',
      { servers: server.url, keyPrefix: 'big' },
      { flags: ['--expose-gc', '--max-old-space-size=128'], ms: 50_000 },
    )
    expect(ended).toMatchObject({ code: 0, stdout: '', stderr: '' })
    const { report, growth } = JSON.parse(ended.report) as Reinserted
    expect(report).toMatchObject({ scanned: 300, rewritten: 300 })
    expect(growth).toBeLessThan(64 * mib)
  })
})

/** Holds every key against what its writer, or else the seed, left there. */
async function compare(began: readonly [number, number], known: ReadonlyMap<number, readonly [number, number | null, number | null]>) {
  const cache = createCache({ servers: server.url, keyPrefix: 'live', timeout: '30s' })
  const wrong: unknown[] = []
  let worst = 0
  let checked = 0
  for (let at = 0; at < count; at += 5_000) {
    const chunk = numbers(at, at + 5_000)
    const asked = Date.now()
    const [values, ttls] = await Promise.all([cache.getMany(chunk.map(keyOf)), Promise.all(chunk.map((i) => cache.ttl(keyOf(i))))])
    const answered = Date.now()
    for (const [place, i] of chunk.entries()) {
      const ttl = seedTtl(i)
      const [n, from, to] = known.get(i) ?? [0, ttl === null ? null : began[0] + ttl, ttl === null ? null : began[1] + ttl]
      const value = values.get(keyOf(i))
      const left = ttls[place]
      if (n === -1 || (to !== null && to + 100 < asked)) {
        if (value !== undefined) wrong.push(['resurrected', i, n, value])
        checked++
        continue
      }
      if (from !== null && from - 100 < answered) continue
      checked++
      const expected = n === 0 ? seedValue(i) : valueOf(i, n)
      const same =
        isDeepStrictEqual(value, expected) ||
        (n > 0 && value instanceof Uint8Array && Buffer.from(value).toString() === JSON.stringify(expected))
      if (!same) wrong.push(['lost', i, n, value])
      if (from === null || to === null) {
        if (left !== null) wrong.push(['ttl', i, left])
      } else if (typeof left !== 'number') wrong.push(['ttl', i, left])
      // What is known of either moment is a span of time; off is by how much the two miss each other.
      else worst = Math.max(worst, asked + left - to, from - (answered + left))
    }
  }
  await cache.close()
  return { wrong, worst, checked }
}
