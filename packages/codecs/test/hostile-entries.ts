import { bytes, cbor, createSerializer, gzip, brotli, json, msgpack, type Serializer, v8 } from '@shale/codecs'
import { type Random, ShaleError } from '@shale/contracts'

const cyclic: Record<string, unknown> = { name: 'cyclic', map: new Map([['k', new Set([1n, 2n ** 70n])]]) }
cyclic['self'] = cyclic
const plain: readonly unknown[] = [
  { id: 7, title: 'A title', tags: ['a', 'b'], author: { id: 1, name: 'é' }, rating: 4.5, at: 1_700_000_000_123, ok: true, none: null },
  Array.from({ length: 5 }, (_, id) => ({ id, name: `n${id}` })),
  'text',
  [1, [2, [3]]],
  { __proto__x: 1, constructor: 2 },
  1.5,
  'x'.repeat(200),
]
const rich: readonly unknown[] = [
  cyclic,
  new Date(5),
  /a+/giu,
  new TypeError('t', { cause: { a: 1 } }),
  Buffer.from('bytes'),
  new Float64Array([1, 2]),
  Object.assign(new Array(3), { 0: 1, 2: 3 }),
  new DataView(new ArrayBuffer(9)),
  '\ud800',
  -5n,
  Object(5),
  JSON.parse('{"__proto__":1}'),
]

/** Entries of every codec, protocol and compression, an encrypted one and integers. */
function validEntries(): Uint8Array[] {
  const context = { prefix: 'p', key: 'k' }
  const entries: Uint8Array[] = []
  for (const codec of [cbor({ protocol: 1 }), cbor({ protocol: 2 })]) {
    for (const value of [...plain, ...rich]) entries.push(createSerializer({ codec }).encode(value))
  }
  for (const codec of [json(), msgpack(), v8()]) for (const value of plain) entries.push(createSerializer({ codec }).encode(value))
  for (const compression of [gzip({ threshold: 0 }), brotli({ threshold: 0 })]) {
    entries.push(createSerializer({ compression }).encode('x'.repeat(500)))
  }
  entries.push(createSerializer({ codec: bytes() }).encode(Buffer.from('raw')))
  entries.push(createSerializer({ encryption: { keys: { a: Buffer.alloc(32, 1) }, current: 'a' } }).encode({ secret: 1 }, context))
  entries.push(Buffer.from('42'), Buffer.from('-9007199254740993'))
  return entries
}

/** A reader of all of them. */
function reader(): Serializer {
  return createSerializer({ accept: [json(), msgpack(), v8(), bytes()], encryption: { keys: { a: Buffer.alloc(32, 1) }, current: 'a' } })
}

export interface HostileOutcome {
  values: number
  unknown: number
  corrupt: number
}

/** Decodes `count` mutated, truncated and random entries. Throws at the first that gives anything but a value or `CODEC_*`. */
export function decodeHostile(count: number, random: Random): HostileOutcome {
  const entries = validEntries()
  const serializer = reader()
  const context = { prefix: 'p', key: 'k' }
  const outcome: HostileOutcome = { values: 0, unknown: 0, corrupt: 0 }
  for (let i = 0; i < count; i++) {
    const entry = mutate(entries, random)
    try {
      serializer.decode(entry, context)
      outcome.values++
    } catch (error) {
      if (!ShaleError.is(error) || (error.code !== 'CODEC_CORRUPT' && error.code !== 'CODEC_UNKNOWN')) {
        throw new Error(`entry ${i} gave another error: ${Buffer.from(entry).toString('hex')}`, { cause: error })
      }
      outcome[error.code === 'CODEC_CORRUPT' ? 'corrupt' : 'unknown']++
    }
    if (i % 1000 === 0 && Reflect.ownKeys(Object.prototype).length !== prototypeKeys) throw new Error(`entry ${i} changed Object.prototype`)
  }
  return outcome
}

const prototypeKeys = Reflect.ownKeys(Object.prototype).length
const telling = [
  0x00, 0x0f, 0x17, 0x1b, 0x3b, 0x5b, 0x5f, 0x7b, 0x7f, 0x80, 0x9b, 0x9f, 0xbb, 0xbf, 0xc1, 0xd8, 0xd9, 0xdb, 0xf7, 0xf9, 0xfb, 0xff,
]

function mutate(entries: readonly Uint8Array[], random: Random): Uint8Array {
  const below = (end: number): number => Math.floor(random() * end)
  const entry = entries[below(entries.length)]!
  // Most mutations spare the header, which would be found out at once.
  const from = random() < 0.9 && entry.length > 16 ? 15 : 0
  const spot = (): number => from + below(entry.length - from)
  switch (below(8)) {
    case 0:
      return Uint8Array.from({ length: below(48) }, () => below(256))
    case 1:
      return entry.slice(0, spot())
    case 2:
      return Buffer.concat([entry.subarray(0, 15), Uint8Array.from({ length: below(48) }, () => below(256))])
    case 3: {
      const [start, end, at] = [spot(), spot(), spot()]
      return Buffer.concat([entry.subarray(0, at), entry.subarray(Math.min(start, end), Math.max(start, end)), entry.subarray(at)])
    }
    case 4: {
      const other = entries[below(entries.length)]!
      return Buffer.concat([entry.subarray(0, spot()), other.subarray(below(other.length))])
    }
    default: {
      const bytes = Uint8Array.from(entry)
      for (let i = 1 + below(4); i > 0; i--) bytes[spot()] = random() < 0.5 ? telling[below(telling.length)]! : below(256)
      return bytes
    }
  }
}
