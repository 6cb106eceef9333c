import { setTimeout as wait } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startCluster, until, type ClusterNode, type RedisCluster } from '@tooling/servers'
import { slotOf } from '../src/cluster/slot.ts'
import { openCluster } from './open-cluster.ts'

let cluster: RedisCluster
beforeAll(async () => {
  cluster = await startCluster({ replicas: 0 })
}, 60_000)
afterAll(() => cluster.stop())

const value = new TextEncoder().encode('1')
const entry = (key: string): { key: string; value: Uint8Array; ttl: null } => ({ key, value, ttl: null })

test('a read that is made after a flush sees nothing of before, whoever waits for it or not', async () => {
  const store = openCluster(cluster)
  for (let i = 0; i < 20; i++) {
    await store.set([entry('a'), entry('b'), entry('c')])
    const flush = store.flush()
    expect(await store.get(['a', 'b', 'c'])).toEqual([undefined, undefined, undefined])
    await flush
  }
  await store.close()
})

test('a write that was made before a flush, and has to be sent again, does not come after it', async () => {
  const store = openCluster(cluster, { timeout: 3000 })
  await store.set([entry('a')])
  const slot = slotOf('a')
  const owner = await cluster.ownerOf(slot)
  await owner.command('CLUSTER', 'DELSLOTS', slot)
  await until('the cluster is down', async () => String(await owner.command('CLUSTER', 'INFO')).includes('cluster_state:fail'))
  // Of a slot that is served, by a node that says CLUSTERDOWN.
  const key = [...Array(1000).keys()]
    .map((i) => `key:${i}`)
    .find((one) => store.locate(one).server === store.locate('a').server && one !== 'a') as string
  const written = store.set([entry(key)])
  const flush = store.flush()
  // Long enough for a flush that does not wait for the write, and not too long for the write.
  await wait(30)
  await owner.command('CLUSTER', 'ADDSLOTS', slot)
  const [answer] = await written
  await flush
  // On a machine that is busy it may have been told in the meantime.
  if (answer !== true) expect(answer).toMatchObject({ code: 'SERVER_UNAVAILABLE' })
  expect(await store.get([key])).toEqual([undefined])
  await cluster.settled()
  await store.close()
}, 30_000)

test('a scan and a flush reach a node whose first slot is on its way to it', async () => {
  const store = openCluster(cluster, { timeout: 3000 })
  const added: ClusterNode = await cluster.addNode()
  const keys = Array.from({ length: 20 }, (_, i) => `{half}:${i}`)
  await store.set(keys.map(entry))
  const migration = await cluster.beginMigration(slotOf('half'), added)
  await migration.moveKeys(7)
  const scan = async (): Promise<string[]> => {
    const seen = new Set<string>()
    for await (const page of store.scan('{half}:*')) for (const key of page) seen.add(key)
    return [...seen].sort()
  }
  expect(await scan()).toEqual([...keys].sort())
  await store.flush()
  expect(await scan()).toEqual([])
  expect(await added.command('DBSIZE')).toBe(0)
  await store.close()
}, 60_000)
