import { expect, test } from 'vitest'
import { createCache, createMemoryStore, type CacheOptions } from '@shale/cache'
import { createManualClock } from '@shale/testing'
import { startRedis } from '@tooling/servers'
import { defer } from './deferred.ts'

test.each(['a store', 'a server'])('a cache voids the loads of another over %s', async (kind) => {
  const server = kind === 'a server' ? await startRedis() : undefined
  const options: CacheOptions = { servers: server === undefined ? createMemoryStore() : server.url }
  const one = createCache(options)
  const other = createCache(options)
  const gate = defer<string>()
  const begun = defer()
  const loading = one.getOrSet('a', () => {
    begun.resolve()
    return gate.promise
  })
  await begun.promise
  await other.set('a', 'fresh')
  gate.resolve('stale')
  expect(await loading).toBe('stale')
  expect(await one.get('a')).toBe('fresh')
  await Promise.all([one.close(), other.close()])
  await server?.stop()
})

test('two embedded caches have nothing in common', async () => {
  const one = createCache()
  const other = createCache()
  const gate = defer<string>()
  const loading = one.getOrSet('a', () => gate.promise)
  await other.set('a', 'fresh')
  gate.resolve('loaded')
  expect(await loading).toBe('loaded')
  expect(await one.get('a')).toBe('loaded')
})

test.each(['set', 'delete', 'clear', 'deletePattern'] as const)('%s in the version that a factory chose voids its load', async (change) => {
  const cache = createCache()
  const gate = defer<string>()
  const loading = cache.getOrSet('a', async (context) => {
    context.version = 2
    return gate.promise
  })
  if (change === 'set') await cache.set('a', 'fresh', { version: 2 })
  else if (change === 'delete') await cache.delete('a', { version: 2 })
  else if (change === 'clear') await cache.clear({ version: 2 })
  else await cache.deletePattern('*', { version: 2 })
  gate.resolve('stale')
  expect(await loading).toBe('stale')
  expect(await cache.get('a', { version: 2 })).toBe(change === 'set' ? 'fresh' : undefined)
})

test('a version that a factory chose, and nobody changed, is stored', async () => {
  const cache = createCache()
  await cache.getOrSet('a', (context) => {
    context.version = 2
    return 'loaded'
  })
  expect(await cache.get('a')).toBeUndefined()
  expect(await cache.get('a', { version: 2 })).toBe('loaded')
})

test('a lock does not outlive its cache', async () => {
  const clock = createManualClock()
  const servers = createMemoryStore({ clock })
  const cache = createCache({ servers, clock })
  const lock = await cache.lock('a', { ttl: 900, extend: true })
  await cache.close()
  await clock.advance(2000)
  expect(lock?.signal.aborted).toBe(true)
  const next = createCache({ servers, clock })
  expect(await next.lock('a')).toBeDefined()
})
