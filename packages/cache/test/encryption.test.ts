import { randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import { gzip } from '@shale/cache'
import { at, errorOf } from './sites.ts'

const keys = { old: randomBytes(32), new: randomBytes(32) }

at('encryption', ['embedded', 'TCP'], (site) => {
  const encryption = { keys: { k1: keys.old }, current: 'k1' }
  const stored = (key: string, version = 1): string => `${site.prefix}:${version}:${key}`
  const copy = async (from: string, to: string): Promise<void> => site.put(to, Buffer.from((await site.raw(from)) as string, 'latin1'))

  test('values come back, and are not to be seen in the store', async () => {
    const cache = site.cache({ encryption })
    await cache.set('a', { text: 'do not read this' })
    await cache.set('n', 1234567)
    expect(await cache.get('a')).toEqual({ text: 'do not read this' })
    expect(await cache.get('n')).toBe(1234567)
    expect(await site.raw(stored('a'))).not.toContain('do not read')
    expect(await site.raw(stored('n'))).not.toContain('1234567')
    expect(await cache.inspect('a')).toMatchObject({ codec: 'cbor', encryptionKeyId: 'k1' })
    expect(await cache.inspect('n')).toMatchObject({ codec: 'integer', encryptionKeyId: 'k1' })
    expect(await cache.getOrSet('b', () => ({ b: 1 }))).toEqual({ b: 1 })
    expect(await cache.get('b')).toEqual({ b: 1 })
  })

  test('incr on an encrypted entry is VALUE_NOT_INTEGER and names the option', async () => {
    const cache = site.cache({ encryption })
    await cache.set('n', 1)
    for (const call of [cache.incr('n'), cache.decr('n')]) {
      const error = await errorOf(call)
      expect(error.code).toBe('VALUE_NOT_INTEGER')
      expect(error.message).toContain("'encryption'")
    }
    expect(await cache.get('n')).toBe(1)
    expect((await errorOf(cache.incr('missing'))).code).toBe('KEY_NOT_FOUND')
  })

  test('an entry copied to another key, prefix or namespace does not decrypt', async () => {
    const cache = site.cache({ encryption })
    const other = site.cache({ encryption, keyPrefix: `${site.prefix}-other` })
    const told: string[] = []
    cache.on('decode-error', (event) => told.push(event.key))
    await cache.set('a', 'mine')
    await copy(stored('a'), stored('b'))
    await copy(stored('a'), `${site.prefix}-other:1:a`)
    await copy(stored('a'), `${site.prefix}:eu:1:a`)
    expect(await cache.get('b')).toBe(undefined)
    expect((await cache.getMany(['a', 'b'])).size).toBe(1)
    expect(told).toEqual(['b', 'b'])
    expect(await cache.namespace('eu').get('a')).toBe(undefined)
    expect(await other.get('a')).toBe(undefined)
    expect(await cache.get('a')).toBe('mine')
  })

  test('an entry moved by incrVersion does', async () => {
    const cache = site.cache({ encryption })
    await cache.set('a', { mine: true })
    await cache.incrVersion('a', 6)
    expect(await cache.get('a', { version: 7 })).toEqual({ mine: true })
    await copy(stored('a', 7), stored('a', 9))
    expect(await cache.get('a', { version: 9 })).toEqual({ mine: true })
  })

  test('a byte changed anywhere in the entry is a miss', async () => {
    const cache = site.cache({ encryption })
    await cache.set('a', 'mine')
    const entry = Buffer.from((await site.raw(stored('a'))) as string, 'latin1')
    for (let i = 0; i < entry.length; i++) {
      const bad = Buffer.from(entry)
      bad[i] = (bad[i] as number) ^ 1
      await site.put(stored('a'), bad)
      expect(await cache.get('a'), `byte ${i}`).toBe(undefined)
    }
    await site.put(stored('a'), entry)
    expect(await cache.get('a')).toBe('mine')
  })

  test('keys rotate: all are read, the current one writes, and one that was dropped reads no more', async () => {
    const before = site.cache({ encryption })
    await before.setMany({ a: 'old', b: 'old' })
    const during = site.cache({ encryption: { keys: { k1: keys.old, k2: keys.new }, current: 'k2' } })
    expect(await during.get('a')).toBe('old')
    await during.set('b', 'new')
    expect((await during.inspect('a'))?.encryptionKeyId).toBe('k1')
    expect((await during.inspect('b'))?.encryptionKeyId).toBe('k2')
    expect(await before.get('b')).toBe(undefined)
    expect((await during.reinsertKeys()).rewritten).toBe(1)
    const after = site.cache({ encryption: { keys: { k2: keys.new }, current: 'k2' } })
    expect(await after.getMany(['a', 'b'])).toEqual(
      new Map([
        ['a', 'old'],
        ['b', 'new'],
      ]),
    )
  })

  test('a cache without the key, or without encryption, misses and leaves the entry', async () => {
    await site.cache({ encryption }).set('a', 'mine')
    const entry = await site.raw(stored('a'))
    expect(await site.cache().get('a')).toBe(undefined)
    expect(await site.cache({ encryption: { keys: { k1: keys.new }, current: 'k1' } }).get('a')).toBe(undefined)
    expect(await site.cache({ encryption: { keys: { k2: keys.new }, current: 'k2' } }).get('a')).toBe(undefined)
    expect(await site.raw(stored('a'))).toBe(entry)
  })

  test('the same value is never the same bytes twice; compression goes first', async () => {
    const cache = site.cache({ encryption, compression: gzip({ threshold: 100 }) })
    const text = 'again and again '.repeat(1000)
    await cache.set('a', text)
    const first = (await site.raw(stored('a'))) as string
    await cache.set('a', text)
    expect(await site.raw(stored('a'))).not.toBe(first)
    expect(first.length).toBeLessThan(text.length / 10)
    expect(await cache.inspect('a')).toMatchObject({ compression: 'gzip', encryptionKeyId: 'k1' })
    expect(await cache.get('a')).toBe(text)
  })
})
