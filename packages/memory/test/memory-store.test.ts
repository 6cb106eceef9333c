import { systemClock, type Store } from '@shale/contracts'
import { createMemoryStore } from '@shale/memory'
import { createManualClock } from '@shale/testing'
import { startRedis, type RedisServer } from '@tooling/servers'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'

test('an entry is there to the last millisecond of its ttl', async () => {
  const clock = createManualClock()
  const store = createMemoryStore({ clock })
  await store.set([{ key: 'a', value: new Uint8Array(1), ttl: 1000 }])
  clock.advance(999)
  expect(await store.ttl(['a'])).toEqual([1])
  clock.advance(1)
  expect(await store.ttl(['a'])).toEqual([undefined])
})

test('nothing waits: no timer is set, whatever is stored', async () => {
  const clock = createManualClock()
  const store = createMemoryStore({ clock })
  await store.set(Array.from({ length: 100 }, (_, index) => ({ key: `key ${index}`, value: new Uint8Array(1), ttl: 1000 + index })))
  await store.touch(['key 1'], 5)
  expect(clock.pending).toBe(0)
})

test.each([
  ['reads', async (store: Store) => void (await store.get(['live']))],
  ['writes', async (store: Store) => void (await store.touch(['live'], null))],
])('what has expired is let go while %s go on, though nobody asks for it again', async (_, call) => {
  let now = 0
  const store = createMemoryStore({ clock: { ...systemClock, now: () => now } })
  const old = Array.from({ length: 500 }, (_, index) => `old ${index}`)
  await store.set([...old, 'live'].map((key) => ({ key, value: new Uint8Array(1), ttl: key === 'live' ? null : 100 })))
  now = 100
  for (let calls = 0; calls < 501; calls++) await call(store)
  // Were they still held, they would be back at a time before their end.
  now = 50
  expect(await store.has([...old, 'live'])).toEqual([...old.map(() => false), true])
})

test('every call takes effect before it returns', async () => {
  const store = createMemoryStore()
  const set = store.set([{ key: 'a', value: Buffer.from('1'), ttl: null }])
  const got = store.get(['a'])
  const removed = store.delete(['a'])
  const again = store.has(['a'])
  expect(Buffer.from((await got)[0] as Uint8Array).toString()).toBe('1')
  expect([await set, await removed, await again]).toEqual([[true], { count: 1, failed: undefined }, [false]])
})

test('a long scan lets others have their turn', async () => {
  const store = createMemoryStore()
  await store.set(Array.from({ length: 5000 }, (_, index) => ({ key: `key ${index}`, value: new Uint8Array(1), ttl: null })))
  let turns = 0
  let scanning = true
  const others = (async () => {
    while (scanning) {
      await new Promise((resolve) => setImmediate(resolve))
      turns++
    }
  })()
  let keys = 0
  for await (const page of store.scan('*')) keys += page.length
  scanning = false
  await others
  expect(keys).toBe(5000)
  expect(turns).toBeGreaterThanOrEqual(4)
})

let server: RedisServer
beforeAll(async () => {
  server = await startRedis()
})
afterAll(() => server.stop())

test('incr takes and refuses the same texts as a server, and gives the same sums', async () => {
  const seed = Date.now() % 2 ** 31
  console.log(`incr: seed ${seed}`)
  const store = createMemoryStore()
  const integer = fc.oneof(
    fc.maxSafeInteger(),
    fc.bigInt({ min: -(2n ** 63n) - 3n, max: 2n ** 63n + 3n }),
    fc.integer({ min: -20, max: 20 }),
  )
  const text = fc.oneof(
    { weight: 3, arbitrary: integer.map(String) },
    {
      weight: 1,
      arbitrary: fc
        .tuple(fc.constantFrom('', ' ', '+', '-', '0', '-0'), integer.map(String), fc.constantFrom('', ' ', '.', '.0', 'e1', '\n', '\0'))
        .map((parts) => parts.join('')),
    },
  )
  let sums = 0
  await fc.assert(
    fc.asyncProperty(text, fc.oneof(fc.maxSafeInteger(), fc.integer({ min: -20, max: 20 })), async (stored, by) => {
      await store.set([{ key: 'a', value: Buffer.from(stored), ttl: null }])
      await server.command('SET', 'a', stored)
      const [mine] = await store.incr([{ key: 'a', by }])
      const theirs = await server.command('INCRBY', 'a', String(by)).catch((error: Error) => error)
      const after = Buffer.from((await store.get(['a']))[0] as Uint8Array).toString()
      if (typeof mine === 'number') {
        sums++
        expect(await server.command('GET', 'a')).toBe(String(mine))
        expect(after).toBe(String(mine))
        return
      }
      expect(after).toBe(stored)
      if (mine?.code === 'VALUE_NOT_INTEGER') expect(String(theirs)).toContain('not an integer or out of range')
      else
        expect(theirs instanceof Error ? theirs.message : Number.isSafeInteger(theirs)).toSatisfy(
          (value) => value === false || /overflow|out of range/.test(String(value)),
        )
    }),
    { seed, numRuns: 3000 },
  )
  expect(sums).toBeGreaterThan(500)
})
