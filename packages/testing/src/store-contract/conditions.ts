import assert from 'node:assert/strict'
import { bytes, hasTtl, longTtl, put, read, readAll, same, type StoreCases } from './context.ts'

export const conditions: StoreCases = {
  'add stores only what is absent, and harms nothing that is there': async ({ store }) => {
    await put(store, 'a', 'old', longTtl)
    same(
      await store.add([
        { key: 'a', value: bytes('new'), ttl: null },
        { key: 'b', value: bytes('new'), ttl: longTtl },
      ]),
      [false, true],
    )
    assert.deepEqual(await readAll(store, ['a', 'b']), ['old', 'new'])
    await hasTtl(store, 'a', longTtl)
    await hasTtl(store, 'b', longTtl)
  },

  'of entries with one key in one add the first one is stored': async ({ store }) => {
    same(await store.add(['1', '2', '3'].map((text) => ({ key: 'a', value: bytes(text), ttl: null }))), [true, false, false])
    assert.equal(await read(store, 'a'), '1')
  },

  'swap replaces an entry that holds what is expected, and no other': async ({ store }) => {
    await put(store, 'a', 'one')
    await put(store, 'b', 'two')
    same(
      await store.swap([
        { key: 'a', expected: bytes('one'), value: bytes('new') },
        { key: 'b', expected: bytes('one'), value: bytes('new') },
        { key: 'c', expected: bytes('one'), value: bytes('new') },
        { key: 'd', expected: bytes(''), value: bytes('new') },
      ]),
      [true, false, false, false],
    )
    assert.deepEqual(await readAll(store, ['a', 'b', 'c', 'd']), ['new', 'two', undefined, undefined])
  },

  'swap compares every byte': async ({ store }) => {
    const value = Uint8Array.of(1, 0, 255, 13, 10, 128)
    await store.set([{ key: 'a', value: value.slice(), ttl: null }])
    const others = [value.subarray(0, 5), Uint8Array.of(...value, 0), Uint8Array.of(1, 0, 255, 13, 10, 129), Uint8Array.of()]
    for (const expected of others) same(await store.swap([{ key: 'a', expected, value: bytes('x') }]), [false])
    same(await store.swap([{ key: 'a', expected: value, value: bytes('x') }]), [true])
  },

  'swap without a value removes': async ({ store }) => {
    await put(store, 'a', 'one')
    await put(store, 'b', 'two')
    same(
      await store.swap([
        { key: 'a', expected: bytes('one'), value: undefined },
        { key: 'b', expected: bytes('one'), value: undefined },
      ]),
      [true, false],
    )
    assert.deepEqual(await readAll(store, ['a', 'b']), [undefined, 'two'])
  },

  'swap keeps the ttl, or gives the one that is stated': async ({ store }) => {
    await put(store, 'kept', '1', longTtl)
    await put(store, 'never', '1')
    await put(store, 'given', '1')
    await put(store, 'persisted', '1', longTtl)
    const swap = { expected: bytes('1'), value: bytes('2') }
    same(
      await store.swap([
        { key: 'kept', ...swap },
        { key: 'never', ...swap, ttl: undefined },
        { key: 'given', ...swap, ttl: longTtl * 2 },
        { key: 'persisted', ...swap, ttl: null },
      ]),
      [true, true, true, true],
    )
    await hasTtl(store, 'kept', longTtl)
    await hasTtl(store, 'never', null)
    await hasTtl(store, 'given', longTtl * 2)
    await hasTtl(store, 'persisted', null)
  },

  'swaps of one key in one batch see each other in order': async ({ store }) => {
    await put(store, 'a', '1')
    same(
      await store.swap([
        { key: 'a', expected: bytes('1'), value: bytes('2') },
        { key: 'a', expected: bytes('1'), value: bytes('x') },
        { key: 'a', expected: bytes('2'), value: bytes('3') },
      ]),
      [true, false, true],
    )
    assert.equal(await read(store, 'a'), '3')
  },

  'move takes value and ttl along, over whatever is there': async ({ store }) => {
    await put(store, '{m}a', 'of a', longTtl)
    await put(store, '{m}b', 'of b')
    await put(store, '{m}c', 'of c', longTtl)
    same(
      await store.move([
        { from: '{m}a', to: '{m}new' },
        { from: '{m}b', to: '{m}c' },
      ]),
      [true, true],
    )
    assert.deepEqual(await readAll(store, ['{m}a', '{m}b', '{m}c', '{m}new']), [undefined, undefined, 'of b', 'of a'])
    await hasTtl(store, '{m}new', longTtl)
    await hasTtl(store, '{m}c', null)
  },

  'a move of what is missing leaves the other place alone': async ({ store }) => {
    await put(store, '{m}b', 'of b', longTtl)
    same(await store.move([{ from: '{m}a', to: '{m}b' }]), [false])
    assert.equal(await read(store, '{m}b'), 'of b')
    await hasTtl(store, '{m}b', longTtl)
  },

  'a move to the same place changes nothing': async ({ store }) => {
    await put(store, 'a', 'of a', longTtl)
    same(
      await store.move([
        { from: 'a', to: 'a' },
        { from: 'b', to: 'b' },
      ]),
      [true, false],
    )
    assert.deepEqual(await readAll(store, ['a', 'b']), ['of a', undefined])
    await hasTtl(store, 'a', longTtl)
  },

  'moves of one batch see each other in order': async ({ store }) => {
    await put(store, '{m}a', 'of a')
    same(
      await store.move([
        { from: '{m}a', to: '{m}b' },
        { from: '{m}b', to: '{m}c' },
        { from: '{m}a', to: '{m}d' },
      ]),
      [true, true, false],
    )
    assert.deepEqual(await readAll(store, ['{m}a', '{m}b', '{m}c', '{m}d']), [undefined, undefined, 'of a', undefined])
  },
}
