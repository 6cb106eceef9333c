import { afterEach, expect, test, vi } from 'vitest'
import { createCache, createMemoryStore, errorCodes, ShaleError, type CacheEventName } from '@shale/cache'
import { createFaultStore } from '@shale/testing'
import { startRedis } from '@tooling/servers'
import { thrown } from './caught.ts'

afterEach(() => void vi.restoreAllMocks())

function failing() {
  const store = createFaultStore(createMemoryStore())
  store.inject({ error: new ShaleError('SERVER_UNAVAILABLE', 'No answer.') })
  return createCache({ servers: store })
}

test.each([undefined, null, '', 'error', 'Degraded', 'toString', '__proto__', 5, {}, Symbol('x')])(
  'on(%s) is refused, and the message lists the events',
  (name) => {
    const { code, message } = thrown(() => createCache().on(name as CacheEventName, () => {}))
    expect(code).toBe('CONFIG_INVALID')
    for (const event of ['connect', 'disconnect', 'degraded', 'decode-error', 'breaker', 'primary', 'replica', 'repaired'])
      expect(message).toContain(event)
  },
)

test.each([undefined, null, 'x', {}, 5])('a listener that is no function is refused: %s', (listener) => {
  const { code, message } = thrown(() => createCache().on('degraded', listener as () => void))
  expect(code).toBe('CONFIG_INVALID')
  expect(message).toContain('degraded')
})

test('a listener that throws or rejects, whatever it throws, harms nobody', async () => {
  const warnings: string[] = []
  vi.spyOn(process, 'emitWarning').mockImplementation((warning) => void warnings.push(String(warning)))
  const cache = failing()
  const heard: string[] = []
  const oddities: readonly unknown[] = [
    new Error('mine'),
    'text',
    undefined,
    null,
    Object.create(null),
    {
      toString() {
        throw new Error('no')
      },
    },
    Symbol('x'),
  ]
  for (const odd of oddities) {
    cache.on('degraded', () => {
      throw odd
    })
    const rejecting = async (): Promise<never> => {
      throw odd
    }
    cache.on('degraded', rejecting as () => unknown)
  }
  cache.on('degraded', ({ operation }) => heard.push(operation))
  expect(await cache.get('a')).toBe(undefined)
  await new Promise((resolve) => setImmediate(resolve))
  expect(heard).toStrictEqual(['get'])
  expect(warnings).toHaveLength(2 * oddities.length)
  expect(warnings[0]).toContain("'degraded'")
  expect(warnings[0]).toContain('mine')
})

test('listeners stop when told, also while an event is told, and again without harm', async () => {
  const cache = failing()
  const heard: string[] = []
  const stopFirst = cache.on('degraded', () => {
    heard.push('first')
    stopFirst()
  })
  const stopSecond = cache.on('degraded', () => heard.push('second'))
  await cache.get('a')
  await cache.get('a')
  stopSecond()
  stopSecond()
  stopFirst()
  await cache.get('a')
  expect(heard).toStrictEqual(['first', 'second', 'second'])
})

test('a namespace tells and counts with the cache that it came from', async () => {
  const cache = failing()
  const heard: string[] = []
  cache.on('degraded', ({ operation, keys }) => heard.push(`${operation} ${keys.join()}`))
  await cache.namespace('inner').get('a')
  expect(heard).toStrictEqual(['get a'])
  expect(cache.stats()).toMatchObject({ degraded: 1, misses: 1 })
})

test('stats are a closed list, a copy, and numbers', async () => {
  const cache = createCache()
  await cache.set('a', { x: 1 })
  await cache.get('a')
  await cache.get('b')
  await cache.getMany(['a', 'b'])
  await cache.delete('a')
  const stats = cache.stats()
  expect(Object.keys(stats).sort()).toStrictEqual([
    'bytesRead',
    'bytesWritten',
    'degraded',
    'deletes',
    'errors',
    'hits',
    'misses',
    'servers',
    'sets',
    'shards',
  ])
  expect(stats).toMatchObject({ hits: 2, misses: 2, sets: 1, deletes: 1, degraded: 0, errors: {} })
  expect(stats.bytesRead).toBe(2 * stats.bytesWritten)
  expect(stats.shards).toStrictEqual({
    memory: {
      hits: 2,
      misses: 2,
      sets: 1,
      deletes: 1,
      degraded: 0,
      errors: {},
      bytesRead: stats.bytesRead,
      bytesWritten: stats.bytesWritten,
    },
  })
  Object.assign(stats, { hits: 100 })
  Object.assign(stats.errors, { CLOSED: 5 })
  expect(cache.stats()).toMatchObject({ hits: 2, errors: {} })
})

test('errors are counted by codes of the closed list', async () => {
  const cache = failing()
  await cache.get('a')
  await cache.delete('a').catch(() => {})
  await cache.deleteMany(['a', 'b']).catch(() => {})
  const { errors } = cache.stats()
  expect(errors).toStrictEqual({ SERVER_UNAVAILABLE: 2, SHARDS_FAILED: 1 })
  for (const code of Object.keys(errors)) expect(errorCodes).toContain(code)
})

test('an entry that cannot be read is a miss and an event, and stays', async () => {
  const server = await startRedis()
  const cache = createCache({ servers: server.url, timeout: '10s' })
  const told: string[] = []
  cache.on('decode-error', ({ key, stored, error }) => told.push(`${key} ${stored} ${error.code}`))
  await server.command('SET', ':1:text', 'hello')
  await server.command('RPUSH', ':1:list', 'x')
  expect(await cache.get('text')).toBe(undefined)
  expect(await cache.get('list', { default: 1 })).toBe(1)
  expect(await cache.getOrSet('list', () => 'made')).toBe('made')
  expect(told).toStrictEqual(['text :1:text CODEC_UNKNOWN', 'list :1:list CODEC_CORRUPT', 'list :1:list CODEC_CORRUPT'])
  expect(cache.stats()).toMatchObject({ hits: 0, misses: 3, degraded: 0, errors: { CODEC_UNKNOWN: 1, CODEC_CORRUPT: 2 } })
  expect(await server.command('GET', ':1:text')).toBe('hello')
  await cache.close()
  await server.stop()
})
