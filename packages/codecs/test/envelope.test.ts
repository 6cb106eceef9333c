import { cbor, createSerializer, json } from '@shale/codecs'
import { ShaleError } from '@shale/contracts'
import { describe, expect, test } from 'vitest'

const clock = { now: () => 0x0123_4567_89ab }
const serializer = createSerializer({ codec: json(), accept: [cbor()], clock })

function codeOf(entry: Uint8Array): string {
  try {
    serializer.inspect(entry)
    serializer.decode(entry)
  } catch (error) {
    if (ShaleError.is(error)) return `${error.code} ${error.message}`
    throw error
  }
  return 'nothing thrown'
}

describe('envelope', () => {
  test('is laid out as documented', () => {
    expect(Buffer.from(serializer.encode([1])).toString('hex')).toBe(
      `c153${'01'}${'02'}${'01'}${'00'}${'00'}${'0123456789ab'}${'000f'}${Buffer.from('[1]').toString('hex')}`,
    )
  })

  test('starts with bytes that no text starts with', () => {
    expect(() => new TextDecoder('utf-8', { fatal: true }).decode(serializer.encode([1]).subarray(0, 2))).toThrow()
  })

  test('of each length cut short is corrupt, or foreign', () => {
    const entry = serializer.encode([1])
    for (let length = 0; length < 15; length++)
      expect(codeOf(entry.subarray(0, length))).toMatch(length < 2 ? /^CODEC_UNKNOWN/ : /^CODEC_CORRUPT/)
  })

  test.each([
    [2, 2, /^CODEC_UNKNOWN .*format version 2/],
    [2, 0, /^CODEC_UNKNOWN .*format version 0/],
    [3, 99, /^CODEC_UNKNOWN .*codec of id 99/],
    [4, 9, /^CODEC_UNKNOWN .*json protocol 9/],
    [5, 1, /^CODEC_CORRUPT .*compression and original length/],
    [6, 1, /^CODEC_UNKNOWN .*flags 0x1/],
    [13, 1, /^CODEC_CORRUPT .*header of 271 bytes/],
    [14, 14, /^CODEC_CORRUPT .*header of 14 bytes/],
  ])('byte %i as %i', (at, value, message) => {
    const entry = Buffer.from(serializer.encode([1]))
    entry[at] = value
    expect(codeOf(entry)).toMatch(message)
  })

  const extended = (hex: string): Uint8Array => {
    const entry = Buffer.from(serializer.encode([1]))
    const extensions = Buffer.from(hex, 'hex')
    entry.writeUInt16BE(15 + extensions.length, 13)
    return Buffer.concat([entry.subarray(0, 15), extensions, entry.subarray(15)])
  }

  test.each([
    ['01000000', /^CODEC_CORRUPT .*beyond the header/],
    ['0100', /^CODEC_CORRUPT .*beyond the header/],
    ['010005aa', /^CODEC_CORRUPT .*beyond the header/],
    ['020000010000', /^CODEC_CORRUPT .*out of order/],
    ['010000010000', /^CODEC_CORRUPT .*out of order/],
    ['900000', /^CODEC_UNKNOWN .*extension 0x90 must be understood/],
    ['810003000001', /^CODEC_CORRUPT/],
    ['8100040000ffff', /^CODEC_CORRUPT .*compression and original length/],
    ['82000161', /^CODEC_UNKNOWN .*encrypted with the key "a"/],
    ['010000', /^nothing/],
    ['010002aabb7f0000', /^nothing/],
  ])('extensions %s', (hex, message) => expect(codeOf(extended(hex))).toMatch(message))
})
