import assert from 'node:assert/strict'
import { ShaleError } from '@shale/contracts'
import { bytes, failsWith, hasTtl, longTtl, put, read, same, scanned, type StoreCases, type StoreContext } from './context.ts'

async function putForeign({ store, capabilities }: StoreContext, key: string): Promise<void> {
  await capabilities.putForeign!(store, key)
}

export const foreign: StoreCases = {
  'a key of another type is no value': async (context) => {
    const { store } = context
    await putForeign(context, 'list')
    await put(store, 'a', '1')
    const [single] = await store.get(['list'])
    if (single !== undefined) failsWith(single, 'CODEC_CORRUPT')
    const [value, list] = await store.get(['a', 'list'])
    assert.ok(value instanceof Uint8Array)
    assert.ok(list === undefined || ShaleError.is(list))
  },

  'a key of another type is there, has a ttl, and can be touched': async (context) => {
    const { store } = context
    await putForeign(context, 'list')
    same(await store.has(['list']), [true])
    await hasTtl(store, 'list', null)
    same(await store.touch(['list'], longTtl), [true])
    await hasTtl(store, 'list', longTtl)
    assert.deepEqual(await scanned(store, 'li*'), ['list'])
  },

  'a key of another type is in the way of add, swap and incr': async (context) => {
    const { store } = context
    await putForeign(context, 'list')
    same(await store.add([{ key: 'list', value: bytes('1'), ttl: null }]), [false])
    const [swapped] = await store.swap([{ key: 'list', expected: bytes('1'), value: bytes('2') }])
    assert.equal(swapped, false)
    await put(store, 'a', '1')
    const [sum, refused] = await store.incr([
      { key: 'a', by: 1 },
      { key: 'list', by: 1 },
    ])
    assert.equal(sum, 2)
    failsWith(refused, 'VALUE_NOT_INTEGER')
    same(await store.has(['list']), [true])
  },

  'a key of another type is replaced by set, moved, and deleted': async (context) => {
    const { store } = context
    await putForeign(context, 'replaced')
    await put(store, 'replaced', 'text')
    assert.equal(await read(store, 'replaced'), 'text')
    await putForeign(context, '{m}moved')
    same(await store.move([{ from: '{m}moved', to: '{m}elsewhere' }]), [true])
    same(await store.has(['{m}moved', '{m}elsewhere']), [false, true])
    const tally = await store.delete(['{m}elsewhere'])
    assert.equal(tally.count, 1)
  },
}
