import { bytes, cbor, createSerializer, json, msgpack, type Serializer, v8 } from '@shale/codecs'
import { writeFixedHeader } from '../src/envelope.ts'

const size = 2 ** 20

/** A serializer that reads every codec. */
export function reader(): Serializer {
  return createSerializer({ codec: cbor(), accept: [json(), msgpack(), v8(), bytes()] })
}

/** An entry of about 1 MB that is made to cost as much as it can, under a name. */
export interface CostlyEntry {
  readonly name: string
  readonly entry: Uint8Array
}

/** `item(i)` again and again up to 1 MB, behind `head(count)`. */
function filled(item: (i: number) => Uint8Array, head: (count: number) => Uint8Array): Uint8Array {
  const parts: Uint8Array[] = []
  let total = 0
  for (let i = 0; total < size - 32; i++) {
    const part = item(i)
    parts.push(part)
    total += part.length
  }
  return Buffer.concat([head(parts.length), ...parts])
}

function entry(codec: number, protocol: number, payload: Uint8Array): Uint8Array {
  const whole = Buffer.concat([new Uint8Array(15), payload])
  writeFixedHeader(whole, codec, protocol, 0, 1_700_000_000_000, 15)
  return whole
}

const u32 =
  (first: number) =>
  (count: number): Uint8Array =>
    Uint8Array.of(first, count >>> 24, count >>> 16, count >>> 8, count)
const array = u32(0x9a)
const map = u32(0xba)
const tagged =
  (head: number[], inner: (count: number) => Uint8Array) =>
  (count: number): Uint8Array =>
    Buffer.concat([Uint8Array.from(head), inner(count)])
const repeated =
  (...bytes: number[]) =>
  (): Uint8Array =>
    Uint8Array.from(bytes)
const text = (value: string): Uint8Array => Buffer.concat([Uint8Array.of(0x60 | value.length), Buffer.from(value)])
const name = (i: number): string => i.toString(36).padStart(4, 'a')
const float = (value: number): Uint8Array => {
  const bytes = Buffer.alloc(9, 0xfb)
  bytes.writeDoubleBE(value, 1)
  return bytes
}
const generic = (...parts: Uint8Array[]): Uint8Array => Buffer.concat([Uint8Array.of(0xd8, 27, 0x80 | parts.length), ...parts])

const cborPayloads: Readonly<Record<string, () => Uint8Array>> = {
  'small integers': () => filled(repeated(0x01), array),
  'empty arrays': () => filled(repeated(0x80), array),
  'empty objects': () => filled(repeated(0xa0), array),
  'objects of one key': () => filled(repeated(0xa1, 0x61, 0x61, 0x01), array),
  'an object of many keys': () => filled((i) => Buffer.concat([text(name(i)), Uint8Array.of(1)]), map),
  'an object of many integer keys': () => filled((i) => Buffer.concat([text(String((i * 7919) % 10_000_000)), Uint8Array.of(1)]), map),
  'many objects of other keys': () =>
    filled((i) => Buffer.concat([Uint8Array.of(0xa2), text(name(i)), Uint8Array.of(1), text(name(i * 7)), Uint8Array.of(2)]), array),
  'objects of many other keys': () =>
    filled(
      (i) =>
        Buffer.concat([
          Uint8Array.of(0xb8, 25),
          ...Array.from({ length: 25 }, (_, k) => Buffer.concat([text(name(i * 25 + k)), Uint8Array.of(1)])),
        ]),
      array,
    ),
  'empty buffers': () => filled(repeated(0x40), array),
  'buffers of a byte': () => filled(repeated(0x41, 0x01), array),
  'empty typed arrays': () => filled(repeated(0xd8, 0x40, 0x40), array),
  'typed arrays of 8 bytes': () => filled(repeated(0xd8, 86, 0x48, 0, 0, 0, 0, 0, 0, 0, 0), array),
  'buffers of 65 bytes': () => filled(() => Buffer.concat([Uint8Array.of(0x58, 65), new Uint8Array(65)]), array),
  'typed arrays of 65 bytes': () => filled(() => Buffer.concat([Uint8Array.of(0xd8, 64, 0x58, 65), new Uint8Array(65)]), array),
  ArrayBuffers: () => filled(() => generic(text('ArrayBuffer'), Uint8Array.of(0x41, 1)), array),
  DataViews: () => filled(() => generic(text('DataView'), Uint8Array.of(0x40)), array),
  dates: () => filled(repeated(0xc1, 0x01), array),
  RegExps: () => filled((i) => generic(text('RegExp'), text(name(i)), text('')), array),
  'long RegExps': () =>
    filled(
      () =>
        generic(
          text('RegExp'),
          Buffer.concat([Uint8Array.of(0x79, 0x10, 0), Buffer.from('(?:a|b)*?'.repeat(455).padEnd(4096, 'x'))]),
          text('u'),
        ),
      array,
    ),
  'RegExps of many groups': () =>
    filled(
      () =>
        generic(
          text('RegExp'),
          Buffer.concat([
            Uint8Array.of(0x79, 0x0f, 0xff),
            Buffer.from('(?<a>x)|'.repeat(1).padEnd(3, 'x') + Array.from({ length: 450 }, (_, i) => `(?<${name(i)}>)`).join('')).subarray(
              0,
              4095,
            ),
          ]),
          text(''),
        ),
      array,
    ),
  errors: () => filled(() => generic(text('Error'), text('')), array),
  'errors with a cause': () =>
    filled(() => generic(text('TypeError'), text(''), Buffer.concat([Uint8Array.of(0xa1), text('cause'), Uint8Array.of(1)])), array),
  boxed: () => filled(() => generic(text('Object'), Uint8Array.of(1)), array),
  'sparse arrays': () => filled(() => generic(text('Array'), Uint8Array.of(0x1a, 0x01, 0xff, 0xff, 0xff), Uint8Array.of(0x80)), array),
  'sparse arrays of the longest kind': () =>
    filled(() => generic(text('Array'), Uint8Array.of(0x1a, 0xff, 0xff, 0xff, 0xff), Uint8Array.of(0x80)), array),
  'a sparse array of far indexes': () =>
    Buffer.concat([
      Uint8Array.of(0xd8, 27, 0x83),
      text('Array'),
      Uint8Array.of(0x1a, 0xff, 0xff, 0xff, 0xff),
      filled(
        (i) => Buffer.concat([u32(0x1a)((i * 2_654_435_761) % (2 ** 32 - 1)), Uint8Array.of(1)]),
        (count) => array(count * 2),
      ),
    ]),
  'empty maps': () => filled(repeated(0xd9, 1, 3, 0xa0), array),
  'empty sets': () => filled(repeated(0xd9, 1, 2, 0x80), array),
  'a set of texts': () => filled((i) => text(name(i)), tagged([0xd9, 1, 2], array)),
  'a set of floats': () => filled((i) => float(i + 0.5), tagged([0xd9, 1, 2], array)),
  'a set of bigints with the same lowest 64 bits': () =>
    filled((i) => Buffer.concat([Uint8Array.of(0xc2, 0x4c), u32(0)(i + 1).subarray(1), new Uint8Array(8)]), tagged([0xd9, 1, 2], array)),
  'a set of bigints': () => filled((i) => Buffer.concat([Uint8Array.of(0x1b, 0, 0, 0), u32(0)(i)]), tagged([0xd9, 1, 2], array)),
  'a map of integers': () => filled((i) => Buffer.concat([u32(0x1a)(i * 4096), Uint8Array.of(1)]), tagged([0xd9, 1, 3], map)),
  'one big number': () => Buffer.concat([u32(0)(0).subarray(0, 0), Uint8Array.of(0xc2), u32(0x5a)(size), Buffer.alloc(size, 0xff)]),
  'big numbers': () => filled(() => Buffer.concat([Uint8Array.of(0xc2, 0x49), Buffer.alloc(9, 0xff)]), array),
  'one text': () => Buffer.concat([u32(0x7a)(size), Buffer.alloc(size, 0x61)]),
  'one text that is not ASCII': () => Buffer.concat([u32(0x7a)(size), Buffer.from('é'.repeat(size / 2))]),
  'texts of one character': () => filled(repeated(0x61, 0x61), array),
  'texts of three characters': () => filled((i) => text(name(i).slice(0, 3)), array),
  'short texts that are not ASCII': () => filled(repeated(0x62, 0xc3, 0xa9), array),
  'texts with lone surrogates': () => filled(repeated(0xd9, 0x01, 0x11, 0x43, 0xed, 0xa0, 0x80), array),
  'one text with lone surrogates': () =>
    Buffer.concat([Uint8Array.of(0xd9, 0x01, 0x11), u32(0x5a)(349_524 * 3), Buffer.from('eda080'.repeat(349_524), 'hex')]),
  'shared empty objects': () => filled(repeated(0xd8, 28, 0xa0), array),
  'references to one object': () => filled((i) => (i === 0 ? Uint8Array.of(0xd8, 28, 0x80) : Uint8Array.of(0xd8, 29, 0x00)), array),
  'nesting to the limit, again and again': () => filled(() => Buffer.concat([Buffer.alloc(998, 0x81), Uint8Array.of(0x80)]), array),
  'nesting without end': () => Buffer.alloc(size, 0x81),
  'arrays that announce all that is left': () => filled((i) => u32(0x9a)(size - 5 * i - 64), repeated()),
  'keys that are not ASCII': () =>
    filled((i) => Buffer.concat([Uint8Array.of(0x65), Buffer.from(`é${name(i).slice(1)}`), Uint8Array.of(1)]), map),
  'WTF-8 keys': () =>
    filled(
      (i) =>
        Buffer.concat([
          Uint8Array.of(0xd9, 0x01, 0x11, 0x46),
          Buffer.from('eda080', 'hex'),
          Buffer.from(name(i).slice(1)),
          Uint8Array.of(1),
        ]),
      map,
    ),
  '__proto__ again and again': () => filled(() => Buffer.concat([text('__proto__'), Uint8Array.of(0xa0)]), map),
}

/** Records for protocol 2: many definitions in one block. */
function records(): Uint8Array {
  const definitions = Array.from({ length: 60 }, (_, d) =>
    Buffer.concat([Uint8Array.of(0x8c), ...Array.from({ length: 12 }, (_, k) => text(`${name(d).slice(2)}${k % 10}${k}`))]),
  )
  const block = Buffer.concat([Uint8Array.of(0x98, definitions.length), ...definitions])
  const body = filled((i) => Buffer.concat([Uint8Array.of(0xc0 | (6 + (i % 9)), 0x8c), new Uint8Array(12)]), array)
  return Buffer.concat([Uint8Array.of(0x59, block.length >>> 8, block.length & 0xff), block, body])
}

function jsonPayloads(): Record<string, string> {
  const many = (item: (i: number) => string, open: string, close: string, length: number): string =>
    `${open}${Array.from({ length }, (_, i) => item(i)).join(',')}${close}`
  return {
    'small integers': many(() => '1', '[', ']', size / 2),
    'empty objects': many(() => '{}', '[', ']', size / 3),
    'empty arrays': many(() => '[]', '[', ']', size / 3),
    'an object of many keys': many((i) => `"${name(i)}":1`, '{', '}', size / 9),
    'an object of many integer keys': many((i) => `"${(i * 7919) % 10_000_000}":1`, '{', '}', size / 11),
    'many objects of other keys': many((i) => `{"${name(i)}":1,"${name(i * 7)}":2}`, '[', ']', size / 20),
    'long numbers': many(() => `1${'0'.repeat(300)}.${'1'.repeat(300)}e-300`, '[', ']', size / 610),
    'one number': `1${'7'.repeat(size)}`,
    escapes: `"${'\\u00e9'.repeat(size / 6)}"`,
    'nesting without end': '['.repeat(size),
    'nesting to the limit, again and again': many(() => `${'['.repeat(998)}${']'.repeat(998)}`, '[', ']', size / 2000),
  }
}

/** One entry of each kind. */
export function costlyEntries(): CostlyEntry[] {
  const entries: CostlyEntry[] = []
  for (const [kind, payload] of Object.entries(cborPayloads)) {
    entries.push({ name: `cbor 1: ${kind}`, entry: entry(1, 1, payload()) })
    entries.push({ name: `cbor 2: ${kind}`, entry: entry(1, 2, Buffer.concat([Uint8Array.of(0x40), payload()])) })
  }
  entries.push({ name: 'cbor 2: records', entry: entry(1, 2, records()) })
  for (const [kind, payload] of Object.entries(jsonPayloads()))
    entries.push({ name: `json: ${kind}`, entry: entry(2, 1, Buffer.from(payload)) })
  const packed = (item: (i: number) => Uint8Array, head: number): Uint8Array => entry(3, 1, filled(item, u32(head)))
  entries.push(
    { name: 'msgpack: empty arrays', entry: packed(repeated(0x90), 0xdd) },
    { name: 'msgpack: empty objects', entry: packed(repeated(0x80), 0xdd) },
    {
      name: 'msgpack: an object of many keys',
      entry: packed((i) => Buffer.concat([Uint8Array.of(0xa4), Buffer.from(name(i)), Uint8Array.of(1)]), 0xdf),
    },
    { name: 'msgpack: buffers of a byte', entry: packed(repeated(0xc4, 1, 1), 0xdd) },
    { name: 'msgpack: dates', entry: packed(repeated(0xd6, 0xff, 0, 0, 0, 1), 0xdd) },
    { name: 'msgpack: nesting without end', entry: entry(3, 1, Buffer.alloc(size, 0x91)) },
    {
      name: 'msgpack: arrays that announce all that is left',
      entry: entry(
        3,
        1,
        filled((i) => u32(0xdd)(size - 5 * i - 64), repeated()),
      ),
    },
    {
      name: 'v8: empty objects',
      entry: entry(
        4,
        1,
        Buffer.concat([
          Buffer.from('ff0f', 'hex'),
          filled(repeated(0x6f, 0x7b, 0), (count) => Buffer.concat([Uint8Array.of(0x41), varint(count)])),
          Uint8Array.of(0x24, 0),
          varint(Math.floor(size / 3)),
        ]),
      ),
    },
    {
      name: 'v8: nesting without end',
      entry: entry(4, 1, Buffer.concat([Buffer.from('ff0f', 'hex'), Buffer.from('4101'.repeat(size / 2), 'hex')])),
    },
    { name: 'v8: 4 billion items', entry: entry(4, 1, Buffer.from('ff0f61ffffffff0f40 00ffffffff0f'.replace(' ', ''), 'hex')) },
    { name: 'integer: digits', entry: Buffer.alloc(size, 0x37) },
    { name: 'integer: 10,000 digits', entry: Buffer.alloc(10_000, 0x37) },
  )
  return entries
}

function varint(value: number): Uint8Array {
  const bytes: number[] = []
  for (; value >= 0x80; value >>>= 7) bytes.push((value & 0x7f) | 0x80)
  bytes.push(value)
  return Uint8Array.from(bytes)
}
