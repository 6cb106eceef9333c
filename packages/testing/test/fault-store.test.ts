import { ShaleError } from '@shale/contracts'
import { createFaultStore, createGate, createManualClock, storeContract, type FaultStore } from '@shale/testing'
import { describe, expect, test } from 'vitest'
import { ReferenceStore } from './reference-store.ts'

const down = new ShaleError('SERVER_UNAVAILABLE', 'down')
const value = Buffer.from('1')

function create(): { store: FaultStore; inner: ReferenceStore } {
  const inner = new ReferenceStore(createManualClock())
  return { store: createFaultStore(inner), inner }
}

describe('without a fault it is the store itself', () => {
  const clock = createManualClock()
  storeContract({
    test,
    create: () => ({ store: createFaultStore(new ReferenceStore(clock)) }),
    capabilities: { advance: (ms) => clock.advance(ms) },
  })
})

test('it records every call and its keys', async () => {
  const { store } = create()
  await store.set([{ key: 'a', value, ttl: null }])
  await store.get(['a', 'b'])
  await store.move([{ from: 'a', to: 'b' }])
  await store.delete(['a'])
  for await (const page of store.scan('*')) expect(page).toEqual(['b'])
  await store.flush()
  expect(store.calls).toEqual([
    { operation: 'set', keys: ['a'] },
    { operation: 'get', keys: ['a', 'b'] },
    { operation: 'move', keys: ['a', 'b'] },
    { operation: 'delete', keys: ['a'] },
    { operation: 'scan', keys: [] },
    { operation: 'flush', keys: [] },
  ])
})

test('chosen operations and keys fail, the others of a batch do not', async () => {
  const { store, inner } = create()
  const restore = store.inject({ operations: ['set', 'delete'], keys: (key) => key.startsWith('bad'), error: down })
  const entries = ['a', 'bad', 'b'].map((key) => ({ key, value, ttl: null }))
  expect(await store.set(entries)).toEqual([true, down, true])
  expect([...inner.entries.keys()]).toEqual(['a', 'b'])
  expect(await store.add([{ key: 'bad', value, ttl: null }])).toEqual([true])
  expect(await store.delete(['a', 'bad', 'x'])).toEqual({ count: 1, failed: new Map([['bad', down]]) })
  restore()
  expect(await store.delete(['bad', 'b'])).toEqual({ count: 2, failed: undefined })
})

test('a fault after the fact leaves its effect', async () => {
  const { store, inner } = create()
  store.inject({ operations: ['set', 'delete'], error: down, when: 'after' })
  expect(await store.set([{ key: 'a', value, ttl: null }])).toEqual([down])
  expect(inner.entries.has('a')).toBe(true)
  expect(await store.delete(['a'])).toEqual({ count: 0, failed: new Map([['a', down]]) })
  expect(inner.entries.has('a')).toBe(false)
})

test('whole calls reject, a given number of times', async () => {
  const { store } = create()
  store.inject({ error: down, rejects: true, times: 2 })
  await expect(store.get(['a'])).rejects.toBe(down)
  await expect(store.delete(['a'])).rejects.toBe(down)
  expect(await store.get(['a'])).toEqual([undefined])
})

test('calls without keys reject', async () => {
  const { store } = create()
  store.inject({ operations: ['scan', 'flush', 'connect'], error: down })
  await expect(store.flush()).rejects.toBe(down)
  await expect(store.connect()).rejects.toBe(down)
  await expect(store.scan('*')[Symbol.asyncIterator]().next()).rejects.toBe(down)
})

test('a scan can fail at its end', async () => {
  const { store } = create()
  await store.set([{ key: 'a', value, ttl: null }])
  store.inject({ operations: ['scan'], error: down, when: 'after' })
  const seen: string[] = []
  const scan = async (): Promise<void> => {
    for await (const page of store.scan('*')) seen.push(...page)
  }
  await expect(scan()).rejects.toBe(down)
  expect(seen).toEqual(['a'])
})

test('a call waits at a shut gate, before or after it takes effect', async () => {
  const { store, inner } = create()
  const before = createGate()
  const after = createGate()
  store.inject({ keys: (key) => key === 'before', gate: before })
  store.inject({ keys: (key) => key === 'after', gate: after, when: 'after' })
  const settled: string[] = []
  const calls = ['before', 'after', 'other'].map(async (key) => {
    await store.set([{ key, value, ttl: null }])
    settled.push(key)
  })
  await calls[2]
  expect(settled).toEqual(['other'])
  expect([before.waiting, after.waiting]).toEqual([1, 1])
  expect([...inner.entries.keys()].sort()).toEqual(['after', 'other'])
  after.open()
  await calls[1]
  before.open()
  await calls[0]
  expect(settled).toEqual(['other', 'after', 'before'])
  expect([before.waiting, after.waiting]).toEqual([0, 0])
  await store.set([{ key: 'before', value, ttl: null }])
})
