import { describe, expect, test } from 'vitest'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { ShaleError, type Store } from '@shale/contracts'
import { startProxy, startRedis, until, type FaultProxy, type RedisServer } from '@tooling/servers'
import { createStore, ioredis, nodeRedis, type StoreOptions } from '@shale/client'

/** Beyond what is promised, for a busy machine. */
const slackMs = 50
const timeout = 300

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
const codeOf = async (store: Store, key = 'a'): Promise<unknown> => {
  const [answer] = await store.get([key])
  return ShaleError.is(answer) ? answer.code : answer === undefined ? undefined : 'value'
}
const share = (times: readonly number[], part: number): number =>
  times.toSorted((a, b) => a - b)[Math.floor(part * (times.length - 1))] as number

interface Reached extends AsyncDisposable {
  readonly server: RedisServer
  readonly proxy: FaultProxy
  readonly store: Store
  /** When its breaker and its connections changed. */
  readonly heard: { readonly what: string; readonly at: number }[]
}

/** A store that has reached its server through a proxy. */
async function reached(options: StoreOptions = {}): Promise<Reached> {
  const server = await startRedis()
  const proxy = await startProxy({ host: server.host, port: server.port })
  const store = createStore(`redis://127.0.0.1:${proxy.port}`, { timeout, ...options })
  const heard: Reached['heard'] = []
  const hear = (what: string): void => void heard.push({ what, at: performance.now() })
  store.observe?.({ breaker: (_, state) => hear(state), disconnected: () => hear('disconnected'), connected: () => hear('connected') })
  await store.set([{ key: 'a', value: Buffer.from('value'), ttl: null }])
  const close = async (): Promise<void> => {
    await store.close()
    await proxy.stop()
    await server.stop()
  }
  return { server, proxy, store, heard, [Symbol.asyncDispose]: close }
}

const drivers = [nodeRedis(), ioredis()].map((driver) => [driver.name, driver] as const)

// Both drivers at once, each with a server of its own: nearly all of the time is spent waiting.
describe('the breaker', () => {
  test.concurrent.each(drivers)(
    'promise 3, with %s: the breaker of a stopped server opens within 3 T; then calls are refused at once, and it is probed every 500 to 750 ms',
    async (name, driver) => {
      await using line = await reached({ driver })
      const { server, proxy, store, heard } = line
      server.pause()
      const paused = performance.now()
      const load = async (): Promise<void> => {
        for (let i = 0; heard.every(({ what }) => what !== 'open'); i++) {
          void store.get([`k${i}`])
          await sleep(10)
        }
      }
      await load()
      const openedMs = (heard.find(({ what }) => what === 'open')?.at as number) - paused
      expect(openedMs).toBeLessThan(3 * timeout)
      const times: number[] = []
      const probes: number[] = []
      let { accepted } = proxy
      const watching = setInterval(() => {
        for (; accepted < proxy.accepted; accepted++) probes.push(performance.now())
      }, 1)
      const end = performance.now() + 6000
      while (performance.now() < end) {
        const began = performance.now()
        expect(await codeOf(store)).toBe('SERVER_UNAVAILABLE')
        times.push(performance.now() - began)
        await sleep(2)
      }
      clearInterval(watching)
      const gaps = probes.slice(1).map((at, i) => at - (probes[i] as number))
      console.log(
        `${name}, T ${timeout} ms: the breaker opened after ${Math.ceil(openedMs)} ms; ${times.length} calls refused in ${share(times, 0.5).toFixed(2)} ms (median), ` +
          `${share(times, 0.99).toFixed(2)} ms (p99); probes ${Math.floor(Math.min(...gaps))} to ${Math.ceil(Math.max(...gaps))} ms apart`,
      )
      expect(share(times, 0.5)).toBeLessThan(1)
      expect(share(times, 0.99)).toBeLessThan(5)
      expect(gaps.length).toBeGreaterThan(5)
      expect(Math.min(...gaps)).toBeGreaterThan(500 - slackMs / 5)
      expect(Math.max(...gaps)).toBeLessThan(750 + slackMs)
      expect(store.status?.()).toMatchObject([{ state: 'down', breaker: 'half-open' }])
    },
  )
})

describe('a stopped server', () => {
  test.concurrent.each(drivers)('that is continued serves within 1 s, whenever that is, with %s', async (name, driver) => {
    await using line = await reached({ driver })
    const { server, store } = line
    const took: number[] = []
    for (const stoppedMs of [100, timeout + 100, 2 * timeout, 1500, 3100]) {
      server.pause()
      const end = performance.now() + stoppedMs
      while (performance.now() < end) {
        void store.get(['a'])
        await sleep(5)
      }
      server.resume()
      const began = performance.now()
      await until('it serves', async () => (await codeOf(store)) === 'value')
      took.push(performance.now() - began)
    }
    console.log(`${name}: continued, it served after ${took.map(Math.ceil).join(', ')} ms`)
    expect(Math.max(...took)).toBeLessThan(1000)
    expect(store.status?.()).toMatchObject([{ state: 'ready', breaker: 'closed' }])
  })
})

describe('a half-open connection', () => {
  test.concurrent.each(drivers)(
    'promise 6, with %s: it is noticed within 2 T of the first operation sent on it, and replaced within 1 s of healing',
    async (name, driver) => {
      await using line = await reached({ driver })
      const { proxy, store, heard } = line
      const noticed: number[] = []
      const replaced: number[] = []
      for (const silentMs of [0, 50, 400, 900, 2500]) {
        proxy.blackHole(true)
        heard.length = 0
        const began = performance.now()
        void store.get(['a'])
        noticed.push((await until('it is noticed', () => heard.find(({ what }) => what === 'disconnected'))).at - began)
        const end = performance.now() + silentMs
        while (performance.now() < end) {
          void store.get(['a'])
          await sleep(10)
        }
        proxy.heal()
        const healed = performance.now()
        await until('it is replaced', async () => (await codeOf(store)) === 'value')
        replaced.push(performance.now() - healed)
      }
      console.log(
        `${name}, T ${timeout} ms: noticed after ${noticed.map(Math.ceil).join(', ')} ms; replaced ${replaced.map(Math.ceil).join(', ')} ms after healing`,
      )
      expect(Math.max(...noticed)).toBeLessThan(2 * timeout)
      expect(Math.max(...replaced)).toBeLessThan(1000)
    },
  )
})

test('promise 6: one half-open connection among several leaves the others serving, also its keys', async () => {
  await using line = await reached({ connections: 4, driver: nodeRedis() })
  const { proxy, store, heard } = line
  await Promise.all(Array.from({ length: 100 }, (_, i) => store.get([`k${i}`])))
  expect(proxy.connections).toBe(4)
  const opened = proxy.accepted
  proxy.silence(1)
  const began = performance.now()
  const late: number[] = []
  const end = began + 4 * timeout
  while (performance.now() < end) {
    for (let i = 0; i < 20; i++) {
      const at = performance.now()
      void store.get([`k${i}`]).then(([answer]) => {
        if (ShaleError.is(answer)) late.push(at - began)
      })
    }
    await sleep(10)
  }
  expect(heard.map(({ what }) => what)).not.toContain('open')
  console.log(`one of 4 connections fell silent: its keys were late for ${Math.ceil(Math.max(...late))} ms`)
  expect(Math.max(...late)).toBeLessThan(2 * timeout)
  await until('it is replaced', () => proxy.accepted > opened)
})

/** As long as is promised in the long form: set SHALE_LONG_TESTS. */
const outageMs = process.env['SHALE_LONG_TESTS'] === undefined ? 10_000 : 60_000

test(
  `promise 5: an outage of ${outageMs / 1000} s at 5,000 operations a second: the heap grows by less than 50 MB`,
  { timeout: outageMs + 30_000 },
  async () => {
    setFlagsFromString('--expose_gc')
    const collect = runInNewContext('gc') as () => void
    const used = (): number => {
      collect()
      const { heapUsed, arrayBuffers } = process.memoryUsage()
      return (heapUsed + arrayBuffers) / 2 ** 20
    }
    await using line = await reached()
    const { server, store } = line
    let pending = 0
    let sent = 0
    let most = 0
    const value = Buffer.alloc(300, 'v')
    const run = async (ms: number): Promise<void> => {
      const began = performance.now()
      const before = sent
      while (performance.now() < began + ms) {
        while (sent - before < (performance.now() - began) * 5) {
          const key = `k${sent++ % 20_000}`
          pending++
          most = Math.max(most, pending)
          const call: Promise<unknown> = sent % 4 === 0 ? store.set([{ key, value, ttl: 60_000 }]) : store.get([key])
          void call.then(() => pending--)
        }
        await sleep(5)
      }
    }
    await run(1000)
    const before = used()
    server.pause()
    let highest = 0
    for (let left = outageMs; left > 0; left -= 1000) {
      await run(Math.min(left, 1000))
      highest = Math.max(highest, used())
    }
    server.resume()
    await until('it serves', async () => !ShaleError.is((await store.get(['other']))[0]))
    await run(1000)
    await until('nothing is pending', () => pending === 0)
    console.log(
      `${sent} operations, an outage of ${outageMs} ms: the heap had ${before.toFixed(1)} MB before, ${highest.toFixed(1)} MB at most, ` +
        `${used().toFixed(1)} MB after; at most ${most} were pending`,
    )
    expect(highest - before).toBeLessThan(50)
    expect(most).toBeLessThan(5 * (timeout + 200) * 2)
  },
)
