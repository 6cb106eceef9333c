import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ShaleError } from '@shale/contracts'
import { createFaultStore, storeContract } from '@shale/testing'
import { startRedis, type RedisServer } from '@tooling/servers'
import { createStore, withDoubts } from '@shale/client'

const down = new ShaleError('SERVER_UNAVAILABLE', 'as the test has it')
const isPoisoned = (key: string): boolean => key.startsWith('poisoned')
const mostKeys = 10_000

/** How many keys are in doubt throughout, which the suite knows nothing of. */
const variants = { 'no key': 0, 'a key': 1, 'all keys but those that were written since': mostKeys + 1 }

describe.each(Object.entries(variants))('while %s is in doubt', (_, count) => {
  let server: RedisServer
  beforeAll(async () => {
    server = await startRedis()
  })
  afterAll(() => server.stop())

  storeContract({
    test,
    create: async () => {
      await server.command('FLUSHALL')
      const faulty = createFaultStore(createStore(server.url, { timeout: '5s' }))
      const store = withDoubts(faulty, { shard: 'one', mostKeys, keys: { pattern: undefined, concerns: () => true } })
      faulty.inject({ keys: isPoisoned, error: down })
      const keys = Array.from({ length: count }, (__, i) => `poisoned:${i}`)
      await store.set(keys.map((key) => ({ key, value: Buffer.from('x'), ttl: null })))
      await server.command('SET', 'another', 'x')
      expect(await store.has(['another'])).toEqual([count <= mostKeys])
      await server.command('DEL', 'another')
      return { store }
    },
  })
})
