import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import assert from 'node:assert/strict'
import { cbor } from '@shale/codecs'
import type { Codec } from '@shale/contracts'
import { Decoder, Encoder } from 'cbor-x'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

const seed = Number(process.env['SEED'] ?? Date.now() % 2 ** 31)
console.log(`seed ${seed}`)

const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 80 }),
  fc.string({ unit: 'grapheme', maxLength: 20 }),
  fc.string({ maxLength: 20 }),
  fc.string({ unit: fc.integer({ min: 0, max: 0xffff }).map((code) => String.fromCharCode(code)), maxLength: 6 }),
)
const key = fc.oneof(
  fc.constantFrom('id', 'name', 'a', 'b', '__proto__', 'constructor', 'hasOwnProperty', 'toString', '', '0', 'ключ'),
  text,
)
const leaf = fc.oneof(
  text,
  fc.double(),
  fc.integer(),
  fc.maxSafeInteger(),
  fc.bigInt(),
  fc.bigInt({ min: -(2n ** 200n), max: 2n ** 200n }),
  fc.boolean(),
  fc.constantFrom(null, undefined, -0),
  fc.date({ noInvalidDate: true }),
  fc.uint8Array().map((bytes) => Buffer.from(bytes)),
  fc.uint8Array(),
  fc.float64Array(),
  fc.int16Array(),
  fc.bigInt64Array(),
  fc.constantFrom(/a/g, /\/b+/iu),
)
const value = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    leaf,
    fc.array(tie('value'), { maxLength: 6 }),
    fc.dictionary(key, tie('value'), { maxKeys: 6 }),
    fc.array(fc.record({ id: fc.integer(), name: text, tags: tie('value') }), { maxLength: 5 }),
    fc.array(fc.tuple(tie('value'), tie('value')), { maxLength: 4 }).map((pairs) => new Map(pairs)),
    fc.array(tie('value'), { maxLength: 4 }).map((items) => new Set(items)),
    fc.sparseArray(tie('value'), { maxNumElements: 4 }),
  ),
})).value

const codecs: [string, Codec][] = [
  ['protocol 1', cbor({ protocol: 1 })],
  ['protocol 2', cbor({ protocol: 2 })],
]

describe.each(codecs)('cbor %s', (_name, codec) => {
  const back = (value: unknown): unknown => codec.decode(codec.encode(value), codec.protocol)

  test('any value comes back as it went in', () => {
    fc.assert(
      fc.property(value, (input) => {
        const bytes = codec.encode(input)
        assert.deepEqual(codec.decode(bytes, codec.protocol), plained(input))
        assert.deepEqual(back(back(input)), plained(input))
      }),
      { seed, numRuns: 2000 },
    )
  })

  test('an entry is read alike the first time and the hundredth', () => {
    const input = [
      { id: 1, 'odd "key"\n\u2028\\': 'é', constructor: null, nested: { a: [1n] } },
      { id: 2, 'odd "key"\n\u2028\\': 'b', constructor: 3, nested: { a: [] } },
    ]
    const bytes = codec.encode(input)
    for (let i = 0; i < 100; i++) expect(codec.decode(bytes, codec.protocol)).toStrictEqual(input)
  })

  test('objects within themselves, whatever holds them', () => {
    const map = new Map<unknown, unknown>()
    const set = new Set<unknown>([map])
    const error = new RangeError('r') as RangeError & { self?: unknown }
    const holes: unknown[] = [1, 2]
    delete holes[0]
    const root = { map, set, error, holes, date: new Date(5), again: undefined as unknown, list: [] as unknown[] }
    map.set('root', root).set(map, set)
    set.add(set)
    error.self = error
    holes.push(holes)
    root.again = root.date
    root.list.push(root.list, root, { map })
    const found = back(root) as typeof root
    expect(found.map.get('root')).toBe(found)
    expect(found.map.get(found.map)).toBe(found.set)
    expect([...found.set][1]).toBe(found.set)
    expect(found.error.self).toBe(found.error)
    expect(found.error).toBeInstanceOf(RangeError)
    expect(0 in found.holes).toBe(false)
    expect(found.holes[2]).toBe(found.holes)
    expect(found.again).toBe(found.date)
    expect(found.list[0]).toBe(found.list)
    expect((found.list[2] as typeof root).map).toBe(found.map)
  })

  test('more shared objects than 16 bits can number', () => {
    const items = Array.from({ length: 70_000 }, (_, id) => ({ id: `item ${id} of many` }))
    const found = back([items, [...items].reverse()]) as { id: string }[][]
    expect(found[0]![0]).toBe(found[1]![69_999])
    expect(found[0]![69_999]).toBe(found[1]![0])
  })

  test('what is no plain data comes back as documented', () => {
    class Point {
      readonly x: number = 1
      readonly #hidden = 2
      get hidden(): number {
        return this.#hidden
      }
    }
    class Money {
      toJSON(): string {
        return '5 EUR'
      }
    }
    expect(back({ p: new Point(), m: new Money(), u: new URL('https://example.com/') })).toStrictEqual({
      p: { x: 1 },
      m: '5 EUR',
      u: 'https://example.com/',
    })
    expect(back(Object.assign(Object.create(null), { a: 1 }))).toStrictEqual({ a: 1 })
    expect(Number.isNaN((back(new Date(NaN)) as Date).getTime())).toBe(true)
    const error = back(Object.assign(new TypeError('wrong', { cause: 'c' }), { name: 'Special', code: 7 })) as TypeError & { code: number }
    expect([error instanceof TypeError, error.name, error.message, error.cause, error.code]).toEqual([true, 'Special', 'wrong', 'c', 7])
    expect(Object.keys(error)).toEqual(['code'])
  })

  test('a property __proto__ stays a property', () => {
    const found = back(JSON.parse('[{"__proto__":{"polluted":true}},{"constructor":{"prototype":1}}]')) as Record<string, unknown>[]
    expect(Object.hasOwn(found[0]!, '__proto__')).toBe(true)
    expect(Object.getPrototypeOf(found[0])).toBe(Object.prototype)
    expect(found[0]!['polluted']).toBeUndefined()
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined()
  })

  test('values of every size of head', () => {
    for (const size of [0, 1, 23, 24, 63, 64, 65, 255, 256, 4095, 4096, 4097, 65_535, 65_536, 100_000]) {
      for (const input of [
        'a'.repeat(size),
        'é'.repeat(size),
        Buffer.alloc(size, 1),
        Array.from({ length: size }, (_, i) => i),
        Object.fromEntries(Array.from({ length: Math.min(size, 5000) }, (_, i) => [`key ${i}`, i])),
      ]) {
        expect(back(input)).toStrictEqual(input)
      }
    }
  })

  test('many different shapes', () => {
    const shapes = Array.from({ length: 300 }, (_, i) =>
      Object.fromEntries(Array.from({ length: 1 + (i % 70) }, (_, k) => [`k${i}_${k}`, k])),
    )
    for (const input of [shapes, [...shapes, ...shapes.map((shape) => ({ ...shape }))]])
      for (let i = 0; i < 20; i++) expect(back(input)).toStrictEqual(input)
  })

  test('10,000 blocks of definitions that are never seen again do not add up', () => {
    const read = (from: number): void => {
      for (let i = from; i < from + 10_000; i++) back({ [`k${i}`]: 1, [`l${i}`]: { [`m${i}`]: 2 } })
    }
    setFlagsFromString('--expose-gc')
    const collect = runInNewContext('gc') as () => void
    read(0)
    collect()
    const before = process.memoryUsage().heapUsed
    read(10_000)
    read(20_000)
    collect()
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(8 * 2 ** 20)
  })
})

describe('cbor protocol 1 is plain CBOR', () => {
  const other = new Encoder({ useRecords: false, variableMapSize: true, mapsAsObjects: true })
  const plain = fc
    .anything({
      key,
      values: [
        text,
        fc.double({ noNaN: true }),
        fc.integer(),
        fc.boolean(),
        fc.constant(null),
        fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
      ],
      withSparseArray: false,
    })
    .filter(
      (input) =>
        !JSON.stringify(input, (_k, v: unknown) => (typeof v === 'bigint' ? 1 : v))?.match(/__proto__|\\ud|\ufeff|hasOwnProperty|toJSON/),
    )

  test('that cbor-x reads', () => {
    const codec = cbor({ protocol: 1 })
    fc.assert(
      fc.property(plain, (input) =>
        assert.deepEqual(new Decoder({ mapsAsObjects: true, useRecords: false }).decode(codec.encode(input)), plained(input)),
      ),
      { seed, numRuns: 1000 },
    )
  })

  test('and so is what cbor-x writes', () => {
    const codec = cbor({ protocol: 1 })
    fc.assert(
      fc.property(
        plain.filter((input) => !hasNegativeZero(input)),
        (input) => assert.deepEqual(codec.decode(other.encode(input), 1), plained(input)),
      ),
      { seed, numRuns: 1000 },
    )
  })
})

function hasNegativeZero(value: unknown): boolean {
  return Object.is(value, -0) || (typeof value === 'object' && value !== null && Object.values(value).some(hasNegativeZero))
}

/** The value with plain objects in place of those without a prototype, which generators make. */
function plained(value: unknown): unknown {
  if (Array.isArray(value)) {
    const copy = [...value]
    copy.length = 0
    copy.length = value.length
    for (const index of Object.keys(value)) copy[Number(index)] = plained(value[Number(index)])
    return copy
  }
  if (value instanceof Map) return new Map([...value].map(([k, v]) => [plained(k), plained(v)]))
  if (value instanceof Set) return new Set([...value].map(plained))
  if (
    typeof value !== 'object' ||
    value === null ||
    (Object.getPrototypeOf(value) !== null && Object.getPrototypeOf(value) !== Object.prototype)
  )
    return value
  const copy = {}
  for (const [name, item] of Object.entries(value))
    Object.defineProperty(copy, name, { value: plained(item), configurable: true, enumerable: true, writable: true })
  return copy
}

test('what a hostile entry of one protocol leaves behind means nothing to an entry of the other', () => {
  const [one, two] = [cbor({ protocol: 1 }), cbor({ protocol: 2 })]
  for (const key of ['é', 'ключ', '日本']) {
    const bytes = Buffer.from(key)
    // A key that protocol 2 does not allow: its bytes as a text.
    const hostile = Buffer.concat([Uint8Array.of(0x40, 0xa1, 0x60 | bytes.length), bytes, Uint8Array.of(1)])
    for (let i = 0; i < 3; i++) {
      try {
        two.decode(hostile, 2)
      } catch {
        // Refusing it is as good.
      }
      expect(one.decode(one.encode({ [key]: 1 }), 1)).toStrictEqual({ [key]: 1 })
      expect(two.decode(two.encode({ [key]: 1 }), 2)).toStrictEqual({ [key]: 1 })
    }
  }
})
