import { describe, expect, test } from 'vitest'
import { createCache, ShaleError, type Cache, type RebalanceReport, type Store } from '@shale/cache'
import { createFaultStore, createManualClock, type FaultStore, type ManualClock } from '@shale/testing'
import { Layouts } from './layouts.ts'

const old = ['a', 'b', 'c']
const young = ['a', 'b', 'c', 'd']
const count = 400

interface Site {
  readonly clock: ManualClock
  readonly layouts: Layouts
  readonly faults: ReadonlyMap<string, FaultStore>
  open(store: Store): Cache
}

function site(): Site {
  const clock = createManualClock()
  const faults = new Map<string, FaultStore>()
  const layouts = new Layouts(young, clock, (store, name) => {
    const faulty = createFaultStore(store)
    faults.set(name, faulty)
    return faulty
  })
  return { clock, layouts, faults, open: (store) => createCache({ servers: store, keyPrefix: 'shop', ttl: null, clock }) }
}

const keys = Array.from({ length: count }, (_, i) => `key:${i}`)
const ttlOf = (i: number): number | null => (i % 3 === 0 ? null : 100_000 + i)

async function filled({ layouts, open }: Site): Promise<void> {
  const before = open(layouts.alone(old))
  for (const [i, key] of keys.entries()) await before.set(key, i % 5 === 0 ? i : { i }, { ttl: ttlOf(i) })
}

/** Whether all entries are where a layout looks for them, and nowhere else. */
async function expectAllAt({ layouts, open }: Site, names: readonly string[]): Promise<void> {
  const store = layouts.alone(names)
  const cache = open(store)
  for (const [i, key] of keys.entries()) {
    expect(await cache.get(key)).toEqual(i % 5 === 0 ? i : { i })
    expect(await cache.ttl(key)).toBe(ttlOf(i))
  }
  for (const [name, server] of layouts.servers) {
    for await (const page of server.scan('*')) for (const stored of page) expect(store.locate(stored).shard).toBe(name)
  }
}

describe('rebalance', () => {
  test('moves what another layout left elsewhere, with its ttl', async () => {
    const here = site()
    await filled(here)
    const cache = here.open(here.layouts.beside(young, old))
    const report = await cache.rebalance()
    expect(report).toMatchObject({ dropped: 0, foreign: 0, changedMeanwhile: 0 })
    expect(report.moved).toBeGreaterThan(count / 8)
    expect(report.home + report.moved).toBe(count)
    expect(report.scanned).toBe(count)
    await expectAllAt(here, young)
    expect(await cache.rebalance()).toMatchObject({ scanned: count, home: count, moved: 0 })
  })

  test('moves it without the other layout, too', async () => {
    const here = site()
    await filled(here)
    const report = await here.open(here.layouts.alone(young)).rebalance()
    expect(report.moved).toBeGreaterThan(count / 8)
    await expectAllAt(here, young)
  })

  test('moves it back', async () => {
    const here = site()
    await filled(here)
    await here.open(here.layouts.beside(young, old)).rebalance()
    const report = await here.open(here.layouts.beside(old, young)).rebalance()
    expect(report.moved).toBeGreaterThan(count / 8)
    await expectAllAt(here, old)
  })

  test('empties a server that neither layout has the entry on', async () => {
    const here = site()
    await here.open(here.layouts.alone(['d'])).set('key:0', 'old', { ttl: 5000 })
    const cache = here.open(here.layouts.beside(young, old))
    await here.open(here.layouts.alone(['b'])).set('key:0', 'older')
    await cache.rebalance()
    const left = await Promise.all([...here.layouts.servers.values()].map(async (server) => (await server.has(['shop:1:key:0']))[0]))
    expect(left.filter((isThere) => isThere === true)).toHaveLength(1)
    expect(await here.open(here.layouts.alone(young)).get('key:0')).toBeDefined()
  })

  test('keeps what is at home, and drops the older one', async () => {
    const here = site()
    await filled(here)
    const after = here.open(here.layouts.alone(young))
    for (const key of keys) await after.set(key, 'newer', { ttl: 7000 })
    const report = await here.open(here.layouts.beside(young, old)).rebalance()
    expect(report).toMatchObject({ home: count, moved: 0 })
    expect(report.dropped).toBeGreaterThan(count / 8)
    for (const key of keys) expect([await after.get(key), await after.ttl(key)]).toEqual(['newer', 7000])
  })

  test('moves locks, and counts them not', async () => {
    const here = site()
    const before = here.open(here.layouts.alone(old))
    const locks = await Promise.all(keys.slice(0, 100).map((key) => before.lock(key)))
    expect(await here.open(here.layouts.beside(young, old)).rebalance()).toMatchObject({ scanned: 0, moved: 0 })
    const after = here.open(here.layouts.alone(young))
    for (const key of keys.slice(0, 100)) expect(await after.lock(key)).toBeUndefined()
    expect(locks).not.toContain(undefined)
  })

  test('moves one version alone, and other keyspaces not at all', async () => {
    const here = site()
    await filled(here)
    const before = here.open(here.layouts.alone(old))
    for (const key of keys) await before.set(key, 'second', { version: 2 })
    await createCache({ servers: here.layouts.alone(old), keyPrefix: 'other', ttl: null, clock: here.clock }).setMany(
      keys.map((key) => [key, 'other']),
    )
    const cache = here.open(here.layouts.beside(young, old))
    const report = await cache.rebalance({ version: 2 })
    expect(report.scanned).toBe(count)
    const after = here.open(here.layouts.alone(young))
    expect((await after.getMany(keys, { version: 2 })).size).toBe(count)
    expect((await after.getMany(keys)).size).toBeLessThan(count)
  })

  test('tells how far it is, stops when told to, and can be run again', async () => {
    const here = site()
    await filled(here)
    const cache = here.open(here.layouts.beside(young, old))
    const stop = new AbortController()
    const reports: RebalanceReport[] = []
    const onProgress = (report: Readonly<RebalanceReport>): void => {
      reports.push(report)
      if (report.moved >= 10) stop.abort()
    }
    const error: unknown = await cache.rebalance({ signal: stop.signal, onProgress }).catch((reason: unknown) => reason)
    expect(error).toMatchObject({ code: 'ABORTED', partial: reports.at(-1) })
    await cache.rebalance({ onProgress: (report) => void reports.push(report) })
    expect(reports.at(-1)).toMatchObject({ changedMeanwhile: 0 })
    await expectAllAt(here, young)
  })

  test('moves no faster than it is told', async () => {
    const here = site()
    await filled(here)
    const cache = here.open(here.layouts.beside(young, old))
    const began = here.clock.now()
    let isOver = false
    const running = cache.rebalance({ rate: 20 }).finally(() => (isOver = true))
    while (!isOver) {
      await new Promise((resolve) => setImmediate(resolve))
      if (here.clock.pending > 0) here.clock.advance(10)
    }
    const { moved } = await running
    expect(here.clock.now() - began).toBeGreaterThanOrEqual((moved / 20) * 1000)
  })

  test('a shard that fails is named, with what was done; the others are rebalanced', async () => {
    const here = site()
    await filled(here)
    const take = here.faults.get('b')!.inject({ error: new ShaleError('SERVER_UNAVAILABLE', 'b: down.') })
    const cache = here.open(here.layouts.beside(young, old))
    const error = (await cache.rebalance().catch((reason: unknown) => reason)) as ShaleError
    expect(error).toMatchObject({
      code: 'SHARDS_FAILED',
      partial: { done: { foreign: 0, changedMeanwhile: 0 }, failed: [{ shard: 'b', code: 'SERVER_UNAVAILABLE' }] },
    })
    expect((error.partial as { done: RebalanceReport }).done.moved).toBeGreaterThan(count / 16)
    take()
    await cache.rebalance()
    await expectAllAt(here, young)
  })

  test('on the embedded store there is nothing to move', async () => {
    const cache = createCache()
    await cache.set('a', 1)
    expect(await cache.rebalance()).toMatchObject({ scanned: 1, home: 1, moved: 0 })
  })

  test.each([
    [{ rate: 0 }, /rate/],
    [{ rate: '1' }, /rate/],
    [{ signal: {} }, /signal/],
    [{ onProgress: 1 }, /onProgress/],
    [{ batch: 1 }, /unknown option "batch"/],
  ])('refuses %j', async (options, message) => {
    await expect(createCache().rebalance(options as never)).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringMatching(message) as string,
    })
  })
})
