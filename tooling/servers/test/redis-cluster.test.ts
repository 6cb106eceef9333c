import { afterAll, beforeAll, expect, test } from 'vitest'
import { startCluster, until, type ClusterNode, type RedisCluster } from '@tooling/servers'

let cluster: RedisCluster
beforeAll(async () => {
  cluster = await startCluster()
}, 60_000)
afterAll(() => cluster.stop())

test('six processes make a cluster that serves all slots', async () => {
  expect(cluster.nodes).toHaveLength(6)
  expect(await cluster.primaries()).toEqual(cluster.nodes.slice(0, 3))
  for (const [i, primary] of cluster.nodes.slice(0, 3).entries()) {
    expect(await cluster.replicasOf(primary)).toEqual([cluster.nodes[i + 3]])
  }
  expect(await cluster.slotOf('123456789')).toBe(0x31c3)
  const owner = await cluster.ownerOf(0x31c3)
  await owner.command('SET', '123456789', 'a')
  for (const node of await cluster.primaries()) {
    if (node !== owner) await expect(node.command('GET', '123456789')).rejects.toThrow(`MOVED ${0x31c3} ${owner.host}:${owner.port}`)
  }
})

test('a slot is moved with its keys, and can be left half way', async () => {
  const slot = await cluster.slotOf('{m}')
  const from = await cluster.ownerOf(slot)
  const to = (await cluster.primaries()).find((node) => node !== from) as ClusterNode
  for (const name of ['a', 'b', 'c']) await from.command('SET', `{m}${name}`, name)
  const migration = await cluster.beginMigration(slot, to)
  expect(await migration.moveKeys(2)).toBe(2)
  await expect(from.command('GET', '{m}missing')).rejects.toThrow(/^ASK/)
  await expect(from.command('MGET', '{m}a', '{m}b', '{m}c')).rejects.toThrow(/^(TRYAGAIN|ASK)/)
  expect(await migration.moveKeys(2)).toBe(1)
  expect(await migration.moveKeys(2)).toBe(0)
  await migration.finish()
  expect(await cluster.ownerOf(slot)).toBe(to)
  expect(await to.command('GET', '{m}c')).toBe('c')
  await cluster.migrateSlot(slot, from)
  expect(await from.command('MGET', '{m}a', '{m}b', '{m}c')).toEqual(['a', 'b', 'c'])
  await cluster.settled()
})

test('a replica takes over by command, and when its primary is killed', async () => {
  const primary = cluster.nodes[0] as ClusterNode
  const promoted = await cluster.failover(primary)
  expect(promoted).toBe(cluster.nodes[3])
  await until('the old primary follows', async () => (await cluster.replicasOf(promoted)).includes(primary))
  await cluster.settled()
  expect(await cluster.failover(promoted, 'kill')).toBe(primary)
  await promoted.restart()
  await until('the killed one follows', async () => (await cluster.replicasOf(primary)).includes(promoted))
  await cluster.settled()
}, 60_000)

test('a cluster with a password, whose slots move', async () => {
  await using locked = await startCluster({ primaries: 2, replicas: 0, password: 'secret' })
  const [from, to] = locked.nodes as [ClusterNode, ClusterNode]
  expect(from.url).toContain('secret')
  await from.command('SET', 'b', 'of b')
  await locked.migrateSlot(await locked.slotOf('b'), to)
  expect(await to.command('GET', 'b')).toBe('of b')
}, 60_000)
