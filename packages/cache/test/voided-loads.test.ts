import { describe, expect, test, vi } from 'vitest'
import { createCache, createMemoryStore, type Cache } from '@shale/cache'
import { createFaultStore, createGate } from '@shale/testing'
import { until } from '@tooling/servers'
import { defer } from './deferred.ts'
import { at } from './sites.ts'

interface Change {
  readonly name: string
  readonly change: (cache: Cache) => Promise<unknown>
  /** What is under the key then. */
  readonly after?: unknown
}

/** What, done by this process during a load of `a`, voids it. */
const changes: readonly Change[] = [
  { name: 'delete', change: (cache) => cache.delete('a') },
  { name: 'deleteMany', change: (cache) => cache.deleteMany(['z', 'a']) },
  { name: 'set', change: (cache) => cache.set('a', 'set'), after: 'set' },
  { name: 'set with a ttl of 0', change: (cache) => cache.set('a', 'set', { ttl: 0 }) },
  { name: 'setMany', change: (cache) => cache.setMany({ z: 1, a: 'set' }), after: 'set' },
  { name: 'setMany with a ttl of 0', change: (cache) => cache.setMany({ z: 1, a: 'set' }, { ttl: 0 }) },
  { name: 'add', change: (cache) => cache.add('a', 'added'), after: 'added' },
  {
    name: 'incrVersion to here',
    change: async (cache) => (await cache.set('a', 'moved', { version: 0 }), cache.incrVersion('a', 1, { version: 0 })),
    after: 'moved',
  },
  { name: 'incrVersion from here', change: (cache) => cache.incrVersion('a').catch(() => {}) },
  { name: 'deletePattern', change: (cache) => cache.deletePattern('a*') },
  { name: 'clear', change: (cache) => cache.clear() },
  { name: 'clear of its version', change: (cache) => cache.clear({ version: 1 }) },
  { name: 'clear of the database', change: (cache) => cache.clear({ database: true }) },
]

/** What does not. */
const harmless: readonly Change[] = [
  { name: 'delete of another key', change: (cache) => cache.delete('b') },
  { name: 'delete of another version', change: (cache) => cache.delete('a', { version: 2 }) },
  { name: 'set of another key', change: (cache) => cache.set('b', 1) },
  { name: 'deletePattern of others', change: (cache) => cache.deletePattern('b*') },
  { name: 'deletePattern of another version', change: (cache) => cache.deletePattern('*', { version: 2 }) },
  { name: 'clear of another version', change: (cache) => cache.clear({ version: 2 }) },
  { name: 'clear of a namespace', change: (cache) => cache.namespace('other').clear() },
  { name: 'delete in a namespace', change: (cache) => cache.namespace('other').delete('a') },
  {
    name: 'reads',
    change: async (cache) => (
      await cache.get('a'),
      await cache.getMany(['a']),
      await cache.has('a'),
      await cache.ttl('a'),
      await cache.inspect('a')
    ),
  },
]

at('a load during which this process changes its key', ['embedded', 'TCP'], (site) => {
  /** The cache itself, and a namespace by another object of its name. */
  const places: readonly (readonly [name: string, open: (root: Cache) => readonly [loader: Cache, changer: Cache]])[] = [
    ['the cache itself', (root) => [root, root]],
    ['a namespace object of the same name', (root) => [root.namespace('eu'), root.namespace('eu')]],
  ]

  describe.each(places)('%s', (_, open) => {
    test.each(changes)('$name voids it', async ({ change, after }) => {
      const [loader, changer] = open(site.cache())
      const gate = defer<string>()
      const load = vi.fn(() => gate.promise)
      const callers = [loader.getOrSet('a', load), loader.getOrSet('a', load)]
      await until('the load', () => load.mock.calls.length > 0)
      await change(changer)
      const next = defer<string>()
      const later = loader.getOrSet('a', () => next.promise)
      gate.resolve('stale')
      expect(await Promise.all(callers)).toEqual(['stale', 'stale'])
      expect(await loader.get('a')).toBe(after)
      next.resolve('anew')
      expect(await later).toBe(after ?? 'anew')
      expect(await loader.get('a')).toBe(after ?? 'anew')
      expect(load).toHaveBeenCalledTimes(1)
    })

    test.each(changes)('$name, un-awaited, just as the factory gives its value', async ({ change, after }) => {
      const [loader, changer] = open(site.cache())
      const gate = defer<string>()
      const started = vi.fn()
      let changed: Promise<unknown> | undefined
      const call = loader.getOrSet('a', async () => {
        started()
        await gate.promise
        changed = change(changer)
        return 'stale'
      })
      await until('the load', () => started.mock.calls.length > 0)
      gate.resolve('')
      expect(await call).toBe('stale')
      await changed
      expect(await loader.get('a')).toBe(after)
    })

    test.each(harmless)('$name does not', async ({ change }) => {
      const [loader, changer] = open(site.cache())
      const gate = defer<string>()
      const load = vi.fn(() => gate.promise)
      const call = loader.getOrSet('a', load)
      await until('the load', () => load.mock.calls.length > 0)
      await change(changer)
      gate.resolve('loaded')
      expect(await call).toBe('loaded')
      expect(await loader.get('a')).toBe('loaded')
    })
  })

  test('a delete made while the cache is read voids the load that follows', async () => {
    const cache = site.cache()
    await cache.connect()
    const call = cache.getOrSet('a', () => 'stale')
    const removed = cache.delete('a')
    expect(await call).toBe('stale')
    await removed
    expect(await cache.has('a')).toBe(false)
  })

  test('a delete that comes when the value was handed to the store comes after it', async () => {
    const cache = site.cache()
    for (let round = 0; round < 50; round++) {
      const call = cache.getOrSet('a', () => 'stale')
      // So many turns later: before, between and after the steps of the load.
      for (let turn = 0; turn < round % 25; turn++) await Promise.resolve()
      const removed = cache.delete('a')
      await Promise.all([call, removed])
      expect(await cache.has('a'), `round ${round}`).toBe(false)
    }
  })

  test('a set wins over a load, whichever moment it comes at', async () => {
    const cache = site.cache()
    for (let round = 0; round < 50; round++) {
      await cache.delete('a')
      const call = cache.getOrSet('a', async () => 'stale')
      for (let turn = 0; turn < round % 25; turn++) await Promise.resolve()
      await Promise.all([call, cache.set('a', 'set')])
      expect(await cache.get('a'), `round ${round}`).toBe('set')
    }
  })
})

test('a delete between the factory’s result and the end of the store is the last', async () => {
  const inner = createMemoryStore()
  const store = createFaultStore(inner)
  await using cache = createCache({ servers: store, timeout: '10s' })
  const gate = createGate()
  store.inject({ operations: ['set'], gate, when: 'after' })
  const call = cache.getOrSet('a', () => 'stale')
  await until('the store is asked', () => gate.waiting > 0)
  const removed = cache.delete('a')
  const anew = cache.getOrSet('a', () => 'anew')
  gate.open()
  expect(await call).toBe('stale')
  expect(await removed).toBe(true)
  expect(await anew).toBe('anew')
  expect(await cache.get('a')).toBe('anew')
})
