import { setTimeout as wait } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createSeededRandom } from '@shale/testing'
import { startCluster, type ClusterNode, type RedisCluster } from '@tooling/servers'
import { slotOf } from '../src/cluster/slot.ts'
import { openCluster } from './open-cluster.ts'
import { OrderedWorkload } from './ordered-workload.ts'

let cluster: RedisCluster
beforeAll(async () => {
  cluster = await startCluster()
}, 60_000)
afterAll(() => cluster.stop())

const seed = Number(process.env['SEED'] ?? Math.floor(Math.random() * 2 ** 31))

/** How often each redirect was replied by any node so far. */
async function redirects(): Promise<Record<string, number>> {
  const counts: Record<string, number> = {}
  for (const node of cluster.nodes) {
    const info = String(await node.command('INFO', 'errorstats'))
    for (const [, name, count] of info.matchAll(/errorstat_(MOVED|ASK|TRYAGAIN|CLUSTERDOWN):count=(\d+)/g)) {
      counts[name as string] = (counts[name as string] ?? 0) + Number(count)
    }
  }
  return counts
}

/** How many reads the nodes answered in all that are replicas now. */
async function replicaReads(): Promise<number> {
  const primaries = await cluster.primaries()
  const infos = await Promise.all(
    cluster.nodes.filter((node) => !primaries.includes(node)).map((node) => node.command('INFO', 'commandstats')),
  )
  return infos.reduce((sum: number, info) => sum + Number(/cmdstat_get:calls=(\d+)/.exec(String(info))?.[1] ?? 0), 0)
}

test.each([
  ['primary', false],
  ['primary', true],
  ['any', false],
  ['any', true],
] as const)(
  'slots that move under load, reads from %s, failovers %s: every answer is right, calls on a key keep their order',
  async (readFrom, failsOver) => {
    console.log(`seed ${seed}`)
    await cluster.settled()
    for (const node of await cluster.primaries()) await node.command('FLUSHALL')
    const random = createSeededRandom(seed)
    const store = openCluster(cluster, { timeout: 3000, readFrom, maxReplicaLag: 400 })
    const tags = ['a', 'b', 'c', 'd']
    const workers = Array.from({ length: 4 }, (_, worker) => {
      const keys = tags.flatMap((tag) => [0, 1, 2].map((i) => `{${tag}}${worker}:${i}`))
      return new OrderedWorkload(store, { keys: [...keys, `alone ${worker}`], random: createSeededRandom(seed + worker), rest: 250 })
    })
    let over = false
    const working = workers.map((worker) => worker.run(() => over))
    const end = Date.now() + 10_000
    let migrations = 0
    let failovers = 0
    let lastFailover = Date.now() - 2500
    while (Date.now() < end) {
      const slot = slotOf(tags[Math.floor(random() * tags.length)] as string)
      const owner = await cluster.ownerOf(slot)
      const to = (await cluster.primaries()).filter((node) => node !== owner)[Math.floor(random() * 2)] as ClusterNode
      const migration = await cluster.beginMigration(slot, to)
      for (let found = 1; found > 0;) {
        await wait(random() * 30)
        found = await migration.moveKeys(2)
      }
      await migration.finish()
      migrations++
      if (failsOver && Date.now() > lastFailover + 3500) {
        await cluster.settled()
        lastFailover = Date.now()
        await cluster.failover(to)
        await cluster.settled()
        failovers++
      }
      await wait(random() * 50)
    }
    over = true
    await Promise.all(working)
    await cluster.settled()
    const met = await redirects()
    const reports = workers.map(({ report }) => report)
    const calls = reports.reduce((sum, report) => sum + report.calls, 0)
    const errors = reports.flatMap((report) => [...report.errors])
    const byReplicas = await replicaReads()
    console.log(
      `${calls} calls, ${migrations} migrations, ${failovers} failovers, ${JSON.stringify(met)}, ${byReplicas} reads by replicas, errors: ${JSON.stringify(errors)}`,
    )
    // A node that failed over was asked as a primary too.
    if (readFrom === 'any' && !failsOver) expect(byReplicas).toBeGreaterThan(100)
    expect(reports.flatMap(({ wrong }) => wrong)).toEqual([])
    expect(errors).toEqual([])
    for (const name of ['MOVED', 'ASK', 'TRYAGAIN']) expect(met[name], name).toBeGreaterThan(0)
    await store.close()
  },
  60_000,
)
