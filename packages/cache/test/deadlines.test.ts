import { afterEach, describe, expect, test } from 'vitest'
import { createCache, createMemoryStore, type Cache, type CacheOptions } from '@shale/cache'
import { createFaultStore, createGate } from '@shale/testing'
import { startRedis, startSilentServer } from '@tooling/servers'
import { caught } from './caught.ts'
import { allOperations, safeOperations, strictOperations, type Operation } from './operations.ts'

const timeoutMs = 300
const graceMs = 50
/** What a busy machine may add: the tests of other files run beside these. */
const slackMs = 150
const limitMs = timeoutMs + graceMs + slackMs

const ends: (() => Promise<void> | void)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
})

function open(options: CacheOptions): Cache {
  const cache = createCache({ timeout: timeoutMs, connectTimeout: 10 * timeoutMs, ...options })
  ends.push(() => cache.close())
  return cache
}

async function silent(): Promise<string> {
  const server = await startSilentServer()
  ends.push(() => server.stop())
  return `redis://127.0.0.1:${server.port}`
}

/** A server that a cache is connected to, and that is stopped then. */
async function stopped(options: CacheOptions = {}): Promise<Cache> {
  const server = await startRedis()
  ends.push(() => server.stop())
  const cache = open({ servers: server.url, ...options })
  await cache.set('a', 1)
  server.pause()
  return cache
}

/** Prints a figure, for the table of promises. */
const tell = (what: string, times: readonly number[], unit = 'ms'): void =>
  console.log(`${what}: at most ${Math.ceil(Math.max(...times))} ${unit}`)

async function timed(call: Promise<unknown>): Promise<number> {
  const began = performance.now()
  await call.catch(() => {})
  return performance.now() - began
}

async function allWithin(cache: Cache, operations: readonly Operation[]): Promise<number[]> {
  const times = await Promise.all(operations.map(async ({ name, call }) => ({ name, ms: await timed(call(cache)) })))
  for (const { name, ms } of times) expect(ms, name).toBeLessThan(limitMs)
  return times.map(({ ms }) => ms)
}

const servers: readonly { readonly kind: string; readonly start: (options?: CacheOptions) => Promise<Cache> }[] = [
  { kind: 'a server that says nothing', start: async (options) => open({ servers: await silent(), ...options }) },
  { kind: 'a server that was stopped', start: stopped },
]

describe.each(servers)('$kind', ({ kind, start }) => {
  test('promise 2: every operation settles within its timeout', { timeout: 60_000 }, async () => {
    const cache = await start()
    const times: number[] = []
    for (const operation of allOperations) times.push(...(await allWithin(cache, [operation])))
    tell(`timeout ${timeoutMs} ms, ${kind}, one call`, times)
  })

  test("promise 2: every operation settles within its timeout with errors: 'throw'", async () => {
    await allWithin(await start({ errors: 'throw' }), allOperations)
  })

  test('promise 2: so do 500 at once', async () => {
    const cache = await start()
    const many = Array.from({ length: 500 }, (_, i) => allOperations[i % allOperations.length] as Operation)
    tell(`timeout ${timeoutMs} ms, ${kind}, 500 calls`, await allWithin(cache, many))
  })

  test('promise 2: so do those that come all the time', async () => {
    const cache = await start()
    const calls: Promise<number>[] = []
    const end = performance.now() + 4 * timeoutMs
    while (performance.now() < end) {
      for (const { call } of safeOperations) calls.push(timed(call(cache)))
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
    const times = await Promise.all(calls)
    tell(`timeout ${timeoutMs} ms, ${kind}, ${times.length} calls without a pause`, times)
    expect(Math.max(...times)).toBeLessThan(limitMs)
  })

  test('promise 25: close under load settles within the timeout and 100 ms', async () => {
    const cache = await start()
    const calls = Array.from({ length: 200 }, (_, i) => timed((allOperations[i % allOperations.length] as Operation).call(cache)))
    const closeMs = await timed(cache.close())
    tell(`timeout ${timeoutMs} ms, ${kind}, close under load`, [closeMs])
    expect(closeMs).toBeLessThan(timeoutMs + 100 + slackMs)
    expect(Math.max(...(await Promise.all(calls)))).toBeLessThan(limitMs)
    for (const { name, call } of strictOperations) expect((await caught((async () => call(cache))())).code, name).toBe('CLOSED')
  })
})

test('promise 7: connect() settles within connectTimeout with a server that says nothing', async () => {
  const cache = createCache({ servers: await silent(), timeout: '1m', connectTimeout: '200ms' })
  ends.push(() => cache.close())
  const began = performance.now()
  expect((await caught(cache.connect())).code).toBe('SERVER_UNAVAILABLE')
  const ms = performance.now() - began
  tell('connectTimeout 200 ms, connect()', [ms])
  expect(ms).toBeLessThan(200 + graceMs + slackMs)
})

test('getOrSet: reading that times out and storing take one timeout, beside the factory', async () => {
  for (const { start } of servers) {
    const cache = await start()
    let factoryMs = 0
    const began = performance.now()
    const value = await cache.getOrSet('x', async () => {
      const from = performance.now()
      await new Promise((resolve) => setTimeout(resolve, 200))
      factoryMs = performance.now() - from
      return 'made'
    })
    expect(value).toBe('made')
    expect(performance.now() - began - factoryMs).toBeLessThan(limitMs)
  }
})

test('getOrSet: a read that is slow leaves storing only what is left', async () => {
  const store = createFaultStore(createMemoryStore())
  const gate = createGate()
  const shut = createGate()
  store.inject({ operations: ['get'], gate })
  store.inject({ operations: ['set'], gate: shut })
  const cache = open({ servers: store })
  setTimeout(() => gate.open(), 0.7 * timeoutMs)
  const degraded: unknown[] = []
  cache.on('degraded', ({ operation, error }) => degraded.push([operation, error.code]))
  expect(await timed(cache.getOrSet('x', () => 'made'))).toBeLessThan(limitMs)
  expect(degraded).toStrictEqual([['getOrSet', 'SERVER_TIMEOUT']])
  shut.open()
})

test('a store of the user that never answers has the deadline, too', async () => {
  const store = createFaultStore(createMemoryStore())
  store.inject({ gate: createGate() })
  await allWithin(open({ servers: store }), allOperations)
})

test('a scan has the timeout for each step, not for all of it', async () => {
  const store = createFaultStore(createMemoryStore())
  const cache = createCache({ servers: store, timeout: '100ms' })
  ends.push(() => cache.close())
  await cache.setMany(Array.from({ length: 5_000 }, (_, i) => [`k${i}`, i] as const))
  let keys = 0
  for await (const _ of cache.keys()) if (++keys % 100 === 0) await new Promise((resolve) => setTimeout(resolve, 10))
  expect(keys).toBe(5_000)
})
