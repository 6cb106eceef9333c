import { createClient, RESP_TYPES } from '@redis/client'
import { cbor, createCache } from '@shale/cache'
import type { Article } from './articles.ts'

/** Somebody who can be asked for articles. */
export interface Contestant {
  readonly name: string
  fill(articles: readonly Article[]): Promise<void>
  get(index: number): Promise<unknown>
  close(): Promise<void>
}

/** The facade as it comes. */
export function facade(url: string): Contestant {
  const cache = createCache({ servers: url, keyPrefix: 'facade' })
  return {
    name: 'Shale',
    async fill(articles) {
      const failed = await cache.setMany(
        articles.map((article, index) => [keyOf(index), article] as const),
        { ttl: null },
      )
      if (failed.length > 0) throw new Error(`${failed.length} of ${articles.length} articles were not stored`)
    },
    get: (index) => cache.get(keyOf(index)),
    close: () => cache.close(),
  }
}

/** node-redis, its time-out turned off, with the bytes and the decoding of the facade's codec. */
export async function bareClient(url: string): Promise<Contestant> {
  const codec = cbor()
  const client = createClient({ url, commandOptions: { timeout: undefined as never, typeMapping: { [RESP_TYPES.BLOB_STRING]: Buffer } } })
  client.on('error', () => {})
  await client.connect()
  return {
    name: 'node-redis',
    async fill(articles) {
      await Promise.all(articles.map((article, index) => client.set(`bare:1:${keyOf(index)}`, asBuffer(codec.encode(article)))))
    },
    async get(index) {
      const bytes = await client.get(`bare:1:${keyOf(index)}`)
      return bytes === null ? undefined : codec.decode(bytes, codec.protocol)
    },
    async close() {
      await client.close()
    },
  }
}

function keyOf(index: number): string {
  return `article:${index}`
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
