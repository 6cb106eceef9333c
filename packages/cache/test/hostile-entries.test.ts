import { describe, expect, test } from 'vitest'
import { brotli, bytes, cbor, createCache, createMemoryStore, gzip, json, msgpack, type CacheOptions } from '@shale/cache'
import { createStore } from '@shale/client'
import { createSeededRandom } from '@shale/testing'
import { startRedis } from '@tooling/servers'

const count = 10_000
const seed = Number(process.env['SHALE_SEED'] ?? Date.now() % 2 ** 31)
const encryption = { keys: { k: Buffer.alloc(32, 5) }, current: 'k' }
const value = { title: 'A title', tags: ['one', 'two'], at: new Date(0), map: new Map([['k', { n: 1 }]]), big: 10n ** 30n }
const plain = { title: 'A title', tags: ['one', 'two'], deep: { deeper: [1, 2, { n: 1.5 }] } }

const writers: readonly (readonly [options: CacheOptions, value: unknown])[] = [
  [{ codec: cbor({ protocol: 1 }) }, value],
  [{ codec: cbor({ protocol: 2 }) }, [value, value]],
  [{ codec: json() }, plain],
  [{ codec: msgpack() }, plain],
  [{ codec: bytes() }, Buffer.from('some bytes')],
  [{ compression: gzip({ threshold: 10 }) }, value],
  [{ compression: brotli({ threshold: 10 }) }, value],
  [{ encryption }, value],
]

/** Entries of every kind, damaged: bits flipped, cut, stretched, mixed, or random throughout. */
async function damaged(random: () => number): Promise<Uint8Array[]> {
  const store = createMemoryStore()
  for (const [i, [options, wanted]] of writers.entries()) await createCache({ servers: store, ...options }).set(`${i}`, wanted)
  const sound = (await store.get(writers.map((_, i) => `:1:${i}`))) as Uint8Array[]
  const pick = (n: number): number => Math.floor(random() * n)
  return Array.from({ length: count }, () => {
    const entry = Buffer.from(sound[pick(sound.length)] as Uint8Array)
    const other = sound[pick(sound.length)] as Uint8Array
    switch (pick(6)) {
      case 0:
        return entry.subarray(0, pick(entry.length))
      case 1:
        return Buffer.concat([entry, other.subarray(pick(other.length))])
      case 2:
        return Buffer.concat([entry.subarray(0, pick(40)), other.subarray(pick(40))])
      case 3:
        return Buffer.from(Array.from({ length: pick(60) }, () => pick(256)))
      default:
        for (let left = 1 + pick(4); left > 0; left--) entry[pick(entry.length)] = pick(256)
        return entry
    }
  })
}

describe.each(['embedded', 'Redis'])('promise 23: hostile bytes, %s', (where) => {
  test(`${count} damaged entries are values or counted misses`, { timeout: 60_000 }, async () => {
    console.log(`seed ${seed}`)
    const server = where === 'Redis' ? await startRedis() : undefined
    const store = server === undefined ? createMemoryStore() : createStore(server.url, { timeout: '30s' })
    const entries = await damaged(createSeededRandom(seed))
    const keys = entries.map((_, i) => `k${i}`)
    await store.set(entries.map((entry, i) => ({ key: `:1:k${i}`, value: entry, ttl: null })))
    const untouched = Reflect.ownKeys(Object.prototype).length
    for (const options of [{}, { encryption }, { errors: 'throw' }] satisfies CacheOptions[]) {
      const cache = createCache({ servers: store, timeout: '30s', ...options })
      let told = 0
      cache.on('decode-error', () => told++)
      const hits = await cache.getMany(keys)
      const { hits: counted, misses, degraded, errors } = cache.stats()
      expect(counted + misses).toBe(count)
      expect(hits.size).toBe(counted)
      expect(told).toBe(misses)
      expect(degraded).toBe(0)
      expect(Object.keys(errors).filter((code) => !code.startsWith('CODEC_'))).toStrictEqual([])
      expect(misses).toBeGreaterThan(count / 4)
      for (const key of keys.slice(0, 2000)) {
        expect((await cache.get(key, { default: keys })) !== keys).toBe(hits.has(key))
        await cache.inspect(key)
      }
      const again = await cache.reinsertKeys()
      expect(again.scanned).toBe(count)
      expect(again.rewritten + again.current + again.foreign + again.undecodable).toBe(count)
      expect(again.foreign + again.undecodable).toBeLessThanOrEqual(misses)
    }
    expect(Reflect.ownKeys(Object.prototype)).toHaveLength(untouched)
    await store.close()
    await server?.stop()
  })
})
