import { setTimeout as wait } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { systemClock } from '@shale/contracts'
import { createManualClock } from '@shale/testing'
import { startCluster } from '@tooling/servers'
import { nodeRedis, parseServer } from '@shale/client'
import { ClusterNodes } from '../src/cluster/cluster-nodes.ts'
import { ClusterReplicas } from '../src/cluster/cluster-replicas.ts'
import { OwnWrites } from '../src/replicas/own-writes.ts'
import { readPolicy } from '../src/replicas/read-policy.ts'
import { Server } from '../src/server/server.ts'

test('what was written is forgotten once it is passed, though a shard was read once and never again', async () => {
  await using cluster = await startCluster()
  const clock = createManualClock()
  const timing = { timeout: 2000, random: Math.random }
  const nodes = new ClusterNodes({
    name: 'test',
    seeds: cluster.urls.map((url) => parseServer(url)),
    tls: undefined,
    open: (endpoint, found) =>
      new Server({
        ...{
          endpoint,
          ...found,
          ...timing,
          driver: nodeRedis(),
          connections: { min: 1, max: 1 },
          connectTimeout: 2000,
          clock: systemClock,
        },
      }),
  })
  const own = new OwnWrites()
  const replicas = new ClusterReplicas({
    name: 'test',
    nodes,
    policy: readPolicy('any'),
    own,
    look: () => Promise.resolve(),
    ...timing,
    clock,
  })
  const addresses = cluster.nodes.map(({ host, port }) => `${host}:${port}`)
  const shards = [0, 1].map((i) => ({ primary: addresses[i] as string, replicas: [addresses[i + 3] as string] }))
  let readable = 0
  replicas.observe({ replica: (_, __, isReadable) => void (readable += isReadable ? 1 : -1) })
  replicas.learn(shards)
  let most = 0
  // One tick of 250 ms after the other, with time for real answers.
  for (let tick = 0; tick < 100; tick++) {
    for (const { primary } of tick < 20 ? shards : shards.slice(0, 1)) replicas.readsAt(primary)
    await own.during([`key ${tick}`], Promise.resolve())
    clock.advance(250)
    await wait(15)
    if (tick === 19) expect(readable).toBe(2)
    if (tick >= 20) most = Math.max(most, own.size)
  }
  expect(most).toBeLessThan(20)
  replicas.close()
  await nodes.close()
}, 60_000)
