import assert from 'node:assert/strict'
import type { Codec, Random } from '@shale/contracts'
import { createSeededRandom } from './seeded-random.ts'
import type { TestFunction } from './test-function.ts'

/**
 * What becomes of a kind of value: `'kept'` comes back as it went in, `'refused'` makes `encode` throw, `'changed'` comes
 * back as something else, as the codec documents.
 */
export type CodecFidelity = 'kept' | 'refused' | 'changed'

/** What a codec can do beside the contract of every one. A kind that is not stated is `'refused'`. */
export interface CodecCapabilities {
  /** null, booleans, numbers, strings, arrays and plain objects. `'kept'` unless stated. */
  readonly plain?: CodecFidelity | undefined
  /** A property that is undefined, in an object. */
  readonly undefinedProperties?: CodecFidelity | undefined
  /** `undefined` in an array. */
  readonly undefinedItems?: CodecFidelity | undefined
  /** `-0`. */
  readonly negativeZero?: CodecFidelity | undefined
  /** `NaN` and the infinities. */
  readonly nonFinite?: CodecFidelity | undefined
  readonly bigints?: CodecFidelity | undefined
  readonly dates?: CodecFidelity | undefined
  readonly maps?: CodecFidelity | undefined
  readonly sets?: CodecFidelity | undefined
  readonly regexps?: CodecFidelity | undefined
  readonly errors?: CodecFidelity | undefined
  readonly buffers?: CodecFidelity | undefined
  /** A Uint8Array that is no Buffer. */
  readonly uint8Arrays?: CodecFidelity | undefined
  /** All other typed arrays. */
  readonly typedArrays?: CodecFidelity | undefined
  /** Arrays with holes. */
  readonly holes?: CodecFidelity | undefined
  /** An object within itself. */
  readonly cycles?: CodecFidelity | undefined
  /** An object that is met twice, and comes back as one. */
  readonly sharedReferences?: CodecFidelity | undefined
  /** Strings with lone surrogates, or a byte order mark at their start. */
  readonly oddStrings?: CodecFidelity | undefined
  /** An own property named `__proto__`. */
  readonly protoKeys?: CodecFidelity | undefined
}

export interface CodecContract {
  readonly test: TestFunction
  /** Called for each test. */
  readonly create: () => Codec | Promise<Codec>
  readonly capabilities?: CodecCapabilities | undefined
  /** The seed of the random bytes, which failures name; 1 unless stated. */
  readonly seed?: number | undefined
  /** How many damaged entries the codec is given; 20,000 unless stated. */
  readonly damaged?: number | undefined
}

type Kind = keyof CodecCapabilities

const shared = { id: 1 }
const cyclic: { name: string; self?: unknown; list: unknown[] } = { name: 'cyclic', list: [] }
cyclic.self = cyclic
cyclic.list.push(cyclic.list)
const holes = [1, 2, 3]
delete holes[1]

const samples: Readonly<Record<Kind, readonly unknown[]>> = {
  plain: [
    null,
    true,
    false,
    0,
    1,
    -1,
    23,
    24,
    255,
    256,
    65_535,
    65_536,
    2 ** 31,
    2 ** 32,
    2 ** 53 - 1,
    -(2 ** 53) + 1,
    0.1,
    -1.5,
    1e300,
    5e-324,
    '',
    'a',
    '42',
    'é',
    '日本語',
    '🧂',
    '\0',
    'x'.repeat(100),
    'é'.repeat(100),
    'x'.repeat(70_000),
    [],
    [[]],
    [1, 'two', null, [3]],
    {},
    { a: 1 },
    { '': 0, 'with space': { deep: [{ er: 1 }] }, 1: 2, constructor: 1, hasOwnProperty: 2, toString: 3 },
    Array.from({ length: 300 }, (_, id) => ({ id, name: `n${id}`, tags: ['a', 'b'], nested: { even: id % 2 === 0, ratio: id / 7 } })),
  ],
  undefinedProperties: [{ a: undefined, b: 1 }],
  undefinedItems: [[undefined], [1, undefined, 2]],
  negativeZero: [-0, [-0], { a: -0 }],
  nonFinite: [NaN, Infinity, -Infinity, [NaN], { a: Infinity }],
  bigints: [0n, 5n, -5n, 2n ** 63n, -(2n ** 63n), 2n ** 64n - 1n, 2n ** 200n, -(2n ** 200n), [1n]],
  dates: [new Date(0), new Date(1), new Date(1_700_000_000_123), new Date(-1), { at: new Date(1e12) }],
  maps: [
    new Map(),
    new Map<unknown, unknown>([
      ['a', 1],
      [2, { b: 3 }],
      [{ c: 4 }, new Map([[null, null]])],
    ]),
    { map: new Map([['k', 'v']]) },
  ],
  sets: [new Set(), new Set<unknown>(['a', 1, { b: 2 }, new Set([3])])],
  regexps: [/a/, /[/\]]+(?<name>x)/giu],
  errors: [new Error('plain'), new TypeError('typed')],
  buffers: [Buffer.alloc(0), Buffer.from('bytes'), Buffer.alloc(70_000, 7)],
  uint8Arrays: [new Uint8Array([1, 2]), new Uint8Array(0), new Uint8Array(70_000).fill(9)],
  typedArrays: [
    new Uint8ClampedArray([1, 255]),
    new Uint16Array([1, 65_535]),
    new Uint32Array([1, 2 ** 32 - 1]),
    new Int8Array([-1]),
    new Int16Array([-2]),
    new Int32Array([-3]),
    new BigInt64Array([-4n]),
    new BigUint64Array([4n]),
    new Float32Array([0.5, -0]),
    new Float64Array([0.1, NaN]),
    new Float64Array(0),
  ],
  holes: [holes],
  cycles: [cyclic],
  sharedReferences: [[shared, shared]],
  oddStrings: ['\ud800', 'a\udc00b', ['\ufeffmark'], { '\ud800': 1 }],
  protoKeys: [JSON.parse('{"__proto__":{"polluted":1},"a":2}')],
}

const offenders: readonly unknown[] = [() => 1, Symbol('s'), { a: [{ b() {} }] }, [Symbol.iterator]]

/**
 * The contract of `Codec` as a suite: declares one test for each thing that every codec promises. A failed test throws an
 * `AssertionError`.
 */
export function codecContract({ test, create, capabilities = {}, seed = 1, damaged = 20_000 }: CodecContract): void {
  const declare = (name: string, run: (codec: Codec) => void): void => {
    test(`codec: ${name}`, async () => run(await create()))
  }
  const fidelity = (kind: Kind): CodecFidelity => capabilities[kind] ?? (kind === 'plain' ? 'kept' : 'refused')
  const kept = (): unknown[] =>
    (Object.keys(samples) as Kind[]).filter((kind) => fidelity(kind) === 'kept').flatMap((kind) => samples[kind])

  declare('it says who it is, and always the same', (codec) => {
    const { id, name, protocol, protocols } = codec
    assert.ok(Number.isInteger(id) && id >= 1 && id <= 255, `id: expected an integer from 1 to 255; found ${id}`)
    assert.ok(typeof name === 'string' && name !== '', `name: expected a string that is not empty; found ${name}`)
    for (const number of protocols)
      assert.ok(Number.isInteger(number) && number >= 0 && number <= 255, `protocols: expected integers from 0 to 255; found ${number}`)
    assert.equal(new Set(protocols).size, protocols.length, 'protocols: expected each once')
    assert.ok(protocols.includes(protocol), `protocols: expected ${protocol} among them; found ${protocols.join(', ')}`)
  })

  test('codec: two that are made alike are alike', async () => {
    const [one, other] = [await create(), await create()]
    assert.deepEqual([one.id, one.name, one.protocol, [...one.protocols]], [other.id, other.name, other.protocol, [...other.protocols]])
    for (const value of kept()) assert.deepEqual(other.decode(one.encode(value), one.protocol), value)
  })

  for (const kind of Object.keys(samples) as Kind[]) {
    const expected = fidelity(kind)
    declare(`${kind} is ${expected}`, (codec) => {
      for (const value of samples[kind]) {
        if (expected === 'refused') assert.throws(() => codec.encode(value), `${kind}: expected encode to throw for ${shown(value)}`)
        else {
          const found = codec.decode(codec.encode(value), codec.protocol)
          if (expected !== 'kept') continue
          if (kind === 'sharedReferences')
            assert.equal((found as unknown[])[0], (found as unknown[])[1], 'sharedReferences: expected one object; found two')
          assert.deepEqual(found, value, `${kind}: expected ${shown(value)}; found ${shown(found)}`)
        }
      }
    })
  }

  declare('functions and symbols are refused, wherever they are', (codec) => {
    for (const value of offenders) assert.throws(() => codec.encode(value), `expected encode to throw for ${shown(value)}`)
  })

  declare('encode gives bytes that no one else holds', (codec) => {
    for (const value of kept()) {
      const first = codec.encode(value)
      assert.ok(first instanceof Uint8Array, 'expected a Uint8Array')
      const copy = Uint8Array.from(first)
      codec.encode(value).fill(0xee)
      codec.encode([...kept()][0])
      assert.deepEqual(Uint8Array.from(first), copy, `the bytes of ${shown(value)} were changed by a later call`)
      first.fill(0xee)
      assert.deepEqual(codec.decode(codec.encode(value), codec.protocol), value, `a value was changed through its bytes: ${shown(value)}`)
    }
  })

  declare('decode gives a value that shares no memory with the bytes, and leaves them as they are', (codec) => {
    for (const value of kept()) {
      const bytes = codec.encode(value)
      const framed = Buffer.concat([Buffer.alloc(3), bytes, Buffer.alloc(5)])
      const part = framed.subarray(3, 3 + bytes.length)
      const copy = Uint8Array.from(part)
      const found = codec.decode(part, codec.protocol)
      assert.deepEqual(Uint8Array.from(part), copy, `decode changed the bytes of ${shown(value)}`)
      framed.fill(0xee)
      assert.deepEqual(found, value, `a value was changed through the bytes it was read from: ${shown(value)}`)
      assert.deepEqual(codec.decode(Uint8Array.from(copy), codec.protocol), value, 'expected a plain Uint8Array to be read like a Buffer')
    }
  })

  declare('a protocol that it does not read is refused', (codec) => {
    const bytes = codec.encode(kept()[0])
    for (let protocol = 0; protocol < 256; protocol++) {
      if (!codec.protocols.includes(protocol)) mustSettle(() => codec.decode(bytes, protocol), `protocol ${protocol}`)
    }
  })

  declare('deep nesting overflows no stack', (codec) => {
    let deep: unknown = 1
    for (let i = 0; i < 100_000; i++) deep = i % 2 === 0 ? [deep] : { deep }
    try {
      codec.encode(deep)
    } catch (error) {
      assert.ok(!(error instanceof RangeError), `expected another refusal than ${String(error)}`)
    }
    for (const level of [
      [0x81],
      [0xa1, 0x61, 0x61],
      [0x91],
      [0x5b],
      [0x7b, 0x22, 0x61, 0x22, 0x3a],
      [0x6f, 0x22, 0x01, 0x61],
      [0xd8, 0x1c],
      [0xc1],
    ]) {
      const bytes = Buffer.concat(Array.from({ length: 100_000 }, () => Buffer.from(level)))
      for (const protocol of codec.protocols) mustSettle(() => codec.decode(bytes, protocol), 'deep nesting')
    }
  })

  declare('damaged bytes give a value or an error, and do no harm', (codec) => {
    const random = createSeededRandom(seed)
    const entries = kept()
      .map((value) => codec.encode(value))
      .filter((bytes) => bytes.length < 4096)
    for (let i = 0; i < damaged; i++) {
      const bytes = damage(entries[Math.floor(random() * entries.length)]!, random)
      const protocol = codec.protocols[i % codec.protocols.length]!
      mustSettle(() => codec.decode(bytes, protocol), `seed ${seed}, entry ${i}: ${Buffer.from(bytes).toString('hex').slice(0, 200)}`)
    }
    assert.equal(({} as { polluted?: unknown }).polluted, undefined, 'Object.prototype was changed')
    assert.deepEqual(Object.keys(Object.prototype), [], 'Object.prototype was changed')
  })
}

/** A copy of an entry with some bytes changed, cut off, repeated or made up. */
function damage(entry: Uint8Array, random: Random): Uint8Array {
  const below = (end: number): number => Math.floor(random() * end)
  const choice = below(10)
  if (choice === 0) return Uint8Array.from({ length: below(64) }, () => below(256))
  if (choice === 1) return entry.slice(0, below(entry.length))
  if (choice === 2) return Buffer.concat([entry, Uint8Array.from({ length: 1 + below(8) }, () => below(256))])
  if (choice === 3) {
    const start = below(entry.length)
    return Buffer.concat([entry.subarray(0, start), entry.subarray(below(entry.length))])
  }
  const bytes = Uint8Array.from(entry)
  for (let count = 1 + below(3); count > 0 && bytes.length > 0; count--) {
    bytes[below(bytes.length)] = choice < 7 ? below(256) : [0, 0x7f, 0x80, 0xff, 0x1b, 0x9f, 0xbf, 0xdf][below(8)]!
  }
  return bytes
}

function mustSettle(run: () => unknown, about: string): void {
  try {
    run()
  } catch (error) {
    assert.ok(error instanceof Error, `expected an Error; found ${String(error)} (${about})`)
    assert.ok(!(error instanceof RangeError && error.message.includes('call stack')), `the stack overflowed (${about})`)
  }
}

function shown(value: unknown): string {
  if (typeof value === 'bigint' || typeof value === 'symbol' || typeof value === 'function') return String(value)
  try {
    return (JSON.stringify(value) ?? String(value)).slice(0, 100)
  } catch {
    return Object.prototype.toString.call(value)
  }
}
