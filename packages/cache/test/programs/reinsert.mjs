// Rewrites a cache, aborts half-way and runs again: node --expose-gc reinsert.mjs '{ servers, abortAt }'. Reports on file descriptor 3.
import { writeSync } from 'node:fs'
import { createCache } from '../../dist/index.js'

const { servers, abortAt, keyPrefix = 'live' } = JSON.parse(process.argv[2])
const cache = createCache({ servers, keyPrefix, timeout: '30s' })
await cache.connect()

const held = () => {
  // What the first one frees outside the heap is counted as free by the second.
  gc()
  gc()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}
let peak = 0
let looked = 0
const look = ({ scanned }) => {
  if (scanned < looked + 10_000) return
  looked = scanned
  peak = Math.max(peak, held())
}
// Once before, so that what is compiled is not counted.
for await (const _ of cache.keys('nothing'));
const before = held()
const began = performance.now()
let aborted
if (abortAt !== undefined) {
  const stop = new AbortController()
  await cache
    .reinsertKeys({
      signal: stop.signal,
      onProgress(report) {
        look(report)
        if (report.scanned >= abortAt) stop.abort()
      },
    })
    .catch((error) => {
      aborted = { code: error.code, partial: error.partial }
    })
  looked = 0
}
const report = await cache.reinsertKeys({ onProgress: look })
const seconds = (performance.now() - began) / 1000
peak = Math.max(peak, held())
await cache.close()
writeSync(3, JSON.stringify({ aborted, report, growth: peak - before, seconds }))
