import { describe, expect, test } from 'vitest'
import { createCache, createMemoryStore, json, ShaleError, type ReinsertReport } from '@shale/cache'
import { createFaultStore, createManualClock } from '@shale/testing'
import { caught } from './caught.ts'

const entries = (count: number): [string, unknown][] => Array.from({ length: count }, (_, i) => [`k${i}`, { n: i }])

async function filled(count: number) {
  const store = createFaultStore(createMemoryStore())
  await createCache({ servers: store, codec: json() }).setMany(entries(count))
  return store
}

describe('rate', () => {
  test.each([
    { rate: 1, count: 5 },
    { rate: 100, count: 1000 },
    { rate: 500, count: 2000 },
  ])('$count entries at $rate a second', async ({ rate, count }) => {
    const clock = createManualClock()
    const cache = createCache({ servers: await filled(count), clock })
    const began = clock.now()
    const seen: [ms: number, scanned: number][] = []
    let report: ReinsertReport | undefined
    const run = cache
      .reinsertKeys({ rate, onProgress: ({ scanned }) => void seen.push([clock.now() - began, scanned]) })
      .then((done) => (report = done))
    while (report === undefined) {
      clock.advance(10)
      await new Promise((resolve) => setImmediate(resolve))
    }
    await run
    // In no moment is it more than a second ahead, and it does not dawdle either: each turn of this loop is 10 ms.
    for (const [ms, scanned] of seen) expect(scanned).toBeLessThanOrEqual((ms / 1000) * rate + Math.max(1, rate))
    expect(seen.at(-1)?.[1]).toBe(count)
    expect(clock.now() - began).toBeGreaterThanOrEqual(((count - Math.max(1, rate)) / rate) * 1000)
    expect(report).toMatchObject({ scanned: count, rewritten: count })
  })
})

describe('signal', () => {
  test('aborted before the start: ABORTED, nothing touched, the report on partial', async () => {
    const store = await filled(10)
    const cache = createCache({ servers: store })
    const reason = new Error('enough')
    const { code, cause, partial } = await caught(cache.reinsertKeys({ signal: AbortSignal.abort(reason) }))
    expect({ code, cause, partial }).toMatchObject({ code: 'ABORTED', cause: reason, partial: { scanned: 0, rewritten: 0 } })
    expect(store.calls.some(({ operation }) => operation === 'swap')).toBe(false)
  })

  test('aborted half-way, and run again', async () => {
    const cache = createCache({ servers: await filled(3000) })
    const stop = new AbortController()
    const { code, partial } = await caught(
      cache.reinsertKeys({ signal: stop.signal, onProgress: ({ scanned }) => scanned >= 500 && stop.abort() }),
    )
    const { scanned, rewritten } = partial as ReinsertReport
    expect(code).toBe('ABORTED')
    expect(scanned).toBeGreaterThanOrEqual(500)
    expect(scanned).toBeLessThan(2000)
    expect(rewritten).toBe(scanned)
    expect(await cache.reinsertKeys()).toMatchObject({ scanned: 3000, rewritten: 3000 - rewritten, current: rewritten })
  })

  test('aborted while it keeps to its rate: at once', async () => {
    const clock = createManualClock()
    const cache = createCache({ servers: await filled(100), clock })
    const stop = new AbortController()
    let progress = 0
    const run = caught(cache.reinsertKeys({ rate: 1, signal: stop.signal, onProgress: () => void progress++ }))
    while (progress === 0) await new Promise((resolve) => setImmediate(resolve))
    // The clock stands still: only the signal can end the wait for the next second.
    for (let turns = 0; turns < 10; turns++) await new Promise((resolve) => setImmediate(resolve))
    expect(progress).toBe(1)
    stop.abort()
    expect(await run).toMatchObject({ code: 'ABORTED', partial: { scanned: 1 } })
  })

  test('aborted over keys that are not ours', async () => {
    const store = createMemoryStore()
    await createCache({ servers: store, keyPrefix: 'p:inner' }).setMany(entries(5000))
    const cache = createCache({ servers: store, keyPrefix: 'p' })
    const stop = new AbortController()
    const run = caught(cache.reinsertKeys({ signal: stop.signal }))
    stop.abort()
    expect(await run).toMatchObject({ code: 'ABORTED', partial: { scanned: 0 } })
  })
})

test('onProgress: what it throws ends the run, what it promises is awaited', async () => {
  const store = await filled(100)
  const cache = createCache({ servers: store })
  const mine = new Error('mine')
  await expect(
    cache.reinsertKeys({
      onProgress: () => {
        throw mine
      },
    }),
  ).rejects.toBe(mine)
  await expect(
    cache.reinsertKeys({
      onProgress: async () => {
        throw mine
      },
    }),
  ).rejects.toBe(mine)
  expect(await cache.reinsertKeys()).toMatchObject({ scanned: 100 })
})

test.each(['get', 'swap', 'scan'] as const)('a server that dies half-way, at %s: SHARDS_FAILED with the report', async (operation) => {
  const store = await filled(3000)
  const cache = createCache({ servers: store })
  const error = new ShaleError('SERVER_UNAVAILABLE', 'Gone.')
  const { code, partial } = await caught(
    cache
      .reinsertKeys({
        onProgress({ scanned }) {
          if (scanned > 500) store.inject({ operations: [operation], error })
        },
      })
      .then(async (report) => {
        // The scan of the embedded store was under way already.
        if (operation !== 'scan') throw new Error('finished')
        expect(report.scanned).toBe(3000)
        return cache.reinsertKeys()
      }),
  )
  expect(code).toBe('SHARDS_FAILED')
  expect(partial).toMatchObject({
    done: { scanned: operation === 'scan' ? 0 : (expect.any(Number) as number) },
    failed: [{ shard: 'memory', code: 'SERVER_UNAVAILABLE' }],
  })
  if (operation !== 'scan') expect((partial as { done: ReinsertReport }).done.scanned).toBeGreaterThan(500)
})

test('entries that are changed, removed or expire between reading and replacing are left alone', async () => {
  const store = await filled(30)
  const writer = createCache({ servers: store })
  const cache = createCache({ servers: store })
  let once = false
  const get = store.get.bind(store)
  store.get = async (keys) => {
    const answers = await get(keys)
    if (!once) {
      once = true
      const [first, second] = keys.map((key) => key.slice(3))
      await writer.set(first as string, 'changed')
      await writer.delete(second as string)
    }
    return answers
  }
  const report = await cache.reinsertKeys()
  expect(report).toMatchObject({ scanned: 30, rewritten: 28, changedMeanwhile: 2 })
  expect(await writer.getMany(entries(30).map(([key]) => key))).toHaveProperty('size', 29)
})
