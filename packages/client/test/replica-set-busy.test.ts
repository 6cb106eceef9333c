import { afterEach, beforeEach, expect, test } from 'vitest'
import { ShaleError, type Store } from '@shale/contracts'
import { startReplicaSet, until, type RedisReplicaSet, type RedisServer } from '@tooling/servers'
import { openReplicaSet } from './open-replica-set.ts'

const timeout = 2000

let servers: RedisReplicaSet
let store: Store

beforeEach(async () => {
  servers = await startReplicaSet({ replicas: 1 })
  ;({ store } = openReplicaSet(
    servers.servers.map(({ url }) => url),
    // How far the replica is cannot be asked while the process is busy.
    { timeout, maxReplicaLag: 10_000, readFrom: 'replica' },
  ))
  await store.connect()
  const [, replica] = servers.servers as [RedisServer, RedisServer]
  await until('the replica is read', async () => {
    const before = await getsOf(replica)
    await store.get(['anything'])
    return (await getsOf(replica)) > before
  })
})
afterEach(async () => {
  await store.close()
  await servers.stop()
})

async function getsOf(server: RedisServer): Promise<number> {
  return Number(/cmdstat_get:calls=(\d+)/.exec(String(await server.command('INFO', 'commandstats')))?.[1] ?? 0)
}

/** Keeps this process from everything else. */
function block(ms: number): void {
  const end = performance.now() + ms
  while (performance.now() < end);
}

test('a read whose replica answers is not asked for a second time because this process is busy', async () => {
  const { primary } = servers
  const before = await getsOf(primary)
  const calls = Array.from({ length: 30_000 }, (_, i) => store.get([`missing:${i}`]))
  // What was sent is answered while nobody reads it, for more than half of the time that the calls have.
  await new Promise((resolve) => setTimeout(resolve, 1))
  block(timeout * 0.55)
  const answers = (await Promise.all(calls)).flat()
  const again = (await getsOf(primary)) - before
  console.log(`busy process: ${again} of ${calls.length} reads were asked for again, ${answers.filter(ShaleError.is).length} were late`)
  expect(again).toBe(0)
})
