// Adds the golden vectors that are not there yet; never changes one that is. Build first, then: node packages/codecs/test/golden/add.mjs
// A runtime that has zstd (Node 22.15 or later) adds those with zstd as well.
import { existsSync, writeFileSync } from 'node:fs'
import * as zlib from 'node:zlib'
import { brotli, bytes, cbor, createSerializer, gzip, json, msgpack, v8, zstd } from '@shale/codecs'
import { context, encryption, plain, raw, rich } from './values.mjs'

const codecs = [
  ['cbor-1', cbor({ protocol: 1 }), { ...plain, ...rich }],
  ['cbor-2', cbor({ protocol: 2 }), { ...plain, ...rich }],
  ['json-1', json(), plain],
  ['msgpack-1', msgpack(), plain],
  ['v8-1', v8(), plain],
  ['bytes-1', bytes(), raw],
]
const compressions = [['', undefined], ['-gzip', gzip({ threshold: 1 })], ['-brotli', brotli({ threshold: 1 })]]
if (typeof zlib.zstdCompressSync === 'function') compressions.push(['-zstd', zstd({ threshold: 1 })])

for (const [codecName, codec, values] of codecs) {
  for (const [compressionName, compression] of compressions) {
    for (const [encryptionName, keys] of [['', undefined], ['-encrypted', encryption]]) {
      const file = new URL(`${codecName}${compressionName}${encryptionName}.json`, import.meta.url)
      if (existsSync(file)) continue
      const serializer = createSerializer({ codec, compression, encryption: keys, clock: { now: () => 1_700_000_000_000 } })
      const vectors = Object.entries(values)
        .map(([value, what]) => ({ value, ...headerOf(serializer, serializer.encode(what, context)) }))
        .filter(vector => compression === undefined || vector.compression === compression.name)
      if (vectors.length === 0) continue
      writeFileSync(file, `[\n${vectors.map(vector => `  ${JSON.stringify(vector)}`).join(',\n')}\n]\n`)
      console.log(`added ${file.pathname}`)
    }
  }
}

function headerOf(serializer, entry) {
  const { codec, protocol, compression, encryptionKeyId, createdAt } = serializer.inspect(entry)
  return { codec, protocol, compression, encryptionKeyId, createdAt, entry: Buffer.from(entry).toString('hex') }
}
