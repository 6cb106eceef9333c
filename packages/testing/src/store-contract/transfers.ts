import assert from 'node:assert/strict'
import { bytes, expire, longTtl, put, read, same, shortTtl, unwrap, type StoreCases } from './context.ts'

const token = 'a token'

export const transfers: StoreCases = {
  'getWithTtl gives value and ttl of one moment, and changes nothing': async ({ store }) => {
    await put(store, 'a', 'of a', longTtl)
    await put(store, 'b', 'of b')
    const [a, b, missing] = (await store.getWithTtl(['a', 'b', 'missing'])).map(unwrap)
    assert.equal(Buffer.from(a?.value ?? []).toString(), 'of a')
    assert.ok(typeof a?.ttl === 'number' && a.ttl <= longTtl && a.ttl > longTtl - 60_000, `expected about ${longTtl}, found ${a?.ttl}`)
    assert.equal(b?.ttl, null)
    assert.equal(missing, undefined)
    assert.equal(await read(store, 'a'), 'of a')
  },

  'take gives an entry to exactly one of those who ask for it': async ({ store }) => {
    await put(store, 'a', 'of a', longTtl)
    const takers = await Promise.all(Array.from({ length: 20 }, () => store.take(['a', 'b'])))
    const taken = takers
      .flat()
      .map(unwrap)
      .filter((one) => one !== undefined)
    assert.deepEqual(
      taken.map(({ value }) => Buffer.from(value).toString()),
      ['of a'],
    )
    same(await store.has(['a']), [false])
  },

  'a lease is one caller’s until it is used': async ({ store }) => {
    same(await store.lease([{ key: 'a', token, ttl: longTtl }]), [true])
    same(await store.lease([{ key: 'a', token: 'another', ttl: longTtl }]), [false])
    same(await store.fill([{ key: 'a', token: 'another', value: bytes('no'), ttl: null }]), [false])
    same(await store.fill([{ key: 'a', token, value: bytes('yes'), ttl: longTtl }]), [true])
    assert.equal(await read(store, 'a'), 'yes')
    same(await store.fill([{ key: 'a', token, value: bytes('again'), ttl: null }]), [false])
    same(await store.lease([{ key: 'a', token: 'another', ttl: longTtl }]), [true])
  },

  'a lease fills no key that is there, and is used up by trying': async ({ store }) => {
    same(await store.lease([{ key: 'a', token, ttl: longTtl }]), [true])
    await put(store, 'a', 'written meanwhile')
    same(await store.fill([{ key: 'a', token, value: bytes('no'), ttl: null }]), [false])
    assert.equal(await read(store, 'a'), 'written meanwhile')
    await store.delete(['a'])
    same(await store.fill([{ key: 'a', token, value: bytes('no'), ttl: null }]), [false])
    same(await store.has(['a']), [false])
  },

  'a lease that was released fills nothing': async ({ store }) => {
    same(await store.lease([{ key: 'a', token, ttl: longTtl }]), [true])
    same(await store.release(['a', 'b']), [true, false])
    same(await store.fill([{ key: 'a', token, value: bytes('no'), ttl: null }]), [false])
    same(await store.has(['a']), [false])
  },

  'a lease can be ended by its holder alone': async ({ store }) => {
    same(await store.lease([{ key: 'a', token, ttl: longTtl }]), [true])
    same(await store.release([{ key: 'a', token: 'another' }]), [false])
    same(await store.lease([{ key: 'a', token: 'another', ttl: longTtl }]), [false])
    same(await store.release([{ key: 'a', token }, { key: 'a' }]), [true, false])
    same(await store.lease([{ key: 'a', token: 'another', ttl: longTtl }]), [true])
  },

  'leases of different names know nothing of each other': async ({ store }) => {
    same(await store.lease([{ key: 'a', token, ttl: longTtl }]), [true])
    same(await store.lease([{ key: 'a', token: 'another', ttl: longTtl, name: 'x' }]), [true])
    same(await store.lease([{ key: 'a', token, ttl: longTtl, name: 'x' }]), [false])
    same(await store.fill([{ key: 'a', token: 'another', value: bytes('no'), ttl: null }]), [false])
    same(await store.fill([{ key: 'a', token, value: bytes('no'), ttl: null, name: 'x' }]), [false])
    same(await store.release(['a']), [true])
    same(await store.fill([{ key: 'a', token, value: bytes('no'), ttl: null }]), [false])
    same(await store.fill([{ key: 'a', token: 'another', value: bytes('yes'), ttl: null, name: 'x' }]), [true])
    assert.equal(await read(store, 'a'), 'yes')
    same(await store.release([{ key: 'a', name: 'x' }]), [false])
  },

  'a lease runs out': async (context) => {
    const { store, capabilities } = context
    same(await store.lease([{ key: 'a', token, ttl: shortTtl }]), [true])
    await put(store, 'b', 'for the time', shortTtl)
    await expire(context, 'b', shortTtl)
    if (capabilities.advance === undefined) await put(store, 'c', 'a moment more', 20)
    if (capabilities.advance === undefined) await expire(context, 'c', 20)
    same(await store.fill([{ key: 'a', token, value: bytes('no'), ttl: null }]), [false])
    same(await store.lease([{ key: 'a', token: 'another', ttl: longTtl }]), [true])
  },
}
