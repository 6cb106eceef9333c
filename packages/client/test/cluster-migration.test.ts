import { setTimeout as wait } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createSeededRandom } from '@shale/testing'
import { startCluster, type ClusterNode, type RedisCluster } from '@tooling/servers'
import { slotOf } from '../src/slot.ts'
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

test('slots that move under load: every answer is right, calls on a key keep their order', async () => {
  console.log(`seed ${seed}`)
  const random = createSeededRandom(seed)
  const store = openCluster(cluster, { timeout: 3000 })
  const tags = ['a', 'b', 'c', 'd']
  const workers = Array.from({ length: 4 }, (_, worker) => {
    const keys = tags.flatMap((tag) => [0, 1, 2].map((i) => `{${tag}}${worker}:${i}`))
    return new OrderedWorkload(store, { keys: [...keys, `alone ${worker}`], random: createSeededRandom(seed + worker) })
  })
  let over = false
  const working = workers.map((worker) => worker.run(() => over))
  const end = Date.now() + 10_000
  let migrations = 0
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
    await wait(random() * 50)
  }
  over = true
  await Promise.all(working)
  const met = await redirects()
  const reports = workers.map(({ report }) => report)
  const calls = reports.reduce((sum, report) => sum + report.calls, 0)
  const errors = reports.flatMap((report) => [...report.errors])
  console.log(`${calls} calls, ${migrations} migrations, ${JSON.stringify(met)}, errors: ${JSON.stringify(errors)}`)
  expect(reports.flatMap(({ wrong }) => wrong)).toEqual([])
  expect(errors).toEqual([])
  for (const name of ['MOVED', 'ASK', 'TRYAGAIN']) expect(met[name], name).toBeGreaterThan(0)
  await store.close()
}, 60_000)
