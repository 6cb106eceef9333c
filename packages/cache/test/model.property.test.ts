import fc from 'fast-check'
import { afterAll, beforeAll, describe, test } from 'vitest'
import { createCache, type Cache } from '@shale/cache'
import { backends, shardedBackends, type Backend, type ShardedBackend } from './backends.ts'
import { defaultTtl, list, operation, same, step } from './model-steps.ts'
import { Model } from './model.ts'

const runs = 100
const operationsPerRun = 120
const seed = Number(process.env.SHALE_SEED ?? Date.now() % 2 ** 31)

describe.each([...backends, ...shardedBackends])('any sequence of operations, $name', (backend: Backend | ShardedBackend) => {
  let close: () => Promise<void>
  let cache: Cache

  beforeAll(async () => {
    const { options, stop } = await backend.start()
    cache = createCache({ keyPrefix: 'model', ttl: defaultTtl, timeout: '10s', ...options })
    close = async () => {
      await cache.close()
      await stop()
    }
  })
  afterAll(() => close())

  test(`does what the reference model does, ${runs * operationsPerRun} operations`, { timeout: 120_000 }, async () => {
    console.log(`seed ${seed} (set SHALE_SEED to run it again)`)
    const sequence = fc.array(operation, { minLength: operationsPerRun, maxLength: operationsPerRun })
    await fc.assert(
      fc.asyncProperty(sequence, async (operations) => {
        await cache.clear()
        const model = new Model()
        for (const o of operations) await step(cache, model, o)
        for (const v of [1, 2, 3]) same(await list(cache.keys('*', { version: v })), model.keys(v).sort())
      }),
      { seed, numRuns: runs },
    )
  })
})
