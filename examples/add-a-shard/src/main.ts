import { createCache, type Cache, type CacheOptions } from '@shale/cache'
import { startRedis } from '@tooling/servers'
import { Load, product } from './load.ts'

const products = 5000
const names = ['ash', 'birch', 'cedar', 'dogwood']
const servers = await Promise.all(names.map(() => startRedis()))
const four = names.map((name, i) => ({ name, primary: servers[i]!.url }))
const three = four.slice(0, 3)
const open = (layout: Pick<CacheOptions, 'servers' | 'previousServers'>): Cache => createCache({ ...layout, keyPrefix: 'shop', ttl: '1h' })

const first = open({ servers: three })
await first.setMany(Array.from({ length: products }, (_, id) => [`product:${id}`, product(id)] as const))
const naive = open({ servers: four })
const found = await naive.getMany(Array.from({ length: products }, (_, id) => `product:${id}`))
console.log(`${products} products on three shards. Asked of four at once, ${percent(found.size, products)} of them would be found.\n`)
await naive.close()

const load = new Load(products, [first, open({ servers: three })])
const began = performance.now()
console.log('     s  hit rate of 250 ms')

await watch(4)
await deploy('deploy 1: servers three, previousServers four', { servers: three, previousServers: four })
await deploy('deploy 2: servers four, previousServers three', { servers: four, previousServers: three })
say('rebalance()')
const moving = load.processes[0]!.rebalance({ rate: 1000 })
await watch(6)
const { moved, home, dropped } = await moving
say(`moved ${moved} entries, dropped ${dropped} that had been read or written since; ${home} were at home`)
await deploy('deploy 3: servers four', { servers: four })

await load.stop()
await Promise.all(load.processes.map((cache) => cache.close()))
const sizes = await Promise.all(servers.map((server) => server.command('DBSIZE')))
console.log(`\n${names.map((name, i) => `${name} has ${String(sizes[i])}`).join(', ')}`)
await Promise.all(servers.map((server) => server.stop()))

/** One process after the other is replaced, while the others serve. */
async function deploy(name: string, layout: Pick<CacheOptions, 'servers' | 'previousServers'>): Promise<void> {
  for (let i = 0; i < load.processes.length; i++) {
    say(`${name}, process ${i + 1} of ${load.processes.length}`)
    const before = load.processes[i]!
    const next = open(layout)
    await next.connect()
    load.processes[i] = next
    await watch(3)
    await before.close()
  }
}

/** Shows the hit rate of a few windows. */
async function watch(windows: number): Promise<void> {
  load.look()
  for (; windows > 0; windows--) {
    await new Promise((resolve) => setTimeout(resolve, 250))
    const { reads, hits } = load.look()
    const bar = '█'.repeat(Math.round((40 * hits) / Math.max(reads, 1))).padEnd(40, '·')
    console.log(`${seconds()}  ${bar} ${percent(hits, reads)} of ${reads}`)
  }
}

function say(what: string): void {
  console.log(`${seconds()}  ${what}`)
}

function seconds(): string {
  return ((performance.now() - began) / 1000).toFixed(2).padStart(6)
}

function percent(part: number, all: number): string {
  return `${((100 * part) / Math.max(all, 1)).toFixed(1)} %`
}
