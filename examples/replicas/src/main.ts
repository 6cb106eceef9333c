import { createCache, ShaleError } from '@shale/cache'
import { startReplicaSet } from '@tooling/servers'

const count = 2000
const set = await startReplicaSet({ replicas: 2 })
const [primary, ...replicas] = set.servers.map(({ url }) => url)

// Reads go to the replicas; what this process wrote itself it reads from the primary until a replica has it.
const cache = createCache({ servers: { primary: primary!, replicas }, readFrom: 'replica-preferred', keyPrefix: 'shop' })
cache.on('primary', ({ server, previous }) => {
  console.log(previous === undefined ? `  the primary is ${server}` : `  ${server} is the primary now, in place of ${previous}`)
})
cache.on('replica', ({ server, readable }) => console.log(`  the replica ${server} is ${readable ? 'read from' : 'not read from'}`))

await cache.connect()
const products = Object.fromEntries(Array.from({ length: count }, (_, id) => [`product:${id}`, { id, stock: 100 }]))
await cache.setMany(products)
await pause(500)
const reads = await readsOf(async () => {
  for (let i = 0; i < 20; i++) await cache.getMany(Object.keys(products))
})
console.log(`\n${20 * count} reads; keys asked of each server: ${reads.join(', ')}. The first is the primary.`)

await cache.set('note', 'written a moment ago')
console.log(`Its own write a process reads at once: ${await cache.get<string>('note')}`)

console.log('\nUnder writes, an operator promotes a replica:')
let running = true
let writes = 0
let lastError = 0
const failed: Record<string, number> = {}
const began = performance.now()
const writer = (async () => {
  for (; running; writes++) {
    try {
      await cache.add(`order:${writes}`, { number: writes })
    } catch (error) {
      if (!ShaleError.is(error)) throw error
      failed[error.code] = (failed[error.code] ?? 0) + 1
      lastError = performance.now()
    }
    await pause(1)
  }
})()
await pause(200)
const promoted = performance.now()
await set.promote(0)
await pause(1500)
running = false
await writer
const trouble = Object.entries(failed).map(([code, times]) => `${times} × ${code}`)
console.log(`  ${writes} writes in ${Math.round(performance.now() - began)} ms; errors: ${trouble.join(', ') || 'none'}`)
if (lastError > 0) console.log(`  the last error came ${Math.round(lastError - promoted)} ms after the promotion`)

await cache.close()
await set.stop()

/** How many keys each server was asked for while `run` ran. */
async function readsOf(run: () => Promise<void>): Promise<number[]> {
  const asked = (): Promise<number[]> =>
    Promise.all(
      set.servers.map(async (server) => {
        const stats = String(await server.command('INFO', 'stats'))
        return Number(/^keyspace_hits:(\d+)/m.exec(stats)?.[1]) + Number(/^keyspace_misses:(\d+)/m.exec(stats)?.[1])
      }),
    )
  const before = await asked()
  await run()
  return (await asked()).map((keys, i) => keys - before[i]!)
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
