import { setTimeout as wait } from 'node:timers/promises'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { ShaleError, type Store } from '@shale/contracts'
import { startCluster, type ClusterNode, type RedisCluster } from '@tooling/servers'
import { nodeRedis } from '@shale/client'
import { slotOf } from '../src/cluster/slot.ts'
import { moveAround } from './move-slots.ts'
import { openCluster } from './open-cluster.ts'

const clientName = 'under-test'
let cluster: RedisCluster
let store: Store
beforeAll(async () => {
  cluster = await startCluster()
  store = openCluster(cluster, { timeout: 3000, driver: nodeRedis({ clientName }) })
}, 60_000)
afterAll(async () => {
  await store.close()
  await cluster.stop()
})
beforeEach(async () => {
  await cluster.settled()
  for (const node of await cluster.primaries()) await node.command('FLUSHALL')
})

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const put = (keys: readonly string[]): Promise<unknown[]> => store.set(keys.map((key) => ({ key, value: bytes('1'), ttl: null })))

async function another(than: ClusterNode): Promise<ClusterNode> {
  return (await cluster.primaries()).find((node) => node !== than) as ClusterNode
}

async function scanned(pattern: string): Promise<Set<string>> {
  const seen = new Set<string>()
  for await (const page of store.scan(pattern)) for (const key of page) seen.add(key)
  return seen
}

test('a scan while slots move gives every key that stays', async () => {
  const tags = ['a', 'b', 'c', 'd', 'e', 'f']
  const moving = tags.flatMap((tag) => Array.from({ length: 50 }, (_, i) => `{${tag}}:${i}`))
  const still = Array.from({ length: 5000 }, (_, i) => `still:${i}`)
  await put([...moving, ...still])
  let over = false
  const migrations = moveAround(cluster, tags, () => over)
  let scans = 0
  for (const end = Date.now() + 6000; Date.now() < end; scans++) {
    const seen = await scanned('*')
    expect([...moving, ...still].filter((key) => !seen.has(key))).toEqual([])
    const few = await scanned('{b}:1?')
    expect(few.size).toBe(10)
  }
  over = true
  console.log(`${2 * scans} scans, ${await migrations} migrations`)
  expect(scans).toBeGreaterThan(1)
}, 60_000)

test('a scan finds what is at both ends of a slot that is half moved', async () => {
  const keys = Array.from({ length: 20 }, (_, i) => `{half}:${i}`)
  await put(keys)
  const from = await cluster.ownerOf(slotOf('half'))
  const migration = await cluster.beginMigration(slotOf('half'), await another(from))
  await migration.moveKeys(7)
  expect((await scanned('{half}:*')).size).toBe(20)
  expect((await store.delete(keys)).count).toBe(20)
  await put(keys)
  await store.flush()
  expect((await scanned('*')).size).toBe(0)
  while ((await migration.moveKeys(100)) > 0);
  await migration.finish()
})

test('a scan during a failover gives every key that stays, or says that it could not', async () => {
  const keys = Array.from({ length: 20_000 }, (_, i) => `key:${i}`)
  await put(keys)
  const primary = await cluster.ownerOf(slotOf('key:0'))
  const failing = wait(5).then(() => cluster.failover(primary))
  const outcome = await scanned('key:*').catch((error: unknown) => error)
  await failing
  if (outcome instanceof Set) expect(keys.filter((key) => !outcome.has(key))).toEqual([])
  else expect(ShaleError.is(outcome)).toBe(true)
  await cluster.settled()
  expect((await scanned('key:*')).size).toBe(keys.length)
}, 60_000)

test('a flush while slots move leaves nothing, and nothing that was written after it goes', async () => {
  const tags = ['a', 'b', 'c']
  let over = false
  const migrations = moveAround(cluster, tags, () => over)
  const keys = tags.flatMap((tag) => Array.from({ length: 100 }, (_, i) => `{${tag}}:${i}`))
  for (let round = 0; round < 20; round++) {
    await put(keys)
    const flushed = store.flush()
    const after = put([`{a}:after ${round}`, `{b}:after ${round}`])
    await flushed
    expect(await after).toEqual([true, true])
    expect([...(await scanned('*'))].sort()).toEqual([`{a}:after ${round}`, `{b}:after ${round}`])
    await store.delete([`{a}:after ${round}`, `{b}:after ${round}`])
  }
  over = true
  await migrations
}, 60_000)

test('leases in a slot that is half moved: taken, used and voided by the rules', async () => {
  const from = await cluster.ownerOf(slotOf('lease'))
  const migration = await cluster.beginMigration(slotOf('lease'), await another(from))
  const entry = { key: '{lease}', value: bytes('1'), ttl: null }
  expect(await store.lease([{ key: '{lease}', token: 'mine', ttl: 60_000 }])).toEqual([true])
  expect(await store.lease([{ key: '{lease}', token: 'other', ttl: 60_000 }])).toEqual([false])
  // Two keys, of which one is missing: the servers carry it out once the slot has arrived.
  const filling = store.fill([{ ...entry, token: 'mine' }])
  await wait(100)
  while ((await migration.moveKeys(100)) > 0);
  await migration.finish()
  expect(await filling).toEqual([true])
  expect(await store.release(['{lease}'])).toEqual([false])
})

/** Ends the connections of the store to a node, and no others. */
async function cutOff(node: ClusterNode): Promise<void> {
  const clients = String(await node.command('CLIENT', 'LIST'))
  for (const [, id] of clients.matchAll(new RegExp(`^id=(\\d+) .* name=${clientName} `, 'gm'))) {
    await node.command('CLIENT', 'KILL', 'ID', id as string)
  }
}

test('promise 11: increments over migrations count once each', async () => {
  const tags = ['a', 'b', 'c', 'd']
  const keys = tags.flatMap((tag) => [`{${tag}}1`, `{${tag}}2`])
  await store.set(keys.map((key) => ({ key, value: bytes('0'), ttl: null })))
  let over = false
  const migrations = moveAround(cluster, tags, () => over)
  const counted = new Map(keys.map((key) => [key, 0]))
  const count = async (key: string): Promise<void> => {
    while (!over) {
      const answers = await Promise.all(Array.from({ length: 20 }, () => store.incr([{ key, by: 1 }])))
      for (const [sum] of answers) {
        if (typeof sum !== 'number') throw sum
        counted.set(key, (counted.get(key) as number) + 1)
      }
    }
  }
  const counting = Promise.all(keys.map(count))
  await wait(4000)
  over = true
  await counting
  console.log(`${[...counted.values()].reduce((a, b) => a + b)} increments, ${await migrations} migrations`)
  const found = await store.get(keys)
  expect(found.map((value) => Number(Buffer.from(value as Uint8Array).toString()))).toEqual(keys.map((key) => counted.get(key)))
}, 60_000)

test('promise 11: increments over cut connections and migrations are counted at most once each', async () => {
  const tags = ['a', 'b', 'c', 'd']
  const keys = tags.flatMap((tag) => [`{${tag}}1`, `{${tag}}2`])
  await store.set(keys.map((key) => ({ key, value: bytes('0'), ttl: null })))
  let over = false
  const migrations = moveAround(cluster, tags, () => over)
  const counts = new Map(keys.map((key) => [key, { done: 0, unknown: 0 }]))
  const count = async (key: string): Promise<void> => {
    const counted = counts.get(key) as { done: number; unknown: number }
    while (!over) {
      const answers = await Promise.all(Array.from({ length: 20 }, () => store.incr([{ key, by: 1 }])))
      for (const [sum] of answers) {
        if (typeof sum === 'number') counted.done++
        else counted.unknown++
      }
      await wait(2)
    }
  }
  const counting = Promise.all(keys.map(count))
  let cuts = 0
  for (const end = Date.now() + 4000; Date.now() < end; cuts++) {
    await wait(150)
    const nodes = await cluster.primaries()
    await cutOff(nodes[cuts % nodes.length] as ClusterNode)
  }
  over = true
  await counting
  await migrations
  const total = { done: 0, unknown: 0 }
  for (const { done, unknown } of counts.values()) Object.assign(total, { done: total.done + done, unknown: total.unknown + unknown })
  console.log(`${total.done} increments answered, ${total.unknown} not, ${cuts} cuts, ${await migrations} migrations`)
  expect(total.unknown).toBeGreaterThan(0)
  await wait(1000)
  for (const key of keys) {
    const [found] = await store.get([key])
    const sum = Number(Buffer.from(found as Uint8Array).toString())
    const { done, unknown } = counts.get(key) as { done: number; unknown: number }
    expect(sum, key).toBeGreaterThanOrEqual(done)
    expect(sum, key).toBeLessThanOrEqual(done + unknown)
  }
}, 60_000)
