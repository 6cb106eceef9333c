// Rebalances a cache: node --expose-gc rebalance.mjs '{ servers, previousServers, keyPrefix }'. Reports on file descriptor 3.
import { writeSync } from 'node:fs'
import { createCache } from '../../dist/index.js'

const { servers, previousServers, keyPrefix } = JSON.parse(process.argv[2])
const cache = createCache({ servers, previousServers, keyPrefix, timeout: '30s' })
await cache.connect()

const held = () => {
  // What the first one frees outside the heap is counted as free by the second.
  gc()
  gc()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}
// Once before, so that what is compiled is not counted.
for await (const _ of cache.keys('nothing'));
const before = held()
let peak = before
let looked = 0
const report = await cache.rebalance({
  onProgress({ scanned, bytesMoved }) {
    if (scanned < looked + 10_000 && bytesMoved < 2 ** 24) return
    looked = scanned
    peak = Math.max(peak, held())
  },
})
peak = Math.max(peak, held())
await cache.close()
writeSync(3, JSON.stringify({ report, growth: peak - before }))
