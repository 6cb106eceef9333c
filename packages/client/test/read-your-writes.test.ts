import { afterAll, beforeAll, expect, test } from 'vitest'
import { createSeededRandom } from '@shale/testing'
import { startReplicaSet, until, type RedisReplicaSet } from '@tooling/servers'
import { bytes, openReplicaSet, text } from './open-replica-set.ts'

/** 100,000 pairs in the long form: set SHALE_LONG_TESTS. */
const pairs = process.env['SHALE_LONG_TESTS'] === undefined ? 20_000 : 100_000
const lagMs = 500
const timeout = 2000

let servers: RedisReplicaSet
beforeAll(async () => {
  servers = await startReplicaSet({ replicas: 2, proxied: true })
  servers.links.forEach((link) => link.latency(lagMs))
  await servers.primary.command('SET', 'settled', '1')
  await servers.settled()
})
afterAll(() => servers.stop())

test(`promise 19: no read misses a write of its own in ${pairs} pairs, with ${lagMs} ms of lag`, { timeout: 300_000 }, async () => {
  const seed = Math.floor(Math.random() * 2 ** 31)
  const random = createSeededRandom(seed)
  const { store } = openReplicaSet(
    servers.servers.map(({ url }) => url),
    { timeout, readFrom: 'replica', maxReplicaLag: 2000 },
  )
  await store.connect()
  const reads = async (): Promise<number> => {
    const infos = await Promise.all(servers.replicas.map((server) => server.command('INFO', 'commandstats')))
    return infos.reduce((sum: number, info) => sum + Number(/cmdstat_get:calls=(\d+)/.exec(String(info))?.[1] ?? 0), 0)
  }
  const before = await reads()
  let violations = 0
  let done = 0
  const worker = async (id: number): Promise<void> => {
    const mine = new Map<string, string>()
    while (done < pairs) {
      const value = String(done++)
      const key = `own:${id}:${Math.floor(random() * 400)}`
      const written = store.set([{ key, value: bytes(value), ttl: null }])
      // Awaited or not.
      if (random() < 0.5) await written
      mine.set(key, value)
      const [now] = await store.get([key])
      if (text(now) !== value) violations++
      await written
      // One that was written some time ago, which a replica may have by now.
      const keys = [...mine.keys()]
      const old = keys[Math.floor(random() * keys.length)] as string
      const [then] = await store.get([old])
      if (text(then) !== mine.get(old)) violations++
      // So that it takes several times the lag.
      if (random() < 0.5) await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }
  const start = performance.now()
  await Promise.all(Array.from({ length: 50 }, (_, id) => worker(id)))
  const took = performance.now() - start
  const ofReplicas = (await reads()) - before
  console.log(
    `promise 19, seed ${seed}: ${violations} violations in ${pairs} pairs, within ${(took / 1000).toFixed(1)} s; ${ofReplicas} of ${2 * pairs} reads answered by replicas`,
  )
  expect(violations).toBe(0)
  expect(ofReplicas).toBeGreaterThan(pairs / 100)
  await store.close()
})

test('without readYourWrites there are violations: the lag is real', async () => {
  const { store } = openReplicaSet(
    servers.servers.map(({ url }) => url),
    { timeout, readFrom: 'replica', maxReplicaLag: 2000, readYourWrites: false },
  )
  await store.connect()
  await until('a read misses a write', async () => {
    await store.set([{ key: 'stale', value: bytes(String(performance.now())), ttl: null }])
    const [before] = await store.get(['stale'])
    await store.set([{ key: 'stale', value: bytes('last'), ttl: null }])
    const [after] = await store.get(['stale'])
    return text(after) !== 'last' && text(before) !== 'last'
  })
  await store.close()
})

test('what is not waited for: a read never sees a write that was made after it', async () => {
  servers.links.forEach((link) => link.heal())
  await servers.settled()
  const { store } = openReplicaSet(
    servers.servers.map(({ url }) => url),
    { timeout, readFrom: 'replica' },
  )
  await store.connect()
  await until('replicas are read', () => store.status?.().some(({ lag }) => lag !== undefined))
  const checks: Promise<void>[] = []
  for (let round = 0; round < 300; round++) {
    const keys = Array.from({ length: 20 }, (_, i) => `order:${i}`)
    for (const key of keys) {
      const expected = round === 0 ? undefined : String(round - 1)
      checks.push(store.get([key]).then((answers) => expect(answers.map(text)).toEqual([expected])))
      void store.set([{ key, value: bytes(String(round)), ttl: null }])
    }
    checks.push(store.get(keys).then((answers) => expect(answers.map(text)).toEqual(keys.map(() => String(round)))))
    // Now and then long enough for the replicas to be read again.
    if (round % 30 === 29)
      await until('replicas have it', async () => (await servers.replicas[0]?.command('GET', 'order:19')) === String(round))
    if (round % 30 === 29) await new Promise((resolve) => setTimeout(resolve, 300))
    else if (round % 3 === 0) await new Promise((resolve) => setImmediate(resolve))
  }
  await Promise.all(checks)
  await store.close()
})
