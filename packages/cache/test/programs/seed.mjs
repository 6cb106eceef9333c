// What the programs of this folder and their test agree on: what is under key i before anything is changed.
import { bytes, cbor, gzip, json, msgpack } from '../../dist/index.js'

export const kinds = [
  { codec: cbor({ protocol: 1 }) },
  { codec: cbor({ protocol: 2 }) },
  { codec: json() },
  { codec: msgpack() },
  { codec: bytes() },
  { codec: json(), integer: true },
  { codec: cbor({ protocol: 1 }), compression: gzip({ threshold: 64 }) },
]
export const keyOf = (i) => `entry:${i}`
export const seedTtl = (i) => (i % 3 === 0 ? null : 600_000 + i)
export const valueOf = (i, n) => ({ i, n, text: 'some text that is the same in all of them', tags: ['one', 'two', 'three'] })
/** What is stored at first under key i. */
export function seedValue(i) {
  const { codec, integer } = kinds[i % kinds.length]
  if (integer) return i
  return codec.name === 'bytes' ? Buffer.from(`bytes of ${i}`) : valueOf(i, 0)
}
