import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ShaleError, type Store } from '@shale/contracts'
import { createSeededRandom } from '@shale/testing'
import { startProxy, startRedis, until, type FaultProxy, type RedisServer } from '@tooling/servers'
import { createStore, ioredis, nodeRedis } from '@shale/client'

const text = (answer: unknown): unknown => (answer instanceof Uint8Array ? Buffer.from(answer).toString() : answer)
const bytes = (value: string): Uint8Array => Buffer.from(value)

let server: RedisServer
let proxy: FaultProxy
beforeAll(async () => {
  server = await startRedis()
  proxy = await startProxy({ host: server.host, port: server.port })
})
afterAll(async () => {
  await proxy.stop()
  await server.stop()
})

const variants = [
  ['one connection', 1, nodeRedis()],
  ['four connections', 4, nodeRedis()],
  ['one to four connections', { min: 1, max: 4 }, nodeRedis()],
  ['one to four connections of ioredis', { min: 1, max: 4 }, ioredis()],
] as const

describe.each(variants)('over %s', (_, connections, driver) => {
  const open = (): Store => createStore(`redis://127.0.0.1:${proxy.port}`, { connections, driver, timeout: '10s' })

  test('un-awaited set, delete, set of one key: always the last, also while it connects', async () => {
    for (let round = 0; round < 20; round++) {
      proxy.latency(round % 4 === 0 ? 5 : 0)
      const store = open()
      const keys = Array.from({ length: 50 }, (_, i) => `last:${i}`)
      for (const key of keys) {
        void store.set([{ key, value: bytes('first'), ttl: null }])
        void store.delete([key])
        void store.set([{ key, value: bytes('last'), ttl: null }])
      }
      expect(new Set((await store.get(keys)).map(text))).toEqual(new Set(['last']))
      await store.close()
    }
    proxy.heal()
  })

  test('random operations that nobody awaits take effect in the order made', async () => {
    const seed = Math.floor(Math.random() * 2 ** 31)
    console.log(`order, seed ${seed}`)
    const random = createSeededRandom(seed)
    await server.command('FLUSHALL')
    const keys = Array.from({ length: 12 }, (_, i) => `order:${i}`)
    const pick = (): string => keys[Math.floor(random() * keys.length)] as string
    const model = new Map<string, string>()
    const checks: Promise<void>[] = []
    const check = (found: Promise<unknown>, expected: unknown): void => {
      checks.push(found.then((answer) => expect(answer).toEqual(expected)))
    }
    const store = open()
    for (let step = 0; step < 6000; step++) {
      const key = pick()
      const draw = random()
      if (draw < 0.4) {
        model.set(key, String(step))
        check(store.set([{ key, value: bytes(String(step)), ttl: null }]), [true])
      } else if (draw < 0.6)
        check(
          store.get([key]).then((answers) => answers.map(text)),
          [model.get(key)],
        )
      else if (draw < 0.7)
        check(
          store.get(keys).then((answers) => answers.map(text)),
          keys.map((one) => model.get(one)),
        )
      else if (draw < 0.8) {
        check(
          store.delete([key]).then(({ count }) => count),
          model.delete(key) ? 1 : 0,
        )
      } else if (draw < 0.9) {
        const to = pick()
        const value = model.get(key)
        if (value !== undefined) {
          model.delete(key)
          model.set(to, value)
        }
        check(store.move([{ from: key, to }]), [value !== undefined])
      } else if (draw < 0.99) {
        const expected = model.get(key) ?? 'nothing'
        const there = model.has(key)
        if (there) model.set(key, `swap ${step}`)
        check(store.swap([{ key, expected: bytes(expected), value: bytes(`swap ${step}`) }]), [there])
      } else if (draw < 0.995) {
        model.clear()
        check(store.flush(), undefined)
      } else await new Promise((resolve) => setTimeout(resolve, 2))
    }
    await Promise.all(checks)
    await store.close()
  })
})

test('further connections are made under real load, and nothing is lost over them', async () => {
  const before = proxy.accepted
  const store = createStore(`redis://127.0.0.1:${proxy.port}`, { connections: { min: 1, max: 3 }, timeout: '10s' })
  await store.connect()
  expect(proxy.accepted - before).toBe(1)
  const keys = Array.from({ length: 300 }, (_, i) => `load:${i}`)
  await until('more connections', async () => {
    const answers = await Promise.all(keys.map((key) => store.set([{ key, value: bytes(key), ttl: null }])))
    expect(answers.flat().every((answer) => answer === true)).toBe(true)
    return proxy.accepted - before === 3
  })
  expect((await store.get(keys)).map(text)).toEqual(keys)
  await store.close()
  await until('all are gone', () => proxy.connections === 0)
})

test('connections that come and go: every answer is right or an error, and each key ends with its last write that was answered', async () => {
  const seed = Math.floor(Math.random() * 2 ** 31)
  console.log(`faults, seed ${seed}`)
  const random = createSeededRandom(seed)
  const store = createStore(`redis://127.0.0.1:${proxy.port}`, { connections: 2, timeout: 300, connectTimeout: 300 })
  const keys = Array.from({ length: 8 }, (_, i) => `fault:${i}`)
  const written = new Map(keys.map((key) => [key, 0]))
  const end = performance.now() + 4000
  let stop = false
  let failed = 0
  let served = 0
  const worker = async (key: string): Promise<void> => {
    for (let i = 1; !stop; i++) {
      const [stored] = await store.set([{ key, value: bytes(String(i)), ttl: null }])
      if (stored === true) written.set(key, i)
      const [found] = await store.get([key])
      if (ShaleError.is(stored) || ShaleError.is(found)) {
        failed++
        await new Promise((resolve) => setTimeout(resolve, 5))
      } else {
        served++
        expect(text(found)).toBe(String(i))
      }
    }
  }
  const workers = keys.map(worker)
  while (performance.now() < end) {
    const draw = random()
    if (draw < 0.3) proxy.reset()
    else if (draw < 0.6) proxy.cutAfter(Math.floor(random() * 200))
    else if (draw < 0.7) proxy.refuse(true)
    else proxy.latency(Math.floor(random() * 20))
    await new Promise((resolve) => setTimeout(resolve, 20 + random() * 150))
    proxy.heal()
    await new Promise((resolve) => setTimeout(resolve, random() * 300))
  }
  stop = true
  await Promise.all(workers)
  expect(failed).toBeGreaterThan(0)
  expect(served).toBeGreaterThan(0)
  for (const key of keys) expect(Number(await server.command('GET', key))).toBeGreaterThanOrEqual(written.get(key) as number)
  await store.close()
})
