// Closes a cache while twenty callers ask it again and again without a pause, whatever they are answered. The argument: `{ options, call }`.
// Reports how many milliseconds the close took.
import { writeSync } from 'node:fs'
import { setTimeout as wait } from 'node:timers/promises'
import { createCache } from '../../dist/index.js'

const { options, call } = JSON.parse(process.argv[2])
const calls = {
  get: (cache, key) => cache.get(key),
  getMany: (cache, key) => cache.getMany([key, 'b']),
  getOrSet: (cache, key) => cache.getOrSet(key, () => 1),
  set: (cache, key) => cache.set(key, 1),
  incr: (cache, key) => cache.incr(key),
  keys: async (cache) => {
    for await (const _ of cache.keys()) break
  },
  lock: (cache, key) => cache.lock(key),
}
const cache = createCache(options)
let isOver = false
const callers = Array.from({ length: 20 }, async (_, i) => {
  while (!isOver) await calls[call](cache, `key ${i}`).catch(() => {})
})
await wait(100)
const start = performance.now()
await cache.close()
writeSync(3, String(performance.now() - start))
isOver = true
await Promise.all(callers)
