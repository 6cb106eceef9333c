import { createCache, ShaleError } from '@shale/cache'
import { startSentinels } from '@tooling/servers'

console.log('Starting a primary, two replicas and three sentinels …')
const group = await startSentinels({ sentinels: 3, replicas: 2 })

// The cache knows the sentinels and the name of what they watch, and no server by its address.
const cache = createCache({
  servers: { sentinels: group.sentinels.map(({ url }) => url), master: group.master },
  readFrom: 'replica-preferred',
  keyPrefix: 'shop',
  timeout: '300ms',
})
cache.on('primary', ({ shard, server, previous }) => {
  console.log(`  ${shard}: ${server} is the primary${previous === undefined ? '' : ` now, in place of ${previous}`}`)
})
cache.on('breaker', ({ server, state }) => console.log(`  the breaker of ${server} is ${state}`))

await cache.connect()
await cache.set('visits', 0, { ttl: null })
console.log(`The counter starts at ${await cache.get<number>('visits')}\n`)

let running = true
const ends: { at: number; ok: boolean }[] = []
const load = (async () => {
  while (running) {
    try {
      await cache.incr('visits')
      ends.push({ at: performance.now(), ok: true })
    } catch (error) {
      if (!ShaleError.is(error)) throw error
      ends.push({ at: performance.now(), ok: false })
    }
    await pause(2)
  }
})()

await pause(300)
console.log('The primary is killed. The sentinels notice, agree, and promote a replica:')
const killedAt = performance.now()
await group.killPrimary()
const namedAt = performance.now()
await pause(1500)
running = false
await load

const firstAfter = ends.find(({ at, ok }) => ok && at > killedAt + 50)?.at ?? Infinity
const refused = ends.filter(({ ok }) => !ok).length
console.log(
  `  the sentinels named another after ${Math.round(namedAt - killedAt)} ms; increments went on ${Math.round(firstAfter - killedAt)} ms after the kill`,
)
const counted = (await cache.get<number>('visits')) ?? 0
const lost = ends.length - refused - counted
console.log(`  ${ends.length - refused} increments, ${refused} told that they failed; the counter says ${counted}`)
if (lost > 0)
  console.log(`  ${lost} were acknowledged and went with a primary before they were replicated: Redis replicates asynchronously`)

console.table(
  cache
    .stats()
    .servers.map(({ server, role, state, breaker, lag, reconnects }) => ({ server, role, state, breaker, 'lag ms': lag, reconnects })),
)
await cache.close()
await group.stop()

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
