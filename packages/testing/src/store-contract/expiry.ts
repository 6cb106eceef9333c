import assert from 'node:assert/strict'
import { bytes, expire, failsWith, hasTtl, longTtl, put, read, same, scanned, shortTtl, type StoreCases } from './context.ts'

export const expiry: StoreCases = {
  'ttl gives milliseconds, null for never, and undefined for missing': async ({ store }) => {
    await put(store, 'timed', '1', longTtl)
    await put(store, 'never', '1')
    const [timed, never, missing, again] = await store.ttl(['timed', 'never', 'missing', 'timed'])
    assert.ok(typeof timed === 'number' && timed > 0 && timed <= longTtl, `expected a number of milliseconds, found ${String(timed)}`)
    assert.ok(typeof again === 'number')
    assert.equal(never, null)
    assert.equal(missing, undefined)
  },

  'a ttl may be a hundred years': async ({ store }) => {
    const century = 100 * 365.25 * 86_400_000
    await put(store, 'a', '1', century)
    await hasTtl(store, 'a', century)
    same(await store.touch(['a'], century), [true])
    await hasTtl(store, 'a', century)
  },

  'an entry is gone to every method when its ttl is over': async (context) => {
    const { store } = context
    await put(store, 'a', '1', shortTtl)
    await expire(context, 'a', shortTtl)
    assert.equal(await read(store, 'a'), undefined)
    same(await store.ttl(['a']), [undefined])
    same(await store.touch(['a'], longTtl), [false])
    same(await store.swap([{ key: 'a', expected: bytes('1'), value: bytes('2') }]), [false])
    same(await store.move([{ from: 'a', to: 'a' }]), [false])
    const [increment] = await store.incr([{ key: 'a', by: 1 }])
    failsWith(increment, 'KEY_NOT_FOUND')
    const tally = await store.delete(['a'])
    assert.equal(tally.count, 0)
    assert.deepEqual(await scanned(store, '*'), [])
    same(await store.add([{ key: 'a', value: bytes('3'), ttl: null }]), [true])
    await hasTtl(store, 'a', null)
  },

  'set replaces the ttl': async ({ store }) => {
    await put(store, 'a', '1', longTtl)
    await put(store, 'a', '2')
    await hasTtl(store, 'a', null)
    await put(store, 'a', '3', longTtl * 2)
    await hasTtl(store, 'a', longTtl * 2)
  },

  'touch gives a new ttl to what is there, and leaves its value': async ({ store }) => {
    await put(store, 'a', 'of a')
    await put(store, 'b', 'of b', longTtl)
    same(await store.touch(['a', 'x', 'b', 'a'], longTtl * 2), [true, false, true, true])
    await hasTtl(store, 'a', longTtl * 2)
    await hasTtl(store, 'b', longTtl * 2)
    assert.equal(await read(store, 'a'), 'of a')
    same(await store.has(['x']), [false])
  },

  'touch with null makes what is there persistent': async ({ store }) => {
    await put(store, 'timed', '1', longTtl)
    await put(store, 'never', '1')
    same(await store.touch(['timed', 'never', 'missing'], null), [true, true, false])
    await hasTtl(store, 'timed', null)
    await hasTtl(store, 'never', null)
  },

  'touch can bring the end nearer': async (context) => {
    await put(context.store, 'a', '1', longTtl)
    same(await context.store.touch(['a'], shortTtl), [true])
    await expire(context, 'a', shortTtl)
  },

  'swap and incr keep the end where it was': async (context) => {
    const { store } = context
    await put(store, 'a', '1', shortTtl)
    await put(store, 'b', '1', shortTtl)
    await store.incr([{ key: 'a', by: 1 }])
    await store.swap([{ key: 'b', expected: bytes('1'), value: bytes('2') }])
    await expire(context, 'a', shortTtl)
    await expireToo(context, 'b')
  },
}

/** Whatever was stored with the same ttl as a key that has expired, and after it, expires very soon. */
async function expireToo({ store, capabilities }: Parameters<typeof expire>[0], key: string): Promise<void> {
  if (capabilities.advance === undefined) return expire({ store, capabilities }, key, shortTtl)
  same(await store.has([key]), [false])
}
