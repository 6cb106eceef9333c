import { createCache } from '@shale/cache'
import { startCluster } from '@tooling/servers'

const count = 3000
console.log('Starting a cluster of three primaries with a replica each …')
const cluster = await startCluster()
const cache = createCache({ servers: { cluster: cluster.urls }, keyPrefix: 'shop' })
cache.on('primary', ({ server, previous }) =>
  console.log(`  ${server} is a primary now${previous === undefined ? '' : `, in place of ${previous}`}`),
)

const products = Object.fromEntries(Array.from({ length: count }, (_, id) => [`product:${id}`, { id, price: id * 10 }]))
const keys = Object.keys(products)
console.log(`${count - (await cache.setMany(products)).length} of ${count} products are stored`)
console.log(`getMany finds ${(await cache.getMany(keys)).size} of them, whatever their slots`)
await cache.set('visits', 0)
await cache.incrVersion('product:7')
console.log(`product:7 has moved to version 2, from slot to slot: ${JSON.stringify(await cache.get('product:7', { version: 2 }))}`)

let running = true
const tally = { calls: 0, hits: 0, counted: 0, errors: 0 }
const load = (async () => {
  while (running) {
    tally.calls += 100
    const at = (tally.calls / 100) % (count / 100)
    tally.hits += (await cache.getMany(keys.slice(at * 100, at * 100 + 100))).size
    await cache.incr('visits').then(
      () => tally.counted++,
      () => tally.errors++,
    )
    await pause(5)
  }
})()

const slot = await cluster.slotOf('shop:1:visits')
const owner = await cluster.ownerOf(slot)
const [other] = (await cluster.primaries()).filter(({ id }) => id !== owner.id)
console.log(`\nUnder load, slot ${slot}, which has the counter, moves to another node:`)
await cluster.migrateSlot(slot, other!)
await pause(200)
console.log(`  ${tally.counted} increments so far, the counter says ${await cache.get<number>('visits')}; ${tally.errors} errors`)

console.log('\nUnder load, a replica takes over from its primary, as before maintenance:')
const [first] = await cluster.primaries()
await cluster.failover(first!, 'command')
await pause(500)
const before = { ...tally }

console.log('\nUnder load, a primary dies, and its replica takes over:')
const [doomed] = (await cluster.primaries()).filter(({ id }) => id !== other!.id)
await cluster.failover(doomed!, 'kill')
await cluster.settled()
await pause(1000)
running = false
await load
const asked = tally.calls - before.calls
console.log(
  `  ${((100 * (tally.hits - before.hits)) / asked).toFixed(1)} % of ${asked} reads were hits, the others were for the dead primary's slots; ${tally.errors} increments failed`,
)
console.log(`  afterwards getMany finds ${(await cache.getMany(keys)).size} of ${count - 1}`)

console.table(
  cache.stats().servers.map(({ server, role, state, breaker, latency, reconnects }) => ({
    server,
    role,
    state,
    breaker,
    'p99 ms': latency?.p99.toFixed(1),
    reconnects,
  })),
)
await cache.close()
await cluster.stop()

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
