import { describe, expect, test } from 'vitest'
import {
  createCache,
  createMemoryStore,
  ShaleError,
  type Cache,
  type CacheEvents,
  type CacheOptions,
  type ErrorCode,
  type StoreObserver,
} from '@shale/cache'
import { createFaultStore, type Fault, type FaultStore } from '@shale/testing'
import { caught } from './caught.ts'
import { listed, safeOperations, strictOperations } from './operations.ts'

const serverCodes = ['SERVER_UNAVAILABLE', 'SERVER_TIMEOUT', 'SERVER_READONLY', 'SERVER_OOM', 'SERVER_REPLY'] as const
const ways: readonly { readonly way: string; readonly fault: Omit<Fault, 'error'> }[] = [
  { way: 'for each key', fault: {} },
  { way: 'as a whole', fault: { rejects: true } },
]
const cases = serverCodes.flatMap((code) => ways.map(({ way, fault }) => ({ code, way, fault })))
const failed = (code: ErrorCode) => [{ shard: 'memory', code }]

interface Fixture {
  readonly cache: Cache
  readonly store: FaultStore
  readonly degraded: CacheEvents['degraded'][]
}

function open(options: CacheOptions = {}): Fixture {
  const store = createFaultStore(createMemoryStore())
  const cache = createCache({ servers: store, ...options })
  const degraded: CacheEvents['degraded'][] = []
  cache.on('degraded', (event) => degraded.push(event))
  return { cache, store, degraded }
}

describe.each(cases)('a store that answers $code $way', ({ code, fault }) => {
  const error = new ShaleError(code, 'The server is not well.')

  test.each(safeOperations)('$name degrades: its safe answer, one event, the counts', async ({ name, call, answer, keys, many }) => {
    const { cache, store, degraded } = open()
    store.inject({ ...fault, error })
    expect(await call(cache)).toStrictEqual(answer)
    expect(degraded).toHaveLength(1)
    expect(degraded[0]).toMatchObject({ operation: name, keys, error: { code: many ? 'SHARDS_FAILED' : code } })
    if (many) expect(degraded[0]?.error.partial).toMatchObject({ failed: failed(code) })
    const { degraded: count, errors } = cache.stats()
    expect(count).toBe(1)
    // `getOrSet` is refused twice, for reading and for storing, and degrades once.
    expect(errors).toStrictEqual({ [many ? 'SHARDS_FAILED' : code]: name === 'getOrSet' ? 2 : 1 })
  })

  test.each(safeOperations)("$name throws with errors: 'throw'", async ({ call, many }) => {
    const { cache, store, degraded } = open({ errors: 'throw' })
    store.inject({ ...fault, error })
    const found = await caught(call(cache))
    expect(found.code).toBe(many ? 'SHARDS_FAILED' : code)
    if (many) expect(found.partial).toMatchObject({ failed: failed(code) })
    expect(degraded).toStrictEqual([])
    expect(cache.stats()).toMatchObject({ degraded: 0, errors: { [found.code]: 1 } })
  })

  test.each(strictOperations.flatMap((operation) => (['degrade', 'throw'] as const).map((errors) => ({ ...operation, errors }))))(
    "$name throws with errors: '$errors'",
    async ({ call, many, errors }) => {
      const { cache, store, degraded } = open({ errors })
      store.inject({ ...fault, error })
      const found = await caught(call(cache))
      expect(found.code).toBe(many ? 'SHARDS_FAILED' : code)
      if (many) expect(found.partial).toMatchObject({ failed: failed(code) })
      expect(found.message).toContain('The server is not well.')
      expect(degraded).toStrictEqual([])
      expect(cache.stats()).toMatchObject({ degraded: 0, errors: { [found.code]: 1 } })
    },
  )
})

describe('credentials that never worked do not look like a cold cache', () => {
  const error = new ShaleError('SERVER_AUTH', 'Who are you?')

  test.each([...safeOperations, ...strictOperations])('$name throws in both modes', async ({ call, many }) => {
    for (const errors of ['degrade', 'throw'] as const) {
      const { cache, store } = open({ errors })
      store.inject({ error })
      expect((await caught(call(cache))).code).toBe(many ? 'SHARDS_FAILED' : 'SERVER_AUTH')
    }
  })

  test.each(safeOperations)('$name degrades once a server was reached', async ({ call, answer }) => {
    const store = createFaultStore(createMemoryStore())
    const observe = (observer: StoreObserver): void => observer.connected?.('memory:', 'memory:')
    const reached = Object.assign(store, { observe })
    const cache = createCache({ servers: reached })
    store.inject({ error })
    expect(await call(cache)).toStrictEqual(answer)
  })
})

describe('a failure of some keys leaves the others theirs', () => {
  const error = new ShaleError('SERVER_UNAVAILABLE', 'No answer.')
  const odd = (key: string): boolean => /[13]$/.test(key)
  const entries = { k0: 0, k1: 1, k2: 2, k3: 3 }

  async function half(options?: CacheOptions): Promise<Fixture> {
    const fixture = open(options)
    await fixture.cache.setMany(entries)
    fixture.store.inject({ error, keys: odd })
    return fixture
  }

  test('getMany gives the hits', async () => {
    const { cache, degraded } = await half()
    expect(await cache.getMany(['k3', 'k2', 'k1', 'k0', 'none'])).toStrictEqual(
      new Map([
        ['k2', 2],
        ['k0', 0],
      ]),
    )
    expect(degraded).toMatchObject([{ operation: 'getMany', keys: ['k3', 'k1'], error: { code: 'SHARDS_FAILED' } }])
    expect(cache.stats()).toMatchObject({ hits: 2, misses: 3 })
  })

  test("getMany with errors: 'throw' has the hits on the error", async () => {
    const { cache } = await half({ errors: 'throw' })
    const { code, partial } = await caught(cache.getMany(['k3', 'k2', 'k1', 'k0']))
    expect({ code, partial }).toStrictEqual({
      code: 'SHARDS_FAILED',
      partial: {
        done: new Map([
          ['k2', 2],
          ['k0', 0],
        ]),
        failed: failed('SERVER_UNAVAILABLE'),
      },
    })
  })

  test('setMany gives the keys that were not stored, each once', async () => {
    const { cache, degraded } = await half()
    expect(
      await cache.setMany([
        ['k1', 'x'],
        ['k2', 'y'],
        ['k1', 'z'],
      ]),
    ).toStrictEqual(['k1'])
    expect(await cache.get('k2')).toBe('y')
    expect(degraded).toMatchObject([{ operation: 'setMany', keys: ['k1'], error: { partial: { done: 1 } } }])
  })

  test('setMany that deletes names only the keys that failed', async () => {
    const { cache } = await half()
    expect(await cache.setMany(entries, { ttl: 0 })).toStrictEqual(['k1', 'k3'])
    expect(await cache.has('k2')).toBe(false)
  })

  test.each([
    ['deleteMany', (cache: Cache) => cache.deleteMany(Object.keys(entries))],
    ['deletePattern', (cache: Cache) => cache.deletePattern('k*')],
    ['clear', (cache: Cache) => cache.clear()],
  ])('%s says how many it removed', async (_, call) => {
    const { cache } = await half()
    const { code, partial } = await caught(call(cache))
    expect({ code, partial }).toStrictEqual({ code: 'SHARDS_FAILED', partial: { done: 2, failed: failed('SERVER_UNAVAILABLE') } })
    expect(cache.stats().deletes).toBe(2)
  })

  test('reinsertKeys has its report on the error', async () => {
    const { cache } = await half()
    const { code, partial } = await caught(cache.reinsertKeys())
    expect(code).toBe('SHARDS_FAILED')
    expect(partial).toMatchObject({ done: { scanned: expect.any(Number) as number }, failed: failed('SERVER_UNAVAILABLE') })
  })
})

test('a lost reply: what was done is done, and is not claimed', async () => {
  const { cache, store } = open()
  const lost = store.inject({ error: new ShaleError('SERVER_TIMEOUT', 'Lost.'), when: 'after' })
  expect(await cache.set('a', 1)).toBe(false)
  expect((await caught(cache.incr('a'))).code).toBe('SERVER_TIMEOUT')
  lost()
  expect(await cache.get('a')).toBe(2)
  expect(cache.stats()).toMatchObject({ sets: 0, hits: 1 })
})

test('getOrSet that reads and cannot store gives the value, with one event', async () => {
  const { cache, store, degraded } = open()
  store.inject({ operations: ['set'], error: new ShaleError('SERVER_OOM', 'Full.') })
  expect(await cache.getOrSet('a', () => 'made')).toBe('made')
  expect(degraded).toMatchObject([{ operation: 'getOrSet', keys: ['a'], error: { code: 'SERVER_OOM' } }])
  const strict = createCache({ servers: store, errors: 'throw' })
  expect((await caught(strict.getOrSet('a', () => 'made'))).code).toBe('SERVER_OOM')
})

test("a factory is not run with errors: 'throw' when nobody can say whether there is a value", async () => {
  const { cache, store } = open({ errors: 'throw' })
  store.inject({ operations: ['get'], error: new ShaleError('SERVER_UNAVAILABLE', 'No answer.') })
  let runs = 0
  await caught(cache.getOrSet('a', () => ++runs))
  expect(runs).toBe(0)
})

test('keys that fail half-way have given what came before', async () => {
  const { cache, store } = open()
  await cache.set('a', 1)
  store.inject({ operations: ['scan'], when: 'after', error: new ShaleError('SERVER_UNAVAILABLE', 'No answer.') })
  const found: string[] = []
  const error = await caught(
    (async () => {
      for await (const key of cache.keys()) found.push(key)
    })(),
  )
  const { code, partial } = error
  expect({ code, partial }).toStrictEqual({ code: 'SHARDS_FAILED', partial: { done: 1, failed: failed('SERVER_UNAVAILABLE') } })
  expect(found).toStrictEqual(['a'])
  expect(cache.stats().errors).toStrictEqual({ SHARDS_FAILED: 1 })
})

describe.each(['degrade', 'throw'] as const)("after close, with errors: '%s'", (errors) => {
  test.each([...safeOperations, ...strictOperations, { name: 'connect', call: (cache: Cache) => cache.connect() }])(
    '$name is CLOSED',
    async ({ call }) => {
      for (const servers of ['memory:', 'redis://127.0.0.1:1', createMemoryStore()]) {
        const cache = createCache({ servers, errors })
        await cache.close()
        await cache.close()
        expect((await caught((async () => call(cache))())).code).toBe('CLOSED')
        expect((await caught((async () => call(cache.namespace('inner')))())).code).toBe('CLOSED')
      }
    },
  )
})

test('what comes back from a store of the user is left open by close', async () => {
  const servers = createMemoryStore()
  const first = createCache({ servers })
  await first.set('a', 1)
  await first.close()
  expect(await listed(createCache({ servers }).keys())).toStrictEqual(['a'])
})
