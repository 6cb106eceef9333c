import { inspect } from 'node:util'
import { cbor, createSerializer, type EncryptionOptions, gzip } from '@shale/codecs'
import { ShaleError } from '@shale/contracts'
import { describe, expect, test } from 'vitest'
import { Xaes256Gcm } from '../src/xaes.ts'

const key = Buffer.from('5e'.repeat(32), 'hex')
const other = Buffer.alloc(32, 2)
const context = { prefix: 'shop', key: 'user:1' }
const value = { secret: 'a secret text' }

function codeOf(run: () => unknown): string {
  try {
    run()
  } catch (error) {
    if (ShaleError.is(error)) return `${error.code} ${error.message}`
    throw error
  }
  return 'nothing thrown'
}

describe('XAES-256-GCM', () => {
  // Source: https://c2sp.org/XAES-256-GCM
  test.each([
    [0x01, '', 'ce546ef63c9cc60765923609b33a9a1974e96e52daf2fcf7075e2271'],
    [0x03, 'c2sp.org/XAES-256-GCM', '986ec1832593df5443a179437fd083bf3fdb41abd740a21f71eb769d'],
  ])('gives what its specification gives (key of %i)', (byte, aad, expected) => {
    const cipher = new Xaes256Gcm(Buffer.alloc(32, byte))
    const nonce = Buffer.from('ABCDEFGHIJKLMNOPQRSTUVWX')
    const sealed = Buffer.concat(cipher.seal(nonce, Buffer.from('XAES-256-GCM'), Buffer.from(aad)))
    expect(sealed.toString('hex')).toBe(expected)
    expect(Buffer.from(cipher.open(nonce, sealed, Buffer.from(aad))).toString()).toBe('XAES-256-GCM')
  })
})

describe('encryption', () => {
  const serializer = createSerializer({ encryption: { keys: { k1: key }, current: 'k1' } })

  test('hides the value and no two entries are alike', () => {
    const entries = Array.from({ length: 600 }, () => Buffer.from(serializer.encode(value, context)))
    for (const entry of entries) {
      expect(entry.includes('secret')).toBe(false)
      expect(serializer.decode(entry, context)).toEqual(value)
    }
    expect(new Set(entries.map((entry) => entry.toString('hex'))).size).toBe(600)
  })

  test('any bit that is changed is found out', () => {
    const entry = Buffer.from(serializer.encode(value, context))
    for (let bit = 0; bit < entry.length * 8; bit++) {
      const changed = Buffer.from(entry)
      changed[bit >> 3]! ^= 1 << (bit & 7)
      expect(codeOf(() => serializer.decode(changed, context))).toMatch(/^CODEC_(CORRUPT|UNKNOWN)/)
    }
    for (let length = 0; length < entry.length; length++)
      expect(codeOf(() => serializer.decode(entry.subarray(0, length), context))).toMatch(/^CODEC_(CORRUPT|UNKNOWN)/)
  })

  test('an entry under another prefix or key does not decrypt', () => {
    const entry = serializer.encode(value, { prefix: 'ab', key: 'c' })
    for (const elsewhere of [
      { prefix: 'ab', key: 'd' },
      { prefix: 'a', key: 'bc' },
      { prefix: '', key: 'abc' },
      { prefix: 'abc', key: '' },
    ]) {
      expect(codeOf(() => serializer.decode(entry, elsewhere))).toMatch(/^CODEC_CORRUPT .*another prefix or key/)
    }
  })

  test('without a context it is CONFIG_INVALID', () => {
    expect(codeOf(() => serializer.encode(value))).toMatch(/^CONFIG_INVALID context: expected \{ prefix, key \}/)
    expect(codeOf(() => serializer.encode(1, { prefix: 'a' } as never))).toMatch(/^CONFIG_INVALID context/)
    expect(codeOf(() => serializer.decode(serializer.encode(value, context)))).toMatch(/^CONFIG_INVALID context/)
  })

  test('keys rotate', () => {
    const before = serializer.encode(value, context)
    const rotating = createSerializer({ encryption: { keys: { k1: key, k2: other }, current: 'k2' } })
    expect(rotating.decode(before, context)).toEqual(value)
    const after = rotating.reencode(before, context)!
    expect(rotating.inspect(after)?.encryptionKeyId).toBe('k2')
    const rotated = createSerializer({ encryption: { keys: { k2: other }, current: 'k2' } })
    expect(rotated.decode(after, context)).toEqual(value)
    expect(codeOf(() => rotated.decode(before, context))).toMatch(/^CODEC_UNKNOWN .*the key "k1", which is not among encryption\.keys/)
    expect(codeOf(() => createSerializer({ encryption: { keys: { k1: other }, current: 'k1' } }).decode(before, context))).toMatch(
      /^CODEC_CORRUPT .*does not decrypt/,
    )
    expect(codeOf(() => createSerializer().decode(before, context))).toMatch(/^CODEC_UNKNOWN .*encrypted with the key "k1"/)
  })

  test('entries that are not encrypted are read, unless encryption is required', () => {
    const required = createSerializer({ encryption: { keys: { k1: key }, current: 'k1', required: true } })
    for (const plain of [
      createSerializer().encode(value),
      createSerializer().encode(42),
      createSerializer({ compression: gzip({ threshold: 1 }) }).encode('x'.repeat(99)),
    ]) {
      expect(serializer.decode(plain, context)).toEqual(createSerializer().decode(plain))
      expect(serializer.inspect(serializer.reencode(plain, context)!)?.encryptionKeyId).toBe('k1')
      expect(codeOf(() => required.decode(plain, context))).toMatch(/^CODEC_CORRUPT .*not encrypted, and encryption\.required/)
    }
    expect(required.decode(serializer.encode(value, context), context)).toEqual(value)
  })

  test('keys come as bytes, hex or base64', () => {
    for (const form of [key, Uint8Array.from(key), key.toString('hex'), key.toString('base64'), key.toString('base64url')]) {
      expect(
        createSerializer({ encryption: { keys: { k1: form }, current: 'k1' } }).decode(serializer.encode(value, context), context),
      ).toEqual(value)
    }
  })

  const wrong: [unknown, RegExp][] = [
    [null, /an object \{ keys, current \}/],
    [{ keys: { k1: key } }, /current to be one of the ids of keys \(k1\); found undefined/],
    [{ keys: {}, current: 'k1' }, /there are none/],
    [{ keys: { k1: key }, current: 'k2' }, /current to be one of the ids of keys \(k1\); found a string of 2 characters/],
    [{ keys: { k1: key.subarray(1) }, current: 'k1' }, /the key .*"k1".* to be 32 bytes.*found 31 bytes/],
    [{ keys: { k1: 'MyPassword' }, current: 'k1' }, /found \d+ bytes/],
    [{ keys: { k1: 'not a key!' }, current: 'k1' }, /found something else/],
    [{ keys: { '': key }, current: '' }, /each id to be 1 to 64/],
    [{ keys: { k1: key }, current: 'k1', key }, /keys, current and required alone/],
    [{ keys: { k1: key }, current: 'k1', required: 1 }, /required to be true or false/],
  ]
  test.each(wrong)('wrong options %#', (encryption, message) => {
    const found = codeOf(() => createSerializer({ encryption: encryption as EncryptionOptions }))
    expect(found).toMatch(/^CONFIG_INVALID encryption: /)
    expect(found).toMatch(message)
    expect(found).not.toMatch(/MyPassword|not a key|5e5e/)
  })

  test('a key is nowhere to be seen', () => {
    const shown = [
      inspect(serializer, { depth: 20, showHidden: true }),
      JSON.stringify(serializer),
      String(serializer),
      JSON.stringify(Object.getOwnPropertyNames(serializer)),
    ].join()
    expect(shown).not.toMatch(/5e5e|94, ?94|XlXl|5e 5e/i)
  })

  test('works with a codec of either protocol, and is compressed first', () => {
    const text = 'x'.repeat(5000)
    for (const codec of [cbor({ protocol: 1 }), cbor()]) {
      const compressing = createSerializer({ codec, compression: gzip(), encryption: { keys: { k1: key }, current: 'k1' } })
      const entry = compressing.encode(text, context)
      expect(entry.length).toBeLessThan(200)
      expect(compressing.decode(entry, context)).toBe(text)
    }
  })
})
