// One of the processes that use the cache: node worker.js '{ id, workers, seed, rate, servers }', driven over IPC.
import process from 'node:process'
import { createCache, rendezvous, ShaleError } from '@shale/cache'
import { Ledger } from './ledger.ts'
import type { FromWorker, ToWorker, WorkerOptions } from './messages.ts'
import { between, seeded } from './random.ts'

const { id, workers, seed, rate, servers } = JSON.parse(process.argv[2] ?? '') as WorkerOptions
const keysPerWorker = 500
const tickMs = 10
const shards = (servers as unknown as readonly { readonly name: string }[]).map(({ name }) => ({ name }))
const prefix = 'soak'

const random = seeded(seed * 31 + id)
const cache = createCache({ servers, keyPrefix: prefix, ttl: '10m', timeout: '250ms', readFrom: 'replica-preferred' })
const router = rendezvous()(shards)
const shardOf = (key: string): string => router.route(`${prefix}:1:${key}`)
const ledger = new Ledger()
const busy = new Set<string>()
const errors: Record<string, number> = {}
let calls = 0
let writes = 0
let slowestMs = 0
let loading = true

const say = (message: FromWorker): void => void process.send?.(message)
const keyOf = (owner: number): string => `${owner}:${between(random, 0, keysPerWorker - 1)}`

async function call<T>(run: () => Promise<T>): Promise<T | undefined> {
  calls++
  const began = performance.now()
  try {
    return await run()
  } catch (error) {
    if (!ShaleError.is(error)) throw error
    errors[error.code] = (errors[error.code] ?? 0) + 1
    return undefined
  } finally {
    slowestMs = Math.max(slowestMs, performance.now() - began)
  }
}

/** One operation. Those on one of our own keys come one after the other, so that it is known what must be read. */
async function operate(): Promise<void> {
  const dice = random()
  if (dice < 0.45) return readOther()
  if (dice < 0.5) {
    const owner = between(random, 0, workers - 1)
    if (owner === id) return
    const keys = Array.from({ length: 20 }, () => keyOf(owner))
    for (const [key, value] of (await call(() => cache.getMany(keys))) ?? []) ledger.readOther(key, value, shardOf(key))
    return
  }
  const key = keyOf(id)
  if (busy.has(key)) return
  busy.add(key)
  try {
    if (dice < 0.75) ledger.readOwn(key, await call(() => cache.get(key)), shardOf(key))
    else if (dice < 0.93) {
      writes++
      const counter = ledger.writing(key)
      await call(() => cache.set(key, { key, counter, filler: 'x'.repeat(between(random, 0, 300)) }))
    } else if (dice < 0.98) {
      writes++
      ledger.deleting(key)
      await call(() => cache.delete(key))
    } else await call(() => cache.touch(key, '10m'))
  } finally {
    busy.delete(key)
  }
}

async function readOther(): Promise<void> {
  const owner = (id + between(random, 1, workers - 1)) % workers
  const key = keyOf(owner)
  ledger.readOther(key, await call(() => cache.get(key)), shardOf(key))
}

/** Whether every server is ready and every call is answered; else what is not. */
async function problem(): Promise<string> {
  const down = cache
    .stats()
    .servers.filter(({ state, breaker }) => state === 'down' || state === 'connecting' || breaker === 'open' || breaker === 'half-open')
  if (down.length > 0) return down.map(({ server, state, breaker }) => `${server} is ${state}, its breaker ${breaker}`).join('; ')
  const before = cache.stats().degraded
  const keys = Array.from({ length: 100 }, () => keyOf(between(random, 0, workers - 1)))
  await call(() => cache.getMany(keys))
  return cache.stats().degraded === before ? '' : 'a read of 100 keys degraded'
}

async function settle(): Promise<void> {
  loading = false
  const began = performance.now()
  let found = await problem()
  while (found !== '' && performance.now() - began < 15_000) {
    await new Promise((resolve) => setTimeout(resolve, 50))
    found = await problem()
  }
  say({ kind: 'settled', ms: performance.now() - began, healthy: found === '', ledger: ledger.lines(shardOf), problem: found })
}

async function verify(lines: Extract<ToWorker, { kind: 'verify' }>['ledger']): Promise<void> {
  for (let at = 0; at < lines.length; at += 200) {
    const some = lines.slice(at, at + 200)
    const values = (await call(() => cache.getMany(some.map(({ key }) => key)))) ?? new Map<string, unknown>()
    for (const line of some) ledger.verify(line, values.get(line.key))
  }
  const { hits, misses, degraded } = cache.stats()
  const { wrong, lostByFailover, olderOfOthers } = ledger
  say({ kind: 'report', report: { calls, hits, misses, writes, degraded, errors, lostByFailover, olderOfOthers, slowestMs, wrong } })
}

process.on('unhandledRejection', (error) => ledger.failed('an unhandled rejection', '', { error: String(error) }))
process.on('message', (message: ToWorker) => {
  if (message.kind === 'fault') ledger.fault(message.shard, message.on, message.lossy)
  else if (message.kind === 'settle') void settle()
  else if (message.kind === 'verify') void verify(message.ledger)
  else {
    clearInterval(load)
    clearInterval(sample)
    void cache.close().then(() => process.disconnect())
  }
})

await cache.connect()
let owed = 0
const load = setInterval(() => {
  if (!loading) return
  for (owed += (rate * tickMs) / 1000; owed >= 1; owed--) void operate()
}, tickMs)
const sample = setInterval(() => {
  globalThis.gc?.()
  say({ kind: 'sample', heapBytes: process.memoryUsage().heapUsed })
}, 1000)
say({ kind: 'ready' })
