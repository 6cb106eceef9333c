import { expect, test, vi } from 'vitest'
import { createCache, createMemoryStore, json, type Cache } from '@shale/cache'
import { until } from '@tooling/servers'
import { defer } from './deferred.ts'
import { at, sorted } from './sites.ts'

at('what Django’s Redis backends get wrong', ['embedded', 'TCP'], (site) => {
  /** What the server was asked while `work` ran, by the names of the commands. */
  const commandsOf = async (work: () => Promise<unknown>): Promise<Map<string, number>> => {
    await site.server.command('CONFIG', 'RESETSTAT')
    await work()
    const stats = String(await site.server.command('INFO', 'commandstats'))
    return new Map([...stats.matchAll(/^cmdstat_([^:]+):calls=(\d+)/gm)].map(([, name, calls]) => [String(name), Number(calls)]))
  }

  test('django-redis-cache: incr checks first and increments then, and a key that expires in between is made anew and never expires', async () => {
    const cache = site.cache()
    for (let round = 0; round < 40; round++) {
      const key = `k${round}`
      await cache.set(key, 5, { ttl: 12 })
      const found = new Set<unknown>()
      const addAll = async (): Promise<void> => {
        for (const result of await Promise.all(
          Array.from({ length: 20 }, () => cache.incr(key).catch((error: { code: string }) => error.code)),
        ))
          found.add(result)
      }
      await until('the entry is gone', async () => (await addAll(), found.has('KEY_NOT_FOUND')))
      await addAll()
      // Made anew it would count from 1.
      expect([...found].filter((sum) => typeof sum === 'number' && sum <= 5)).toEqual([])
      expect(await cache.ttl(key)).toBe(undefined)
    }
  })

  test('django-redis-cache: a delete between the check and the increment leaves an immortal key', async () => {
    const cache = site.cache()
    const [adder, remover] = [site.cache(), site.cache()]
    for (let round = 0; round < 100; round++) {
      await cache.set('a', 5)
      const [sum] = await Promise.all([adder.incr('a').catch((error: { code: string }) => error.code), remover.delete('a')])
      expect([6, 'KEY_NOT_FOUND']).toContain(sum)
      expect(await cache.has('a')).toBe(false)
    }
  })

  test('django-redis-cache: add(timeout=0) expires an entry that is there', async () => {
    const cache = site.cache()
    await cache.set('a', 'there', { ttl: '1h' })
    expect(await cache.add('a', 'new', { ttl: 0 })).toBe(false)
    expect(await cache.get('a')).toBe('there')
    expect(await cache.ttl('a')).toBeGreaterThan(3_000_000)
  })

  test('django-redis-cache: the losers of a cold get_or_set get None', async () => {
    const caches = [site.cache(), site.cache()]
    const results = await Promise.all(
      Array.from({ length: 50 }, (_, i) =>
        (caches[i % 2] as Cache).getOrSet('a', async () => (await new Promise((resolve) => setTimeout(resolve, 5)), 'loaded')),
      ),
    )
    expect(results).toEqual(Array.from({ length: 50 }, () => 'loaded'))
  })

  test('django-redis-cache: a holder that crashed during get_or_set locks the key for ever', async () => {
    const [crashed, other] = [site.cache(), site.cache()]
    const never = defer<string>()
    const started = vi.fn()
    void crashed.getOrSet('a', () => (started(), never.promise))
    await until('the load', () => started.mock.calls.length > 0)
    expect(await other.getOrSet('a', () => 'loaded')).toBe('loaded')
    expect(await other.getOrSet('a', () => 'again')).toBe('loaded')
    never.resolve('late')
  })

  test('django-redis-cache: a factory that failed locks the key for ever', async () => {
    const cache = site.cache()
    await expect(cache.getOrSet('a', () => Promise.reject(new Error('failed')))).rejects.toThrow('failed')
    expect(await cache.getOrSet('a', () => 'loaded')).toBe('loaded')
    expect(await sorted(site.cache({ keyPrefix: `${site.prefix}` }).keys())).toEqual(['a'])
  })

  test('django-redis-cache: a holder of a lock that crashed locks it for ever', async () => {
    const [crashed, other] = [site.cache(), site.cache()]
    await crashed.lock('a', { ttl: 30 })
    await crashed.close()
    expect(await other.lock('a', { wait: '10s' })).toBeDefined()
  })

  test('django-redis-cache: reinsert_keys skips whatever has a ttl', async () => {
    const before = site.cache({ codec: json() })
    await before.set('short', { a: 1 }, { ttl: '1h' })
    await before.set('ever', { a: 2 }, { ttl: null })
    const after = site.cache()
    expect(await after.reinsertKeys()).toMatchObject({ scanned: 2, rewritten: 2 })
    expect((await after.inspect('short'))?.codec).toBe('cbor')
    expect((await after.inspect('ever'))?.codec).toBe('cbor')
    expect(await after.ttl('short')).toBeGreaterThan(3_000_000)
    expect(await after.ttl('ever')).toBe(null)
  })

  test('django-redis-cache: delete_pattern leaves the prefix unescaped', async () => {
    const cache = site.cache({ keyPrefix: `${site.prefix}[ab]*` })
    const others = ['a', 'b', 'ax', '[ab]'].map((more) => site.cache({ keyPrefix: `${site.prefix}${more}` }))
    for (const one of [cache, ...others]) await one.set('k', 1)
    expect(await cache.deletePattern('k')).toBe(1)
    expect(await cache.has('k')).toBe(false)
    for (const one of others) expect(await one.has('k')).toBe(true)
  })

  test('django-redis-cache: lock forgets the prefix', async () => {
    const [one, other] = [site.cache(), site.cache({ keyPrefix: `${site.prefix}-other` })]
    await using first = await one.lock('a')
    await using second = await other.lock('a')
    expect(first).toBeDefined()
    expect(second).toBeDefined()
    expect(await site.raw(`${site.prefix}:1~lock:a`)).toBeDefined()
    expect(await site.raw('a')).toBe(undefined)
  })

  if (site.isServer) {
    test('django-redis: delete_pattern takes a round trip and a command for every key', async () => {
      const cache = site.cache()
      await cache.setMany(Array.from({ length: 20_000 }, (_, i) => [`k${i}`, 1]))
      const commands = await commandsOf(() => cache.deletePattern('k*'))
      expect(commands.get('keys')).toBe(undefined)
      expect((commands.get('del') ?? 0) + (commands.get('unlink') ?? 0)).toBeLessThan(100)
      expect(commands.get('scan')).toBeGreaterThan(10)
      expect(commands.get('scan')).toBeLessThan(100)
    })

    test('keys are never asked for with KEYS', async () => {
      const cache = site.cache()
      await cache.setMany({ a: 1, b: { c: 2 } })
      const commands = await commandsOf(async () => {
        await sorted(cache.keys('*'))
        await cache.reinsertKeys()
        await cache.deletePattern('*')
        await cache.clear()
        await cache.clear({ version: 1 })
      })
      expect([...commands.keys()]).not.toContain('keys')
      expect(commands.get('scan')).toBeGreaterThanOrEqual(5)
    })
  }
})

test('django-redis-cache: delete_pattern collects every key before it removes the first', async () => {
  const store = createMemoryStore()
  const { scan, delete: remove } = store
  const log: string[] = []
  let largest = 0
  store.scan = async function* (pattern) {
    for await (const page of scan.call(store, pattern)) {
      log.push('page')
      yield page
    }
  }
  store.delete = (keys) => {
    log.push('delete')
    largest = Math.max(largest, keys.length)
    return remove.call(store, keys)
  }
  await using cache = createCache({ servers: store, timeout: '10s' })
  for (const sweep of [() => cache.deletePattern('k*'), () => cache.clear()]) {
    await cache.setMany(Array.from({ length: 20_000 }, (_, i) => [`k${i}`, 1]))
    log.length = 0
    await sweep()
    expect(await cache.has('k7')).toBe(false)
    expect(log.filter((step) => step === 'page').length).toBeGreaterThan(10)
    expect(log.indexOf('delete')).toBeLessThan(3)
    expect(log.lastIndexOf('page') - log.lastIndexOf('delete')).toBeLessThan(3)
    expect(largest).toBeLessThan(5_000)
  }
})
