// Lists and removes many keys and says what that takes: node --expose-gc sweep.mjs '{ servers, keyPrefix }'. Reports on file descriptor 3.
import { writeSync } from 'node:fs'
import { createCache } from '../../dist/index.js'

const { servers, keyPrefix } = JSON.parse(process.argv[2])
const cache = createCache({ servers, keyPrefix, timeout: '30s' })
const held = () => {
  // What the first one frees outside the heap is counted as free by the second.
  gc()
  gc()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}
for await (const _ of cache.keys('nothing'));
await cache.deletePattern('nothing')

const before = held()
let keys = 0
let listing = 0
for await (const _ of cache.keys()) {
  if (++keys % 50_000 === 0) listing = Math.max(listing, held() - before)
}
const beforeSweep = held()
let sweeping = 0
const timer = setInterval(() => (sweeping = Math.max(sweeping, held() - beforeSweep)), 50)
const deleted = await cache.deletePattern('*')
clearInterval(timer)
await cache.close()
writeSync(3, JSON.stringify({ keys, listing, deleted, sweeping }))
