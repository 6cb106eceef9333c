import { setTimeout as wait } from 'node:timers/promises'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { Store } from '@shale/contracts'
import { startCluster, startRedis, until, type ClusterNode, type RedisCluster } from '@tooling/servers'
import { moveAround } from './move-slots.ts'
import { openCluster } from './open-cluster.ts'

// Slots that the servers move themselves, at once and whole: Redis from 8.4 on, Valkey from 9.0 on.

/** How a server is told to; `undefined` where it cannot. */
let order: ((slot: number, from: ClusterNode, to: ClusterNode) => Promise<unknown>) | undefined
let cluster: RedisCluster
let store: Store

beforeAll(async () => {
  order = await findOrder()
  if (order === undefined) return
  cluster = await startCluster()
  store = openCluster(cluster, { timeout: 3000 })
}, 60_000)
afterAll(async () => {
  await store?.close()
  await cluster?.stop()
})
beforeEach(({ skip }) => skip(order === undefined, 'This server does not move slots itself.'))

async function findOrder(): Promise<typeof order> {
  await using server = await startRedis()
  const has = async (command: string): Promise<boolean> => ((await server.command('COMMAND', 'INFO', command)) as unknown[])[0] !== null
  if (await has('cluster|migrateslots')) {
    return (slot, from, to) => from.command('CLUSTER', 'MIGRATESLOTS', 'SLOTSRANGE', slot, slot, 'NODE', to.id)
  }
  if (await has('cluster|migration')) return (slot, _, to) => to.command('CLUSTER', 'MIGRATION', 'IMPORT', slot, slot)
  return undefined
}

async function move(slot: number, to: ClusterNode, from: ClusterNode): Promise<void> {
  await order?.(slot, from, to)
  await until('the slot is at its new place', async () => (await cluster.ownerOf(slot)) === to)
}

const tags = ['a', 'b', 'c', 'd']
const put = (keys: readonly string[]): Promise<unknown[]> =>
  store.set(keys.map((key) => ({ key, value: new TextEncoder().encode('0'), ttl: null })))

test('promise 11: increments over slots that servers move themselves count once each, and none fails', { timeout: 60_000 }, async () => {
  const keys = tags.flatMap((tag) => [`{${tag}}1`, `{${tag}}2`])
  await put(keys)
  let over = false
  const migrations = moveAround(cluster, tags, () => over, move)
  const count = async (key: string): Promise<number> => {
    for (let counted = 0; ; counted += 20) {
      if (over) return counted
      const answers = await Promise.all(Array.from({ length: 20 }, () => store.incr([{ key, by: 1 }])))
      expect(answers.filter(([sum]) => typeof sum !== 'number')).toEqual([])
      await wait(1)
    }
  }
  const counting = Promise.all(keys.map(count))
  await Promise.race([wait(4000), migrations, counting])
  over = true
  const counted = await counting
  console.log(`${counted.reduce((a, b) => a + b)} increments, ${await migrations} migrations`)
  const found = await store.get(keys)
  expect(found.map((value) => Number(Buffer.from(value as Uint8Array).toString()))).toEqual(counted)
})

test('a scan while servers move slots gives every key that stays', { timeout: 60_000 }, async () => {
  const keys = [
    ...tags.flatMap((tag) => Array.from({ length: 50 }, (_, i) => `{${tag}}:${i}`)),
    ...Array.from({ length: 5000 }, (_, i) => `still:${i}`),
  ]
  await put(keys)
  let over = false
  const migrations = moveAround(cluster, tags, () => over, move)
  let scans = 0
  for (const end = Date.now() + 4000; Date.now() < end; scans++) {
    const seen = new Set<string>()
    for await (const page of store.scan('*')) for (const key of page) seen.add(key)
    expect(keys.filter((key) => !seen.has(key))).toEqual([])
  }
  over = true
  console.log(`${scans} scans, ${await migrations} migrations`)
})
