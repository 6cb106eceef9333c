// How long `getMany` of 1,000 keys takes over one server and over several shards, in turns. The argument: `{ one, shards, windows, rounds }`.
// Prints the medians of each window, in milliseconds, as JSON: `[{ one, shards }, …]`.
import { writeSync } from 'node:fs'
import { createCache } from '../../dist/index.js'

const { one, shards, windows, rounds } = JSON.parse(process.argv[2])
const keys = Array.from({ length: 1000 }, (_, i) => `article:${i}`)
const entries = keys.map((key, i) => [key, { id: i, title: `the title of ${i}`, tags: ['news', 'world'], text: 'x'.repeat(200) }])
const caches = [createCache({ servers: one, timeout: '10s' }), createCache({ servers: shards, timeout: '10s' })]
const median = (times) => times.toSorted((a, b) => a - b)[times.length >> 1]

async function took(cache) {
  const start = performance.now()
  const hits = await cache.getMany(keys)
  const time = performance.now() - start
  if (hits.size !== keys.length) throw new Error(`expected ${keys.length} hits, found ${hits.size}`)
  return time
}

for (const cache of caches) await cache.setMany(entries)
for (let i = 0; i < 300; i++) for (const cache of caches) await took(cache)
const found = []
for (let window = 0; window < windows; window++) {
  const times = [[], []]
  for (let round = 0; round < rounds; round++) for (const [i, cache] of caches.entries()) times[i].push(await took(cache))
  found.push({ one: median(times[0]), shards: median(times[1]) })
}
writeSync(3, JSON.stringify(found))
await Promise.all(caches.map((cache) => cache.close()))
