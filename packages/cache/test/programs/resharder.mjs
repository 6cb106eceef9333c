// One process of a deploy, under load until its parent says 'stop': node resharder.mjs '{ servers, previousServers, slot, slots, keys }'.
// Sends what it did and saw at the end. Times are of the system's monotonic clock, which all processes of a machine share.
import { createCache } from '../../dist/index.js'

const { servers, previousServers, slot, slots, keys, timeout } = JSON.parse(process.argv[2])
const cache = createCache({
  servers,
  ...(previousServers === undefined ? {} : { previousServers }),
  keyPrefix: 'live',
  ttl: '10m',
  timeout,
  errors: 'throw',
})
const now = () => Number(process.hrtime.bigint() / 1000n) / 1000
const pick = (count) => Math.floor(Math.random() * count)

/** Reads of entries that are always there, by window of 250 ms: [asked for, missed]. */
const windows = new Map()
function saw(asked, missed) {
  const window = Math.floor(now() / 250)
  const [before, missedBefore] = windows.get(window) ?? [0, 0]
  windows.set(window, [before + asked, missedBefore + missed])
}

/** Changes and reads of the keys that come and go, counters and locks: [what, key, value, from, to]. */
const log = []
const wrong = []
let isOver = false

async function readStable() {
  if (Math.random() < 0.9) {
    const i = pick(keys)
    const found = await cache.get(`stable:${i}`)
    if (found !== undefined && found.i !== i) wrong.push(['another key’s value', i, found])
    return saw(1, found === undefined ? 1 : 0)
  }
  const asked = Array.from({ length: 20 }, () => `stable:${pick(keys)}`)
  const found = await cache.getMany(asked)
  for (const [key, value] of found) if (key !== `stable:${value.i}`) wrong.push(['another key’s value', key, value])
  const distinct = new Set(asked).size
  saw(distinct, distinct - found.size)
}

/** Of these keys each has one writer at a time. */
async function writeOwn() {
  const i = pick(40) * slots + slot
  const from = now()
  if (Math.random() < 0.5) {
    await cache.set(`own:${i}`, from)
    log.push(['set', i, from, from, now()])
  } else {
    await cache.delete(`own:${i}`)
    log.push(['delete', i, undefined, from, now()])
  }
}
const busy = new Set()

async function readOwn() {
  const i = pick(40 * slots)
  const from = now()
  const found = await cache.get(`own:${i}`)
  log.push(['get', i, found, from, now()])
}

async function count() {
  const i = pick(20)
  await cache.incr(`counter:${i}`)
  log.push(['incr', i, undefined, 0, 0])
}

async function lock() {
  const i = pick(3)
  const lock = await cache.lock(`lock:${i}`, { ttl: '1m', wait: '50ms' })
  if (lock === undefined) return
  const from = now()
  await new Promise((resolve) => setTimeout(resolve, pick(5)))
  const to = now()
  if (!(await lock.release())) wrong.push(['a lock was lost', i])
  log.push(['lock', i, undefined, from, to])
}

async function step() {
  const chance = Math.random()
  if (chance < 0.75) return readStable()
  if (chance < 0.78) {
    const i = pick(keys)
    return cache.set(`stable:${i}`, { i, at: now() })
  }
  if (chance < 0.84) {
    // One change of a key at a time, so that their order is known.
    if (busy.has('own')) return
    busy.add('own')
    return writeOwn().finally(() => busy.delete('own'))
  }
  if (chance < 0.94) return readOwn()
  return chance < 0.98 ? count() : lock()
}

async function client() {
  while (!isOver) {
    await step().catch((error) => wrong.push([error.code, error.message]))
    await new Promise((resolve) => setTimeout(resolve, 4 + pick(8)))
  }
}

await cache.connect()
const clients = Array.from({ length: 8 }, client)
process.on('message', async (message) => {
  if (message === 'rebalance') {
    const began = performance.now()
    const report = await cache.rebalance().catch((error) => ({ error: error.message, ...error.partial }))
    process.send({ rebalanced: report, seconds: (performance.now() - began) / 1000 })
    return
  }
  isOver = true
  await Promise.all(clients)
  await cache.close()
  process.send({ ended: { windows: [...windows], log, wrong: wrong.slice(0, 20) } }, () => process.disconnect())
})
process.send({ ready: true })
process.once('disconnect', () => process.exit(isOver ? 0 : 1))
