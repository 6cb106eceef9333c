import { cbor } from '@shale/codecs'
import { createSeededRandom } from '@shale/testing'
import { expect, test } from 'vitest'

const count = 50_000
const random = createSeededRandom(7)
const ordinary: Readonly<Record<string, (i: number) => number | bigint>> = {
  'counted up': (i) => i,
  'counted down': (i) => -i,
  'powers of two apart': (i) => i * 1024,
  'far apart': (i) => i * 65_536,
  times: (i) => 1_700_000_000_000 + i * 1000,
  halves: (i) => i + 0.5,
  'by chance': () => Math.floor((random() - 0.5) * 2 ** 32),
  'fractions by chance': () => random(),
  'big numbers': (i) => BigInt(i) * 1_000_003n,
  'very big numbers': (i) => 2n ** 70n + BigInt(i),
}

test.each(Object.entries(ordinary))('ordinary numbers pass as members and keys: %s', (_, numberOf) => {
  const codec = cbor()
  const set = new Set(Array.from({ length: count }, (_unused, i) => numberOf(i)))
  expect((codec.decode(codec.encode(set), 2) as Set<unknown>).size).toBe(set.size)
})

/** V8's hash of a small integer, turned round step by step to find numbers that collide. */
function hashOf(key: number): number {
  let hash = (~key + (key << 15)) | 0
  hash ^= hash >>> 12
  hash = (hash + (hash << 2)) | 0
  hash ^= hash >>> 4
  hash = Math.imul(hash, 2057)
  return (hash ^ (hash >>> 16)) >>> 0
}

test('numbers that were chosen to collide are refused', () => {
  const chosen: number[] = []
  for (let i = 0; chosen.length < 4000; i++) if ((hashOf(i) & 0xfff) === 0) chosen.push(i)
  const codec = cbor()
  expect(() => codec.decode(codec.encode(new Set(chosen)), 2)).toThrow('chosen to collide')
  expect(() => codec.decode(codec.encode(new Map(chosen.map((key) => [key, 1]))), 2)).toThrow('chosen to collide')
})

test.each([1, 2] as const)('instances that stand for shared values come back, protocol %d', (protocol) => {
  class Standing {
    readonly data: unknown
    constructor(data: unknown) {
      this.data = data
    }
    toJSON(): unknown {
      return this.data
    }
  }
  const codec = cbor({ protocol })
  const back = (value: unknown): unknown => codec.decode(codec.encode(value), protocol)
  const data = { a: 1 }
  const standing = new Standing(data)
  const nothing = new Standing(undefined)
  expect(back([standing, standing, data])).toEqual([data, data, data])
  expect(back([data, standing, standing])).toEqual([data, data, data])
  expect(back([nothing, nothing])).toEqual([undefined, undefined])
  const [one, two] = back([standing, data]) as object[]
  expect(one).toBe(two)
})

test('a getter that gives another object each time is stored as it gave it last', () => {
  let calls = 0
  const codec = cbor()
  const value = {
    get parts() {
      return { [`part${calls++}`]: 1 }
    },
  }
  expect(Object.keys(codec.decode(codec.encode(value), 2) as object)).toEqual(['parts'])
})
