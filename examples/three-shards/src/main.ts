import { createCache, type Cache } from '@shale/cache'
import { startRedis } from '@tooling/servers'

const count = 3000
const names = ['ash', 'birch', 'cedar']
const servers = await Promise.all(names.map(() => startRedis()))

// Named shards: an address can change without moving a key.
const cache = createCache({
  servers: names.map((name, i) => ({ name, primary: servers[i]!.url })),
  keyPrefix: 'shop',
  timeout: '200ms',
})
cache.on('breaker', ({ server, state }) => console.log(`  the breaker of ${server} is ${state}`))

await cache.connect()
const products = Object.fromEntries(
  Array.from({ length: count }, (_, id) => [`product:${id}`, { id, name: `product ${id}`, price: id * 10 }]),
)
const notStored = await cache.setMany(products)
if (notStored.length > 0) console.log(`${notStored.length} products could not be stored`)
const sizes = await Promise.all(servers.map(async (server) => Number(await server.command('DBSIZE'))))
console.log(`${count} products over three shards: ${names.map((name, i) => `${name} has ${sizes[i]}`).join(', ')}`)
console.log(`product:7 lives on ${(await cache.inspect('product:7'))?.shard}; a batch asks each shard once:`)
await report(cache, 'all is well')

console.log('\nbirch hangs. What it holds is a miss at the deadline, then at once; what the others hold is a hit:')
servers[1]!.pause()
await report(cache, 'the first call')
for (let i = 0; i < 3; i++) await report(cache, 'a later one')
await cache
  .deleteMany(['product:1', 'product:2', 'product:3', 'product:4'])
  .catch((error: Error) => console.log(`  deleteMany says: ${error.message.slice(0, 110)}…`))

console.log('\nbirch goes on:')
servers[1]!.resume()
const began = performance.now()
while ((await cache.getMany(Object.keys(products))).size < count - 4 && performance.now() - began < 5000) await pause(20)
await report(cache, performance.now() - began < 5000 ? `after ${Math.round(performance.now() - began)} ms` : 'not back after 5 s')

console.log('\nEach server, as stats() tells:')
console.table(
  cache.stats().servers.map(({ shard, server, state, breaker, latency, reconnects }) => ({
    shard,
    server,
    state,
    breaker,
    'p99 ms': latency?.p99.toFixed(1),
    reconnects,
  })),
)
await cache.close()
await Promise.all(servers.map((server) => server.stop()))

async function report(from: Cache, when: string): Promise<void> {
  const start = performance.now()
  const hits = await from.getMany(Object.keys(products))
  console.log(
    `  ${when.padEnd(16)} ${String(hits.size).padStart(5)} of ${count} hits in ${(performance.now() - start).toFixed(1).padStart(6)} ms`,
  )
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
