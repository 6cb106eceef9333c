// Compares `get` through a store, deadline included, with bare node-redis whose own timeout is off. Needs REDIS_URL, or a
// redis-server on the PATH; run `tsc -b packages/client` first: node packages/client/bench/get.mjs [seconds per round] [rounds]
import { spawn } from 'node:child_process'
import { createServer } from 'node:net'
import { createClient, RESP_TYPES } from '@redis/client'
import { createStore } from '@shale/client'

const [seconds = 1, rounds = 7] = process.argv.slice(2).map(Number)
const entries = 10_000
const value = Buffer.from(JSON.stringify({ id: 1, name: 'a name', text: 'x'.repeat(260) }))
const keyOf = (i) => `bench:${i % entries}`

const { url, stop } = process.env.REDIS_URL === undefined ? await startServer() : { url: process.env.REDIS_URL, stop() {} }
const bare = createClient({ url, commandOptions: { timeout: undefined } })
bare.on('error', () => {})
await bare.connect()
const buffers = bare.withTypeMapping({ [RESP_TYPES.BLOB_STRING]: Buffer })
const store = createStore(url)
await store.set(Array.from({ length: entries }, (_, i) => ({ key: keyOf(i), value, ttl: null })))

const contenders = {
  'bare node-redis': (i) => buffers.get(keyOf(i)),
  'store with deadline': (i) => store.get([keyOf(i)]),
}

const rows = []
for (const callers of [1, 64, 512]) {
  const rates = Object.fromEntries(Object.keys(contenders).map((name) => [name, []]))
  for (let round = 0; round <= rounds; round++) {
    for (const [name, get] of Object.entries(contenders)) {
      const rate = await measure(get, callers)
      // The first round warms up.
      if (round > 0) rates[name].push(rate)
    }
  }
  const [base, ours] = Object.values(rates).map(median)
  rows.push({
    callers,
    'bare node-redis, k/s': Math.round(base / 1000),
    'store with deadline, k/s': Math.round(ours / 1000),
    ratio: Number((ours / base).toFixed(2)),
  })
}
console.table(rows)
await store.close()
await bare.close()
stop()

async function measure(get, callers) {
  const end = performance.now() + seconds * 1000
  let count = 0
  const start = performance.now()
  const caller = async () => {
    while (performance.now() < end) {
      await get(count)
      count++
    }
  }
  await Promise.all(Array.from({ length: callers }, caller))
  return count / ((performance.now() - start) / 1000)
}

function median(values) {
  return values.toSorted((a, b) => a - b)[values.length >> 1]
}

async function startServer() {
  const port = await new Promise((resolve) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const { port } = probe.address()
      probe.close(() => resolve(port))
    })
  })
  const child = spawn(
    process.env.REDIS_SERVER ?? 'redis-server',
    ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'],
    { stdio: 'ignore' },
  )
  process.once('exit', () => child.kill('SIGKILL'))
  const url = `redis://127.0.0.1:${port}`
  const store = createStore(url)
  for (let left = 200; ; left--) {
    try {
      await store.connect()
      break
    } catch (error) {
      if (left === 0) throw error
      await new Promise((resolve) => setTimeout(resolve, 25))
    }
  }
  await store.close()
  return { url, stop: () => child.kill('SIGKILL') }
}
