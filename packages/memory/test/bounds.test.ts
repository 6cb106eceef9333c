import { ShaleError, type Store } from '@shale/contracts'
import { createMemoryStore, entryOverheadBytes } from '@shale/memory'
import { createManualClock } from '@shale/testing'
import { expect, test } from 'vitest'

const entry = (key: string, bytes = 1, ttl: number | null = null): { key: string; value: Uint8Array; ttl: number | null } => ({
  key,
  value: new Uint8Array(bytes),
  ttl,
})

async function keysOf(store: Store): Promise<string[]> {
  const keys: string[] = []
  for await (const page of store.scan('*')) keys.push(...page)
  return keys.sort()
}

test('what was used least recently leaves first', async () => {
  const store = createMemoryStore({ maxEntries: 3 })
  await store.set([entry('a'), entry('b'), entry('c')])
  await store.get(['a'])
  await store.set([entry('d')])
  expect(await keysOf(store)).toEqual(['a', 'c', 'd'])
  await store.touch(['c'], null)
  await store.set([entry('a', 2), entry('e')])
  expect(await keysOf(store)).toEqual(['a', 'c', 'e'])
  await store.has(['c'])
  await store.ttl(['c'])
  await store.add([entry('f')])
  expect(await keysOf(store)).toEqual(['a', 'e', 'f'])
})

test('keys, values and the overhead of each entry count', async () => {
  const room = 3 * (entryOverheadBytes + 1 + 100)
  const store = createMemoryStore({ maxBytes: room })
  await store.set([entry('a', 100), entry('b', 100), entry('c', 100)])
  expect(await keysOf(store)).toEqual(['a', 'b', 'c'])
  await store.set([entry('c', 101)])
  expect(await keysOf(store)).toEqual(['b', 'c'])
  await store.delete(['b', 'c'])
  await store.set([entry('é', 99), entry('b', 100), entry('c', 100)])
  expect(await keysOf(store)).toEqual(['b', 'c', 'é'])
  await store.move([{ from: 'é', to: 'éé' }])
  expect(await keysOf(store)).toEqual(['c', 'éé'])
})

test('what is counted is given back: the store holds as much after many changes as before', async () => {
  const clock = createManualClock()
  const room = 100 * (entryOverheadBytes + 4 + 10)
  const store = createMemoryStore({ maxBytes: room, clock })
  for (let round = 0; round < 20; round++) {
    const keys = Array.from({ length: 100 }, (_, index) => `k${String(index + round).padStart(3, '0')}`)
    await store.set(keys.map((key) => entry(key, 1 + ((round * 7) % 10), round % 2 === 0 ? 1000 : null)))
    await store.swap(keys.map((key) => ({ key, expected: new Uint8Array(1 + ((round * 7) % 10)), value: new Uint8Array(3) })))
    await store.move([{ from: keys[0]!, to: keys[1]! }])
    await store.delete(keys.slice(10, 20))
    clock.advance(round % 3 === 0 ? 1000 : 0)
  }
  await store.flush()
  await store.set(Array.from({ length: 100 }, (_, index) => entry(`k${String(index).padStart(3, '0')}`, 10)))
  expect(await keysOf(store)).toHaveLength(100)
  await store.set([entry('k100', 10)])
  expect(await keysOf(store)).toHaveLength(100)
})

test('an entry beyond maxBytes is refused, and set leaves nothing out of date behind', async () => {
  const store = createMemoryStore({ maxBytes: 1000 })
  await store.set([entry('a'), entry('b')])
  const [a, c] = await store.set([entry('a', 1000), entry('c')])
  expect(a).toMatchObject({ code: 'VALUE_TOO_LARGE', message: expect.stringMatching(/at most 1000 bytes.*maxBytes.*found one of 1257/) })
  expect(c).toBe(true)
  expect(await keysOf(store)).toEqual(['b', 'c'])
})

test('whatever else would become too large stays as it was', async () => {
  const store = createMemoryStore({ maxBytes: entryOverheadBytes + 20 })
  const tooLarge = expect.objectContaining({ code: 'VALUE_TOO_LARGE' })
  expect(await store.add([entry('a', 100)])).toEqual([tooLarge])
  expect(await store.has(['a'])).toEqual([false])
  await store.set([{ key: 'a', value: Buffer.from('old'), ttl: 1000 }])
  expect(await store.add([entry('a', 100)])).toEqual([false])
  expect(await store.swap([{ key: 'a', expected: Buffer.from('old'), value: new Uint8Array(100) }])).toEqual([tooLarge])
  expect(await store.move([{ from: 'a', to: 'a'.repeat(100) }])).toEqual([tooLarge])
  expect(Buffer.from((await store.get(['a']))[0] as Uint8Array).toString()).toBe('old')
  const key = 'k'.repeat(19)
  await store.set([{ key, value: Buffer.from('9'), ttl: null }])
  expect(await store.incr([{ key, by: 1 }])).toEqual([tooLarge])
  expect(await store.incr([{ key, by: -1 }])).toEqual([8])
})

test('a batch beyond all room keeps its last entries', async () => {
  const store = createMemoryStore({ maxEntries: 10 })
  const answers = await store.set(Array.from({ length: 100 }, (_, index) => entry(`key ${index}`)))
  expect(answers.every((answer) => answer === true)).toBe(true)
  expect(await keysOf(store)).toEqual(Array.from({ length: 10 }, (_, index) => `key ${index + 90}`).sort())
})

test('the expired leave before the living', async () => {
  const clock = createManualClock()
  const store = createMemoryStore({ maxEntries: 40, clock })
  await store.set(Array.from({ length: 20 }, (_, index) => entry(`living ${index}`)))
  await store.set(Array.from({ length: 20 }, (_, index) => entry(`expired ${index}`, 1, 100)))
  clock.advance(100)
  await store.set(Array.from({ length: 20 }, (_, index) => entry(`new ${index}`)))
  const keys = await keysOf(store)
  expect(keys.filter((key) => key.startsWith('living'))).toHaveLength(20)
  expect(keys.filter((key) => key.startsWith('new'))).toHaveLength(20)
})

test('an unknown or unfit option is refused', () => {
  const cases: [options: unknown, message: RegExp][] = [
    [null, /^options: expected an object/],
    [7, /^options: expected an object/],
    [{ maxSize: 1 }, /unknown option the string "maxSize"/],
    [{ maxBytes: 0 }, /^maxBytes: expected an integer above zero; found the number 0/],
    [{ maxBytes: '64' }, /^maxBytes/],
    [{ maxBytes: Infinity }, /^maxBytes/],
    [{ maxBytes: null }, /^maxBytes/],
    [{ maxEntries: -1 }, /^maxEntries/],
    [{ maxEntries: 1.5 }, /^maxEntries/],
    [{ clock: {} }, /^clock/],
    [{ clock: null }, /^clock/],
  ]
  for (const [options, message] of cases) {
    expect(() => createMemoryStore(options as never)).toThrow(
      expect.objectContaining({ code: 'CONFIG_INVALID', message: expect.stringMatching(message) }),
    )
  }
  expect(() => createMemoryStore({ maxBytes: undefined, maxEntries: undefined })).not.toThrow()
})

test('after close nothing is held and everything answers CLOSED', async () => {
  const store = createMemoryStore()
  await store.set([entry('a')])
  const scan = store.scan('*')[Symbol.asyncIterator]()
  await store.close()
  await expect(store.get(['a'])).rejects.toSatisfy(ShaleError.is)
  await expect(scan.next()).rejects.toMatchObject({ code: 'CLOSED' })
})
