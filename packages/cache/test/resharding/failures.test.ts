import { describe, expect, test } from 'vitest'
import { ShaleError, type Store, type StoredValue } from '@shale/contracts'
import type { Resharding } from '@shale/client'
import { createFaultStore, createGate, createManualClock, type FaultStore, type ManualClock } from '@shale/testing'
import { Layouts, timeout } from './layouts.ts'

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const text = (value: unknown): unknown =>
  value instanceof Uint8Array ? Buffer.from(value).toString() : ShaleError.is(value) ? value.code : value
const turns = async (): Promise<void> => {
  for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve))
}
const down = new ShaleError('SERVER_UNAVAILABLE', 'down.')

class Site {
  readonly clock: ManualClock = createManualClock()
  readonly faults = new Map<string, FaultStore>()
  readonly layouts: Layouts
  /** Of the old deploy, and of the new one. */
  readonly old: Resharding
  readonly young: Resharding

  constructor(old: readonly string[] = ['a'], young: readonly string[] = ['b']) {
    this.layouts = new Layouts([...new Set([...old, ...young])], this.clock, (store, name) => {
      const faulty = createFaultStore(store)
      this.faults.set(name, faulty)
      return faulty
    })
    this.old = this.layouts.beside(old, young)
    this.young = this.layouts.beside(young, old)
  }

  fault(name: string): FaultStore {
    return this.faults.get(name) as FaultStore
  }

  at(name: string): Store {
    return this.layouts.servers.get(name) as Store
  }

  async put(name: string, key: string, value: string, ttl: number | null = null): Promise<void> {
    await this.at(name).set([{ key, value: bytes(value), ttl }])
  }

  /** What each server holds. */
  async held(key: string): Promise<unknown[]> {
    return Promise.all([...this.layouts.servers.values()].map(async (server) => text((await server.get([key]))[0])))
  }

  /** Lets time pass until something has settled; gives how long that took, too. */
  async settle<T>(asked: Promise<T>): Promise<{ readonly result: T; readonly ms: number }> {
    const began = this.clock.now()
    let isOver = false
    void asked.finally(() => (isOver = true)).catch(() => {})
    for (await turns(); !isOver; await turns()) this.clock.advance(5)
    return { result: await asked, ms: this.clock.now() - began }
  }
}

describe('a read', () => {
  test('asks the other place for what the current one misses, and copies it with what is left of its ttl', async () => {
    const site = new Site()
    await site.put('a', 'k', 'v', 1000)
    const read = createGate()
    site.fault('a').inject({ operations: ['getWithTtl'], gate: read, when: 'after' })
    expect(text((await site.young.get(['k']))[0])).toBe('v')
    await turns()
    site.clock.advance(100)
    read.open()
    await turns()
    expect(await site.held('k')).toEqual(['v', 'v'])
    expect([await site.at('a').ttl(['k']), await site.at('b').ttl(['k'])]).toEqual([[900], [900]])
  })

  test('is answered before anything is copied, and copies nothing that has expired meanwhile', async () => {
    const site = new Site()
    await site.put('a', 'k', 'v', 50)
    const lease = createGate()
    site.fault('b').inject({ operations: ['lease'], gate: lease })
    expect(text((await site.young.get(['k']))[0])).toBe('v')
    site.clock.advance(50)
    lease.open()
    await turns()
    expect(await site.held('k')).toEqual([undefined, undefined])
    expect(await site.at('b').lease([{ key: 'k', token: 't', ttl: 1, name: 'move' }])).toEqual([true])
  })

  test('keeps the hits of the current layout when the other one hangs, and settles in time', async () => {
    const site = new Site()
    await site.put('b', 'here', 'v')
    site.fault('a').inject({ gate: createGate() })
    const { result, ms } = await site.settle(site.young.get(['here', 'gone']))
    expect(result.map(text)).toEqual(['v', 'SERVER_TIMEOUT'])
    expect(ms).toBeLessThanOrEqual(timeout + 50)
  })

  test('of many shards one that hangs keeps no other from its second step', async () => {
    const [old, young] = [
      ['a', 'b', 'c'],
      ['d', 'e', 'f'],
    ]
    const site = new Site(old, young)
    const keys = Array.from({ length: 60 }, (_, i) => `k${i}`)
    await site.layouts.alone(old).set(keys.map((key) => ({ key, value: bytes(key), ttl: null })))
    for (const name of ['b', 'd']) site.fault(name).inject({ gate: createGate() })
    const { result, ms } = await site.settle(site.young.get(keys))
    expect(ms).toBeLessThanOrEqual(timeout + 50)
    const [before, after] = [site.layouts.alone(old), site.layouts.alone(young)]
    for (const [i, key] of keys.entries()) {
      const hangs = before.locate(key).shard === 'b' || after.locate(key).shard === 'd'
      expect(text(result[i])).toBe(hangs ? 'SERVER_TIMEOUT' : key)
    }
  })

  test('is an error, not a miss, where the other place fails', async () => {
    const site = new Site()
    site.fault('a').inject({ error: down })
    expect((await site.young.get(['k'])).map(text)).toEqual(['SERVER_UNAVAILABLE'])
    expect((await site.young.has(['k'])).map(text)).toEqual(['SERVER_UNAVAILABLE'])
  })
})

describe('a change', () => {
  test.each(['a', 'b'])('fails while %s fails, and leaves nothing that is out of date where it can be removed', async (name) => {
    const site = new Site()
    const other = name === 'a' ? 'b' : 'a'
    await site.put(other, 'k', 'old')
    const take = site.fault(name).inject({ error: down })
    const set = { key: 'k', value: bytes('new'), ttl: null }
    expect((await site.young.set([set])).map(text)).toEqual(['SERVER_UNAVAILABLE'])
    await turns()
    expect(await site.at(other).has(['k'])).toEqual([false])
    expect((await site.young.incr([{ key: 'k', by: 1 }])).map(text)).toEqual(['SERVER_UNAVAILABLE'])
    expect((await site.young.delete(['k'])).failed?.get('k')?.code).toBe('SERVER_UNAVAILABLE')
    take()
    expect(await site.young.set([set])).toEqual([true])
  })

  test.each(['get', 'set', 'delete', 'add', 'incr', 'touch', 'take', 'move', 'lease'] as const)(
    '%s settles in time, whatever hangs',
    async (operation) => {
      for (const hanging of ['lease', 'getWithTtl', 'fill', 'set', 'delete', 'swap', 'get', 'add'] as const) {
        for (const name of ['a', 'b']) {
          const site = new Site()
          await site.put('a', 'k', '1')
          site.fault(name).inject({ operations: [hanging], gate: createGate() })
          const { ms } = await site.settle(call(site.young, operation))
          expect(ms, `${hanging} at ${name}`).toBeLessThanOrEqual(timeout + 50)
        }
      }
    },
  )

  test('waits for whoever holds the key, as long as it has time', async () => {
    const site = new Site()
    await site.at('a').lease([{ key: 'k', token: 'another process', ttl: 300, name: 'move' }])
    const { result, ms } = await site.settle(site.young.add([{ key: 'k', value: bytes('v'), ttl: null }]))
    expect(result).toEqual([true])
    expect(ms).toBeGreaterThanOrEqual(300)
    expect(ms).toBeLessThan(350)
  })

  test('is refused if the key is held for longer, and changed nothing then', async () => {
    const site = new Site()
    await site.put('a', 'k', '1')
    await site.at('b').lease([{ key: 'k', token: 'another process', ttl: 10_000, name: 'move' }])
    const { result, ms } = await site.settle(site.young.incr([{ key: 'k', by: 1 }]))
    expect(result.map(text)).toEqual(['SERVER_TIMEOUT'])
    expect(ms).toBeLessThanOrEqual(timeout + 50)
    await site.settle(turns())
    expect(await site.held('k')).toEqual(['1', undefined])
  })

  test('of a process that died keeps others from the key for less than a second', async () => {
    const site = new Site()
    await site.put('a', 'k', '1')
    site.fault('a').inject({ operations: ['swap', 'release'], gate: createGate() })
    site.fault('b').inject({ operations: ['release'], gate: createGate() })
    void site.young.incr([{ key: 'k', by: 1 }])
    await turns()
    const lease = [{ key: 'k', token: 'another process', ttl: 10, name: 'move' }]
    expect(await site.at('a').lease(lease)).toEqual([false])
    site.clock.advance(timeout + 250)
    expect(await site.at('a').lease(lease)).toEqual([true])
    expect(await site.at('b').lease(lease)).toEqual([true])
  })

  test('brings the entry over with what is left of its ttl, and leaves it at one place', async () => {
    const site = new Site()
    await site.put('a', 'k', '41', 1000)
    const peek = createGate()
    site.fault('a').inject({ operations: ['getWithTtl'], gate: peek, when: 'after' })
    const incr = site.young.incr([{ key: 'k', by: 1 }])
    await turns()
    site.clock.advance(100)
    peek.open()
    expect(await incr).toEqual([42])
    expect(await site.held('k')).toEqual([undefined, '42'])
    expect(await site.at('b').ttl(['k'])).toEqual([900])
  })

  test('counts once what is at both places', async () => {
    const site = new Site()
    await site.put('a', 'k', 'v')
    await site.put('b', 'k', 'v')
    await site.put('a', 'l', 'v')
    expect(await site.young.delete(['k', 'l', 'm'])).toEqual({ count: 2, failed: undefined })
  })

  test('many of one process on one key share a hold', async () => {
    const site = new Site()
    await site.put('a', 'k', '0')
    const sums = await site.young.incr(Array.from({ length: 1000 }, () => ({ key: 'k', by: 1 })))
    expect(sums).toEqual(Array.from({ length: 1000 }, (_, i) => i + 1))
    expect(site.fault('a').calls.filter(({ operation }) => operation === 'lease')).toHaveLength(1)
  })
})

test('keys that have one place in both layouts go straight there', async () => {
  const site = new Site(['a', 'b'], ['a', 'b', 'c'])
  const keys = Array.from({ length: 100 }, (_, i) => `k${i}`).filter((key) => site.young.locate(key).shard !== 'c')
  await site.young.set(keys.map((key) => ({ key, value: bytes(key), ttl: null })))
  await site.young.get(keys)
  await site.young.incr(keys.map((key) => ({ key, by: 1 })))
  await site.young.delete(keys)
  const operations = [...site.faults.values()].flatMap(({ calls }) => calls.map(({ operation }) => operation))
  expect(new Set(operations)).toEqual(new Set(['set', 'get', 'incr', 'delete']))
})

test('a scan gives what moves between the layouts while it runs', async () => {
  const site = new Site()
  const keys = Array.from({ length: 50 }, (_, i) => `k${i}`)
  for (const key of keys) await site.put('a', key, 'v')
  const found = new Set<string>()
  let moved = 0
  for await (const page of site.young.scan('*')) {
    for (const key of page) found.add(key)
    await (moved++ % 2 === 0 ? site.young : site.old).touch(keys, null)
  }
  expect(found.size).toBe(50)
})

async function call(
  store: Store,
  operation: 'get' | 'set' | 'delete' | 'add' | 'incr' | 'touch' | 'take' | 'move' | 'lease',
): Promise<unknown> {
  const entry = { key: 'k', value: bytes('v'), ttl: null }
  switch (operation) {
    case 'set':
    case 'add':
      return store[operation]([entry])
    case 'get':
    case 'delete':
      return store[operation](['k'])
    case 'take':
      return (await store.take(['k'])).map((taken) => (taken as StoredValue | undefined)?.ttl)
    case 'incr':
      return store.incr([{ key: 'k', by: 1 }])
    case 'touch':
      return store.touch(['k'], null)
    case 'move':
      return store.move([{ from: 'k', to: 'other' }])
    case 'lease':
      return store.lease([{ key: 'k', token: 't', ttl: 10 }])
  }
}
