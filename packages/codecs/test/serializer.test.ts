import {
  brotli,
  bytes,
  cbor,
  createSerializer,
  gzip,
  json,
  msgpack,
  type Serializer,
  type SerializerOptions,
  v8,
  zstd,
} from '@shale/codecs'
import { type Codec, ShaleError } from '@shale/contracts'
import * as zlib from 'node:zlib'
import { describe, expect, test } from 'vitest'

const clock = { now: () => 1_700_000_000_123 }
const context = { prefix: 'p', key: 'k' }
const encryption = { keys: { a: Buffer.alloc(32, 1) }, current: 'a' }
const custom: Codec = {
  id: 200,
  name: 'upper',
  protocol: 3,
  protocols: [2, 3],
  encode: (value) => Buffer.from(String(value).toUpperCase()),
  decode: (stored) => Buffer.from(stored).toString(),
}

function codeOf(run: () => unknown): string {
  try {
    run()
  } catch (error) {
    if (ShaleError.is(error)) return `${error.code} ${error.message}`
    throw error
  }
  return 'nothing thrown'
}

describe('integers', () => {
  const serializer = createSerializer()

  test.each([0, 1, -1, 42, 2 ** 53 - 1, -(2 ** 53) + 1])('%s is stored as decimal text', (value) => {
    expect(Buffer.from(serializer.encode(value)).toString()).toBe(String(value))
    expect(serializer.decode(serializer.encode(value))).toBe(value)
  })

  test.each([-0, 0.5, 2 ** 53, NaN, Infinity, '42', 42n, null, true])('%s is not', (value) => {
    const entry = serializer.encode(value)
    expect(entry[0]).toBe(0xc1)
    expect(serializer.decode(entry)).toBe(value)
  })

  test('a foreign one beyond what a number holds is a BigInt', () => {
    expect(serializer.decode(Buffer.from('9007199254740992'))).toBe(9007199254740992n)
    expect(serializer.decode(Buffer.from('-99999999999999999999'))).toBe(-99999999999999999999n)
    expect(serializer.decode(Buffer.from('-9007199254740991'))).toBe(-9007199254740991)
  })

  test.each(['', '-', '+1', '01', '1.0', '1e5', ' 1', '1 ', '0x1', 'text', '{"a":1}', '\u00c1S', '--1', '1\n'])('%j is foreign', (text) => {
    expect(codeOf(() => serializer.decode(Buffer.from(text)))).toMatch(/^CODEC_UNKNOWN .*neither an integer nor an entry/)
    expect(serializer.inspect(Buffer.from(text))).toBeUndefined()
    expect(codeOf(() => serializer.reencode(Buffer.from(text)))).toMatch(/^CODEC_UNKNOWN/)
  })

  test('one that is not of this kind of text says so to inspect', () => {
    expect(serializer.inspect(Buffer.from('7'))).toEqual({ codec: 'integer', protocol: 1 })
  })

  test('with encryption it is enveloped, and still an integer', () => {
    const encrypting = createSerializer({ encryption, clock })
    const entry = encrypting.encode(42, context)
    expect(encrypting.decode(entry, context)).toBe(42)
    expect(encrypting.inspect(entry)).toEqual({ codec: 'integer', protocol: 1, encryptionKeyId: 'a', createdAt: clock.now() })
    expect(Buffer.from(entry).includes('42')).toBe(false)
  })
})

describe('options', () => {
  const wrong: [string, SerializerOptions | null, RegExp][] = [
    ['no object', null, /createSerializer: expected an object/],
    ['an unknown option', { codecs: [] } as never, /codecs is no option.*codec, accept/],
    [
      'a codec that is none',
      { codec: 'json' as never },
      /^CONFIG_INVALID codec: expected a codec such as cbor\(\); found the string "json"/,
    ],
    ['a factory in place of a codec', { codec: json as never }, /codec: expected a codec such as cbor\(\); found a function/],
    ['an id of ours', { codec: { ...custom, id: 7 } }, /id to be from 128 to 255/],
    ['the id of integers', { codec: { ...custom, id: 0, name: 'integer' } }, /id to be from 128 to 255/],
    ['an id beyond', { codec: { ...custom, id: 256 } }, /id to be an integer from 128 to 255; found the number 256/],
    ['a name of ours', { codec: { ...custom, name: 'json' } }, /name to be none of Shale's own/],
    ['no name', { codec: { ...custom, name: '' } }, /name to be a string that is not empty/],
    ['a protocol that is not read', { codec: { ...custom, protocol: 1 } }, /protocols to include protocol; found the number 1/],
    ['protocols that are none', { codec: { ...custom, protocols: 'all' as never } }, /protocols to be an array/],
    ['no decode', { codec: { ...custom, decode: undefined as never } }, /decode to be a function; found undefined/],
    ['accept that is no list', { accept: json() as never }, /accept: expected an array/],
    ['a codec twice', { accept: [json(), json()] }, /accept\[1\]: expected each codec once; found a second one with the id 2/],
    ['an id twice', { codec: custom, accept: [{ ...custom, name: 'other' }] }, /second one with the id 200/],
    ['a name twice', { codec: custom, accept: [{ ...custom, id: 201 }] }, /second one with the name "upper"/],
    ['the writing codec thrice', { accept: [cbor(), cbor({ protocol: 1 })] }, /second one with the id 1/],
    [
      'a compression that is none',
      { compression: 'gzip' as never },
      /compression: expected gzip\(\), brotli\(\) or zstd\(\); found the string "gzip"/,
    ],
    ['maxValueBytes of nothing', { maxValueBytes: 0 }, /maxValueBytes: expected a number of bytes from 1/],
    ['maxValueBytes as text', { maxValueBytes: '1mb' as never }, /maxValueBytes: .*found the string "1mb"/],
    ['a clock that is none', { clock: Date as never, maxValueBytes: 1.5 }, /maxValueBytes/],
    ['a clock without now', { clock: {} as never }, /clock: expected an object with now\(\)/],
  ]
  test.each(wrong)('%s is CONFIG_INVALID', (_name, options, message) => {
    expect(codeOf(() => createSerializer(options as SerializerOptions))).toMatch(message)
    expect(codeOf(() => createSerializer(options as SerializerOptions))).toMatch(/^CONFIG_INVALID/)
  })

  test('of codecs and compressions', () => {
    expect(codeOf(() => cbor({ protocol: 3 as never }))).toMatch(/^CONFIG_INVALID cbor: expected protocol to be 1 or 2; found the number 3/)
    expect(codeOf(() => cbor({ records: true } as never))).toMatch(/^CONFIG_INVALID cbor: records is no option/)
    expect(codeOf(() => gzip({ level: 10 }))).toMatch(/^CONFIG_INVALID gzip: expected level to be from 1 to 9; found the number 10/)
    expect(codeOf(() => brotli({ threshold: -1 }))).toMatch(/^CONFIG_INVALID brotli: expected threshold/)
    expect(codeOf(() => brotli({ quality: 1 } as never))).toMatch(/^CONFIG_INVALID brotli: quality is no option/)
    if ('zstdCompressSync' in zlib) expect(zstd().name).toBe('zstd')
    else expect(codeOf(() => zstd())).toMatch(/^CONFIG_INVALID zstd: this runtime does not have it/)
  })

  test('a custom codec may be used, accepted and named again', () => {
    const serializer = createSerializer({ codec: custom, accept: [custom, cbor()], clock })
    const entry = serializer.encode('abc')
    expect(serializer.decode(entry)).toBe('ABC')
    expect(serializer.inspect(entry)).toEqual({ codec: 'upper', protocol: 3, createdAt: clock.now() })
    expect(codeOf(() => createSerializer().decode(entry))).toMatch(/^CODEC_UNKNOWN .*codec of id 200.*accept/)
    expect(createSerializer().inspect(entry)?.codec).toBe('codec 200')
  })
})

describe('codecs that are read', () => {
  const entryOf = (codec: Codec, value: unknown): Uint8Array => createSerializer({ codec }).encode(value)

  test('are cbor, json, msgpack and bytes unless stated', () => {
    const serializer = createSerializer()
    for (const codec of [cbor({ protocol: 1 }), cbor({ protocol: 2 }), json(), msgpack()])
      expect(serializer.decode(entryOf(codec, { a: 'b' }))).toEqual({ a: 'b' })
    expect(serializer.decode(entryOf(bytes(), Buffer.from('raw')))).toEqual(Buffer.from('raw'))
    expect(codeOf(() => serializer.decode(entryOf(v8(), { a: 1 })))).toMatch(/^CODEC_UNKNOWN .*written by v8.*Add v8\(\) to accept/)
  })

  test('are what accept names, and the one that writes', () => {
    const serializer = createSerializer({ codec: json(), accept: [v8()] })
    expect(serializer.decode(entryOf(json(), [1]))).toEqual([1])
    expect(serializer.decode(entryOf(v8(), [1]))).toEqual([1])
    expect(codeOf(() => serializer.decode(entryOf(cbor(), [1])))).toMatch(/^CODEC_UNKNOWN .*written by cbor/)
  })

  test('a protocol of a later release is unknown', () => {
    const entry = Buffer.from(entryOf(cbor(), [1]))
    entry[4] = 3
    expect(codeOf(() => createSerializer().decode(entry))).toMatch(/^CODEC_UNKNOWN .*cbor protocol 3.*\(1, 2\)/)
  })

  test('what a custom codec throws is CODEC_CORRUPT, whatever it is', () => {
    for (const thrown of [new Error('no'), new ShaleError('SERVER_OOM', 'no'), 'no', undefined]) {
      const throwing: Codec = {
        ...custom,
        decode() {
          throw thrown
        },
      }
      expect(codeOf(() => createSerializer({ codec: throwing }).decode(entryOf(custom, 'a')))).toMatch(/^CODEC_CORRUPT/)
      const refusing: Codec = {
        ...custom,
        encode() {
          throw thrown
        },
      }
      expect(codeOf(() => createSerializer({ codec: refusing }).encode('a'))).toMatch(/^VALUE_INVALID .*upper/)
    }
    expect(codeOf(() => createSerializer({ codec: { ...custom, encode: () => 'text' as never } }).encode('a'))).toMatch(
      /^VALUE_INVALID .*instead of bytes/,
    )
  })
})

describe('values', () => {
  test('undefined is refused', () => {
    for (const codec of [cbor(), json(), msgpack(), v8(), bytes()])
      expect(codeOf(() => createSerializer({ codec }).encode(undefined))).toMatch(/^VALUE_INVALID undefined/)
  })

  test.each([cbor({ protocol: 1 }), cbor(), json(), msgpack(), v8()])(
    'functions and symbols are refused with their path: $name $protocol',
    (codec) => {
      const serializer = createSerializer({ codec })
      expect(codeOf(() => serializer.encode({ user: { tags: [1, 2, 3, { fn: () => 1 }] } }))).toMatch(
        /^VALUE_INVALID .*a function at user\.tags\[3\]\.fn\./,
      )
      expect(codeOf(() => serializer.encode({ 'odd key': Symbol('s') }))).toMatch(/a symbol at \["odd key"\]/)
      expect(codeOf(() => serializer.encode(() => 1))).toMatch(/a function as the value itself/)
      expect(codeOf(() => serializer.encode([{ [Symbol('s')]: 1 }]))).toMatch(/a symbol as a key at \[0\]\[Symbol\(s\)\]/)
      expect(codeOf(() => serializer.encode({ job: Promise.resolve() }))).toMatch(/a Promise at job\. Await it first/)
    },
  )

  test('what a codec cannot bring back is refused with its path', () => {
    const cyclic: Record<string, unknown> = {}
    cyclic['self'] = cyclic
    const refused: [Codec, unknown, RegExp][] = [
      [json(), { a: [1n] }, /a BigInt at a\[0\]/],
      [json(), { a: NaN }, /NaN at a/],
      [json(), { a: new Map() }, /a Map at a/],
      [json(), { a: Buffer.alloc(1) }, /a Buffer at a/],
      [json(), [undefined], /an array with undefined in it as the value itself/],
      [json(), cyclic, /cycle/],
      [msgpack(), { a: new Set() }, /a Set at a/],
      [msgpack(), { a: new Uint8Array(1) }, /a Uint8Array at a/],
      [msgpack(), ['\ud800'], /lone surrogate at \[0\]/],
      [msgpack(), cyclic, /cycle/],
      [v8(), { e: new Error('x') }, /an? Error at e/],
      [bytes(), 'text', /something else than bytes/],
    ]
    for (const [codec, value, message] of refused) {
      const found = codeOf(() => createSerializer({ codec }).encode(value))
      expect(found).toMatch(message)
      expect(found).toMatch(/^VALUE_INVALID/)
    }
  })

  test.each([cbor({ protocol: 1 }), cbor(), json(), msgpack(), v8()])('nesting beyond the limit is refused: $name $protocol', (codec) => {
    const serializer = createSerializer({ codec })
    const nested = (levels: number): unknown => {
      let value: unknown = 'x'
      for (let i = 0; i < levels; i++) value = i % 2 === 0 ? [value] : { a: value }
      return value
    }
    expect(serializer.decode(serializer.encode(nested(1000)))).toEqual(nested(1000))
    expect(codeOf(() => serializer.encode(nested(1001)))).toMatch(/^VALUE_INVALID .*1000 levels/)
    expect(codeOf(() => serializer.encode(nested(100_000)))).toMatch(/^VALUE_INVALID .*1000 levels/)
  })

  test('a getter that throws is VALUE_INVALID, and one that encodes is fine', () => {
    const serializer = createSerializer()
    expect(
      codeOf(() =>
        serializer.encode({
          get a(): never {
            throw new Error('not now')
          },
        }),
      ),
    ).toMatch(/^VALUE_INVALID .*not now/)
    expect(
      serializer.decode(
        serializer.encode({
          x: 1,
          get a() {
            return serializer.encode({ inner: 'é' }).length
          },
          z: 'z',
        }),
      ),
    ).toEqual({ x: 1, a: serializer.encode({ inner: 'é' }).length, z: 'z' })
    expect(serializer.decode(serializer.encode({ after: 1 }))).toEqual({ after: 1 })
  })

  test('maxValueBytes counts the encoded value', () => {
    for (const codec of [cbor({ protocol: 1 }), cbor(), json(), msgpack(), v8(), bytes()]) {
      const value = codec.name === 'bytes' ? Buffer.alloc(2000) : 'x'.repeat(2000)
      const size = codec.encode(value).length
      expect(createSerializer({ codec, maxValueBytes: size }).encode(value)).toHaveLength(size + 15)
      expect(codeOf(() => createSerializer({ codec, maxValueBytes: size - 1, compression: gzip() }).encode(value))).toMatch(
        new RegExp(`^VALUE_TOO_LARGE .*${size - 1}.*maxValueBytes`),
      )
    }
  })

  test('the bytes are of their own memory, of their own size', () => {
    for (const value of [42, 'x', { a: [1] }, Buffer.alloc(10)]) {
      for (const serializer of [
        createSerializer(),
        createSerializer({ compression: gzip({ threshold: 0 }) }),
        createSerializer({ encryption }),
      ]) {
        const entry = serializer.encode(value, context)
        expect(entry.buffer.byteLength).toBe(entry.length)
      }
    }
  })
})

describe('compression', () => {
  const text = 'compressible '.repeat(200)

  test.each([gzip(), brotli()])('$name makes entries smaller, from its threshold on', (compression) => {
    const serializer = createSerializer({ compression, clock })
    const entry = serializer.encode(text)
    expect(entry.length).toBeLessThan(200)
    expect(serializer.inspect(entry)).toEqual({ codec: 'cbor', protocol: 2, compression: compression.name, createdAt: clock.now() })
    expect(serializer.inspect(serializer.encode('short'))?.compression).toBeUndefined()
    expect(createSerializer().decode(entry)).toBe(text)
  })

  test('what does not get smaller is left as it is', () => {
    const serializer = createSerializer({ codec: bytes(), compression: gzip({ threshold: 1 }) })
    expect(serializer.inspect(serializer.encode(Buffer.from('q8z')))?.compression).toBeUndefined()
  })

  test('lengths that are announced are checked before anything is inflated', () => {
    const bomb = Buffer.from(createSerializer({ compression: gzip(), maxValueBytes: 2 ** 28 }).encode(Buffer.alloc(2 ** 27)))
    expect(bomb.length).toBeLessThan(200_000)
    const before = process.memoryUsage().arrayBuffers
    expect(codeOf(() => createSerializer().decode(bomb))).toMatch(
      /^CODEC_CORRUPT .*announces 1342\d+ bytes, more than maxValueBytes \(16777216\)/,
    )
    for (const announced of [1, 1000, 2 ** 24, 2 ** 24 - 1]) {
      bomb.writeUInt32BE(announced, 18)
      expect(codeOf(() => createSerializer().decode(bomb))).toMatch(/^CODEC_CORRUPT/)
    }
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(2 ** 26)
    const short = Buffer.from(createSerializer({ compression: brotli() }).encode(text))
    short.writeUInt32BE(short.readUInt32BE(18) + 1, 18)
    expect(codeOf(() => createSerializer().decode(short))).toMatch(/^CODEC_CORRUPT .*announces \d+ bytes and decompresses to/)
  })
})

describe('reencode', () => {
  const value = { a: ['text', 1.5, 'x'.repeat(2000)] }
  const all: Serializer[] = []
  for (const codec of [cbor({ protocol: 1 }), cbor({ protocol: 2 }), json(), msgpack(), v8()]) {
    for (const compression of [undefined, gzip(), brotli()]) {
      for (const current of [undefined, 'a', 'b']) {
        const keys = { a: Buffer.alloc(32, 1), b: Buffer.alloc(32, 2) }
        all.push(
          createSerializer({
            codec,
            accept: [cbor(), json(), msgpack(), v8()].filter(({ id }) => id !== codec.id),
            compression,
            encryption: { keys, current: current ?? 'a' },
            clock: { now: () => 5 },
          }),
        )
        if (current === undefined)
          all[all.length - 1] = createSerializer({
            codec,
            accept: [cbor(), json(), msgpack(), v8()].filter(({ id }) => id !== codec.id),
            compression,
            clock: { now: () => 5 },
          })
      }
    }
  }

  test('from each setting to each other: new bytes once, then none, the time kept', () => {
    for (const from of all) {
      const entry = from.encode(value, context)
      const isEncrypted = from.inspect(entry)?.encryptionKeyId !== undefined
      for (const to of all) {
        if (isEncrypted && to.inspect(to.encode(value, context))?.encryptionKeyId === undefined) continue
        const after = to.reencode(entry, context)
        const same = JSON.stringify(to.inspect(entry)) === JSON.stringify(to.inspect(to.encode(value, context)))
        expect(after === undefined).toBe(same)
        if (after === undefined) continue
        expect(to.decode(after, context)).toEqual(value)
        expect(to.inspect(after)?.createdAt).toBe(5)
        expect(to.reencode(after, context)).toBeUndefined()
      }
    }
  })

  test('integers are current, are enveloped for encryption and come back plain without', () => {
    const encrypting = createSerializer({ encryption, clock })
    expect(createSerializer().reencode(Buffer.from('42'))).toBeUndefined()
    const sealed = encrypting.reencode(Buffer.from('42'), context)!
    expect(encrypting.decode(sealed, context)).toBe(42)
    expect(encrypting.reencode(sealed, context)).toBeUndefined()
    expect(codeOf(() => createSerializer().reencode(sealed))).toMatch(/^CODEC_UNKNOWN .*encrypted with the key "a"/)
  })

  test('an integer in an envelope without need goes back to text', () => {
    const header = Buffer.from('c153010001000000000000000f000f', 'hex')
    expect(createSerializer().decode(Buffer.concat([header, Buffer.from('42')]))).toBe(42)
    expect(Buffer.from(createSerializer().reencode(Buffer.concat([header, Buffer.from('42')]))!).toString()).toBe('42')
    expect(codeOf(() => createSerializer().decode(Buffer.concat([header, Buffer.from('4.2')])))).toMatch(/^CODEC_CORRUPT/)
  })

  test('extensions of a later release that may be passed over are kept', () => {
    const entry = Buffer.from(createSerializer({ codec: json(), clock }).encode([1]))
    const extended = Buffer.concat([entry.subarray(0, 13), Buffer.from('0015' + '05' + '0003' + 'aabbcc', 'hex'), entry.subarray(15)])
    const serializer = createSerializer({ compression: gzip({ threshold: 1 }) })
    expect(serializer.decode(extended)).toEqual([1])
    const after = serializer.reencode(extended)!
    expect(serializer.inspect(after)).toMatchObject({ codec: 'cbor', createdAt: clock.now() })
    expect(Buffer.from(after).includes(Buffer.from('050003aabbcc', 'hex'))).toBe(true)
  })

  test('what cannot be decoded throws', () => {
    const entry = Buffer.from(createSerializer().encode([1, 2]))
    expect(codeOf(() => createSerializer().reencode(entry.subarray(0, -1)))).toMatch(/^CODEC_CORRUPT/)
  })
})
