import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createCache, ShaleError, type Cache, type CacheOptions } from '@shale/cache'
import { startCluster, startReplicaSet, startSentinels, until } from '@tooling/servers'
import { defaultTtl, list, operation, same, step, type Operation } from './model-steps.ts'
import { Model } from './model.ts'

const seed = Number(process.env.SHALE_SEED ?? Date.now() % 2 ** 31)
const operationsPerRun = 120

/** Any sequences of operations, the same for the same seed. */
function sequences(runs: number): Operation[][] {
  console.log(`seed ${seed} (set SHALE_SEED to run it again)`)
  return fc.sample(fc.array(operation, { minLength: operationsPerRun, maxLength: operationsPerRun }), { seed, numRuns: runs })
}

const readFrom: Record<string, CacheOptions['readFrom'] & {}> = {
  primary: 'primary',
  'primary-preferred': 'primary-preferred',
  replica: 'replica',
  'replica-preferred': 'replica-preferred',
  any: 'any',
  nearest: 'nearest',
  'a function': (servers) => servers.at(-1),
}

test.each(Object.entries(readFrom))(
  'any sequence of operations, a primary with two replicas, reading from: %s',
  { timeout: 120_000 },
  async (_, policy) => {
    await using set = await startReplicaSet({ replicas: 2 })
    const [primary, ...replicas] = set.servers.map(({ url }) => url)
    const cache = createCache({
      servers: { primary: primary as string, replicas },
      readFrom: policy,
      keyPrefix: 'model',
      ttl: defaultTtl,
      timeout: '10s',
    })
    try {
      await cache.connect()
      for (const operations of sequences(15)) {
        await cache.clear()
        const model = new Model()
        for (const one of operations) await step(cache, model, one)
        for (const v of [1, 2, 3]) same(await list(cache.keys('*', { version: v })), model.keys(v).sort())
      }
    } finally {
      await cache.close()
    }
  },
)

/** What came of a run in the course of which the primary changed. */
interface Tally {
  operations: number
  /** Calls that said that they failed, or degraded. */
  told: number
  /** Acknowledged writes that asynchronous replication lost. */
  lost: number
}

/**
 * Runs sequences while something happens to the servers. After a call that failed both sides begin anew, since what became of it is not known.
 * So they do where an answer is not the model's and the primary has changed since they began: the write was acknowledged and lost with the old primary.
 */
async function runWhile(cache: Cache, disturb: readonly (() => Promise<unknown>)[], runs: number): Promise<Tally> {
  const tally: Tally = { operations: 0, told: 0, lost: 0 }
  let failedOver = false
  const stop = cache.on('primary', ({ previous }) => void (failedOver ||= previous !== undefined))
  let model = new Model()
  const beginAnew = async (): Promise<void> => {
    await until('the cache can be cleared', () => cache.clear().then(() => true, isServerFailure), 20_000)
    model = new Model()
    failedOver = false
  }
  let happening: Promise<unknown> = Promise.resolve()
  const left = [...disturb]
  const all = sequences(runs)
  for (const [i, operations] of all.entries()) {
    if (left.length > 0 && i >= ((disturb.length - left.length + 0.5) * runs) / disturb.length) {
      const disturbance = left.shift() as () => Promise<unknown>
      happening = happening.then(() => disturbance())
    }
    await beginAnew()
    for (const one of operations) {
      const { degraded } = cache.stats()
      tally.operations++
      let failure: unknown
      try {
        await step(cache, model, one)
      } catch (error) {
        failure = error
      }
      if (cache.stats().degraded > degraded || isToldFailure(failure)) tally.told++
      else if (failure === undefined) continue
      else if (failedOver) tally.lost++
      else throw failure
      await beginAnew()
    }
  }
  await happening
  stop()
  return tally
}

const isServerFailure = (error: unknown): false => {
  if (ShaleError.is(error) && /^(SERVER_|SHARDS_)/.test(error.code)) return false
  throw error
}

/** Whether a step ended with a server's failure: thrown by the call, or given as its outcome and found to differ. */
function isToldFailure(error: unknown): boolean {
  if (ShaleError.is(error)) return /^(SERVER_|SHARDS_)/.test(error.code)
  return /"?(SERVER_[A-Z]+|SHARDS_FAILED)"?/.test(String((error as { actual?: unknown } | undefined)?.actual ?? ''))
}

test('any sequence of operations, three sentinels, with failovers in mid-run', { timeout: 180_000 }, async () => {
  await using group = await startSentinels()
  const cache = createCache({
    servers: { sentinels: group.sentinels.map(({ url }) => url), master: group.master },
    readFrom: 'replica-preferred',
    keyPrefix: 'model',
    ttl: defaultTtl,
    timeout: '1s',
  })
  try {
    await cache.connect()
    const byCommand = (): Promise<unknown> => group.failover().then(() => group.settled())
    const tally = await runWhile(cache, [byCommand, () => group.killPrimary()], 80)
    console.log(
      `note: sentinel, 2 failovers: ${tally.operations} operations, ${tally.told} told that they failed, ${tally.lost} lost by replication`,
    )
    expect(tally.told).toBeLessThan(tally.operations / 4)
  } finally {
    await cache.close()
  }
})

test('any sequence of operations, a cluster of six, with a slot migration and failovers in mid-run', { timeout: 180_000 }, async () => {
  await using cluster = await startCluster()
  const cache = createCache({ servers: { cluster: [...cluster.urls] }, keyPrefix: 'model', ttl: defaultTtl, timeout: '1s' })
  try {
    await cache.connect()
    const migrate = async (): Promise<void> => {
      for (const key of ['model:1:a', 'model:2:a', 'model:1:user:1']) {
        const slot = await cluster.slotOf(key)
        const owner = await cluster.ownerOf(slot)
        const other = (await cluster.primaries()).find(({ id }) => id !== owner.id)
        await cluster.migrateSlot(slot, other!)
      }
    }
    const failOver = async (by: 'command' | 'kill'): Promise<void> => {
      const owner = await cluster.ownerOf(await cluster.slotOf('model:1:b'))
      await cluster.failover(owner, by)
      await cluster.settled()
    }
    const tally = await runWhile(cache, [migrate, () => failOver('command'), () => failOver('kill')], 80)
    console.log(
      `note: cluster, 3 migrations, 2 failovers: ${tally.operations} operations, ${tally.told} told that they failed, ${tally.lost} lost by replication`,
    )
    expect(tally.told).toBeLessThan(tally.operations / 4)
  } finally {
    await cache.close()
  }
})
