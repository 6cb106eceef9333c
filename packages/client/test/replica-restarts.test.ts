import { setTimeout as wait } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { ShaleError } from '@shale/contracts'
import { startCluster, type ClusterNode } from '@tooling/servers'
import { slotOf } from '../src/cluster/slot.ts'
import { openCluster } from './open-cluster.ts'
import { bytes } from './open-replica-set.ts'

test('a replica that comes back with older data, and cannot catch up yet, is not read', async () => {
  await using cluster = await startCluster()
  // With so long an interval it would be read for up to a second by what it said before.
  const store = openCluster(cluster, { readFrom: 'replica', maxReplicaLag: 4000 })
  const primary = await cluster.ownerOf(slotOf('a'))
  const [replica] = (await cluster.replicasOf(primary)) as [ClusterNode]
  let answered = 0
  const old = new Set<string>()
  const read = async (expected: string): Promise<void> => {
    const [answer] = await store.get(['a'])
    if (ShaleError.is(answer)) return
    answered++
    const found = String(answer === undefined ? undefined : Buffer.from(answer))
    if (found !== expected) old.add(found)
  }
  for (let round = 1; round <= 4; round++) {
    await store.set([{ key: 'a', value: bytes(`${round} old`), ttl: null }])
    await wait(300)
    await replica.command('SAVE')
    await store.set([{ key: 'a', value: bytes(`${round} new`), ttl: null }])
    // In use until the replica is known to have it.
    for (const end = Date.now() + 2500; Date.now() < end; await wait(10)) await read(`${round} new`)
    primary.pause()
    let isOver = false
    const restarted = Promise.all([replica.restart(), wait(800)]).then(() => {
      primary.resume()
      isOver = true
    })
    const reads: Promise<void>[] = []
    for (; !isOver; await wait(3)) reads.push(read(`${round} new`))
    await restarted
    await Promise.all(reads)
    await cluster.settled()
  }
  expect([...old]).toEqual([])
  expect(answered).toBeGreaterThan(100)
  await store.close()
}, 60_000)
