import { existsSync, readdirSync, readFileSync } from 'node:fs'
import * as zlib from 'node:zlib'
import { bytes, createSerializer, json, msgpack, v8 } from '@shale/codecs'
import { describe, expect, test } from 'vitest'
// @ts-expect-error plain JavaScript, since the script that adds vectors reads it too
import { context, encryption, plain, raw, rich, values } from './golden/values.mjs'

interface Vector {
  readonly value: string
  readonly codec: string
  readonly protocol: number
  readonly compression?: string
  readonly encryptionKeyId?: string
  readonly createdAt?: number
  readonly entry: string
}

const folder = new URL('./golden/', import.meta.url)
const files = readdirSync(folder).filter((name) => name.endsWith('.json'))
const serializer = createSerializer({ accept: [json(), msgpack(), v8(), bytes()], encryption })
const hasZstd = 'zstdCompressSync' in zlib

function vectorsOf(file: string): Vector[] {
  return JSON.parse(readFileSync(new URL(file, folder), 'utf8')) as Vector[]
}

describe('golden vectors', () => {
  test('there is a file for every codec, protocol, compression and with encryption', () => {
    for (const codec of ['cbor-1', 'cbor-2', 'json-1', 'msgpack-1', 'v8-1', 'bytes-1']) {
      for (const compression of ['', '-gzip', '-brotli', '-zstd']) {
        for (const encrypted of ['', '-encrypted'])
          expect(existsSync(new URL(`${codec}${compression}${encrypted}.json`, folder)), codec + compression + encrypted).toBe(true)
      }
    }
  })

  for (const file of files) {
    test(file, () => {
      const vectors = vectorsOf(file)
      expect(vectors.length).toBeGreaterThan(0)
      for (const { value, entry, ...header } of vectors) {
        const bytes = Buffer.from(entry, 'hex')
        const { compression, encryptionKeyId, createdAt, ...found } = serializer.inspect(bytes)!
        expect({ ...found, compression, encryptionKeyId, createdAt }).toEqual({
          compression: undefined,
          encryptionKeyId: undefined,
          createdAt: undefined,
          ...header,
        })
        if (compression === 'zstd' && !hasZstd) {
          expect(() => serializer.decode(bytes, context), value).toThrowError(
            expect.objectContaining({ code: 'CODEC_UNKNOWN', message: expect.stringContaining('zstd') }),
          )
        } else {
          expect(serializer.decode(bytes, context), value).toEqual(values[value])
        }
      }
    })
  }

  test('no value is missing where nothing is compressed away', () => {
    const names = (file: string): string[] => vectorsOf(file).map(({ value }) => value)
    for (const file of ['cbor-1.json', 'cbor-2.json', 'cbor-2-encrypted.json'])
      expect(names(file)).toEqual(Object.keys({ ...plain, ...rich }))
    expect(names('bytes-1.json')).toEqual(Object.keys(raw))
  })
})
