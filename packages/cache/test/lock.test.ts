import { expect, test } from 'vitest'
import { createCache, createMemoryStore, type Cache, type Lock } from '@shale/cache'
import { createManualClock, type ManualClock } from '@shale/testing'
import { until } from '@tooling/servers'
import { at, codeOf } from './sites.ts'

at('lock', ['embedded', 'TCP', 'Unix socket', 'TLS'], (site) => {
  const take = async (cache: Cache, ...args: Parameters<Cache['lock']>): Promise<Lock> => {
    const lock = await cache.lock(...args)
    if (lock === undefined) throw new Error('The lock is held by another.')
    return lock
  }

  test('one holds it; others get undefined until it is released', async () => {
    const [one, other] = [site.cache(), site.cache()]
    const lock = await take(one, 'a')
    expect(lock.key).toBe('a')
    expect(lock.signal.aborted).toBe(false)
    expect(await other.lock('a')).toBe(undefined)
    expect(await one.lock('a')).toBe(undefined)
    expect(await lock.release()).toBe(true)
    expect(await lock.release()).toBe(false)
    expect(await (await take(other, 'a')).release()).toBe(true)
  })

  test('it lasts 10 s unless stated, and is the key’s bookkeeping, not its entry', async () => {
    const cache = site.cache()
    await cache.set('a', 'value')
    await take(cache, 'a')
    expect(await cache.get('a')).toBe('value')
    await take(cache, 'b', { ttl: '1h' })
    if (!site.isServer) return
    const left = Number(await site.server.command('PTTL', `${site.prefix}:1~lock:a`))
    expect(left).toBeGreaterThan(5000)
    expect(left).toBeLessThanOrEqual(10_000)
    expect(await site.server.command('PTTL', `${site.prefix}:1~lock:b`)).toBeGreaterThan(3_000_000)
  })

  test('wait: whoever waits gets it when it is released', async () => {
    const cache = site.cache()
    const lock = await take(cache, 'a', { ttl: '1h' })
    const waiting = cache.lock('a', { wait: '20s' })
    await new Promise((resolve) => setImmediate(resolve))
    expect(await lock.release()).toBe(true)
    expect(await (await waiting)?.release()).toBe(true)
  })

  test('wait: undefined when another held it all the time', async () => {
    const cache = site.cache()
    await take(cache, 'a', { ttl: '1h' })
    const began = performance.now()
    expect(await cache.lock('a', { wait: 60 })).toBe(undefined)
    expect(performance.now() - began).toBeGreaterThanOrEqual(55)
  })

  test('wait: a signal gives up', async () => {
    const cache = site.cache()
    await take(cache, 'a', { ttl: '1h' })
    const controller = new AbortController()
    const waiting = codeOf(cache.lock('a', { wait: '20s', signal: controller.signal }))
    await new Promise((resolve) => setImmediate(resolve))
    controller.abort()
    expect(await waiting).toBe('ABORTED')
    expect(await codeOf(cache.lock('free', { signal: AbortSignal.abort() }))).toBe('ABORTED')
    expect(await cache.lock('free')).toBeDefined()
  })

  test('it runs out after its ttl, even if its holder is gone; then it is LOCK_LOST', async () => {
    const [holder, other] = [site.cache(), site.cache()]
    const lock = await take(holder, 'a', { ttl: 40 })
    const next = await until('the lock', () => other.lock('a'))
    expect(await lock.release()).toBe(false)
    expect(await codeOf(lock.extend())).toBe('LOCK_LOST')
    expect(lock.signal.reason).toMatchObject({ code: 'LOCK_LOST' })
    expect(await other.lock('a')).toBe(undefined)
    expect(await next.release()).toBe(true)
  })

  test('extend() holds it for another ttl, its own or the one given', async () => {
    const cache = site.cache()
    const lock = await take(cache, 'a', { ttl: '20s' })
    expect(await lock.extend('1h')).toBe(undefined)
    if (site.isServer) expect(await site.server.command('PTTL', `${site.prefix}:1~lock:a`)).toBeGreaterThan(3_000_000)
    await lock.extend()
    if (site.isServer) expect(await site.server.command('PTTL', `${site.prefix}:1~lock:a`)).toBeLessThanOrEqual(20_000)
    expect(await lock.release()).toBe(true)
    expect(await codeOf(lock.extend())).toBe('LOCK_LOST')
    expect(await cache.lock('a')).toBeDefined()
  })

  test('no other token releases or extends it', async () => {
    const [one, other] = [site.cache(), site.cache()]
    const first = await take(one, 'a', { ttl: '1h' })
    await one.clear()
    const second = await take(other, 'a', { ttl: '1h' })
    expect(await first.release()).toBe(false)
    expect(await codeOf(first.extend())).toBe('LOCK_LOST')
    expect(await one.lock('a')).toBe(undefined)
    expect(await second.release()).toBe(true)
  })

  test('tokens are random, and nothing of them is told', async () => {
    const cache = site.cache()
    const tokens = new Set<string | undefined>()
    for (let i = 0; i < 20; i++) {
      const lock = await take(cache, 'a')
      tokens.add(await site.raw(`${site.prefix}:1~lock:a`))
      await lock.release()
    }
    expect(tokens.size).toBe(20)
    for (const token of tokens) expect(token?.length).toBeGreaterThanOrEqual(16)
  })

  test('await using gives it back, also when the block throws', async () => {
    const cache = site.cache()
    const work = async (): Promise<void> => {
      await using lock = await cache.lock('a', { extend: true })
      expect(lock).toBeDefined()
      expect(await cache.lock('a')).toBe(undefined)
      throw new Error('failed')
    }
    await expect(work()).rejects.toThrow('failed')
    {
      await using lock = await cache.lock('a')
      expect(lock).toBeDefined()
      await using none = await cache.lock('a')
      expect(none).toBe(undefined)
    }
    expect(await cache.lock('a')).toBeDefined()
  })

  test('of fifty that wait one holds it at a time, and all get their turn', async () => {
    const caches = [site.cache(), site.cache()]
    let holders = 0
    let most = 0
    const turns = Array.from({ length: 50 }, async (_, i) => {
      await using lock = await (caches[i % 2] as Cache).lock('a', { ttl: '1m', wait: '25s' })
      expect(lock).toBeDefined()
      most = Math.max(most, ++holders)
      await new Promise((resolve) => setImmediate(resolve))
      holders--
    })
    await Promise.all(turns)
    expect(most).toBe(1)
  })
})

at('a lock that renews itself', ['TCP'], (site) => {
  test('extend: true keeps it beyond its ttl, until it is released', async () => {
    const [holder, other] = [site.cache(), site.cache()]
    const lock = await holder.lock('a', { ttl: '2s', extend: true })
    const end = performance.now() + 3000
    while (performance.now() < end) expect(await other.lock('a', { wait: 100 })).toBe(undefined)
    expect(lock?.signal.aborted).toBe(false)
    expect(await lock?.release()).toBe(true)
    expect(await other.lock('a')).toBeDefined()
  })
})

const turn = async (clock: ManualClock, ms: number): Promise<void> => {
  clock.advance(ms)
  for (let i = 0; i < 3; i++) await new Promise((resolve) => setImmediate(resolve))
}

test('by the clock: a lock without extend is lost when its ttl is over', async () => {
  const clock = createManualClock()
  await using cache = createCache({ clock })
  const lock = (await cache.lock('a', { ttl: '10s' })) as Lock
  await turn(clock, 9_999)
  expect(lock.signal.aborted).toBe(false)
  await turn(clock, 1)
  expect(lock.signal.reason).toMatchObject({ code: 'LOCK_LOST', message: expect.stringContaining("'a'") as string })
  expect(await cache.lock('a')).toBeDefined()
})

test('by the clock: extend() moves the moment at which it is lost', async () => {
  const clock = createManualClock()
  await using cache = createCache({ clock })
  const lock = (await cache.lock('a', { ttl: '10s' })) as Lock
  await turn(clock, 9_000)
  await lock.extend('20s')
  await turn(clock, 19_999)
  expect(lock.signal.aborted).toBe(false)
  await turn(clock, 1)
  expect(lock.signal.aborted).toBe(true)
})

test('by the clock: with extend: true it is renewed for as long as it is held', async () => {
  const clock = createManualClock()
  await using cache = createCache({ clock })
  const lock = (await cache.lock('a', { ttl: '10s', extend: true })) as Lock
  for (let i = 0; i < 100; i++) {
    await turn(clock, 1_000)
    expect(await cache.lock('a')).toBe(undefined)
  }
  expect(lock.signal.aborted).toBe(false)
  await lock.release()
  await turn(clock, 60_000)
  expect(lock.signal.aborted).toBe(false)
  expect(clock.pending).toBe(0)
})

test('by the clock: when someone else deletes it, the signal is aborted within a third of the ttl', async () => {
  const clock = createManualClock()
  const servers = createMemoryStore({ clock })
  await using cache = createCache({ clock, servers })
  const lock = (await cache.lock('a', { ttl: '9s', extend: true })) as Lock
  await turn(clock, 3_000)
  await servers.delete([':1~lock:a'])
  expect(lock.signal.aborted).toBe(false)
  await turn(clock, 3_000)
  expect(lock.signal.reason).toMatchObject({ code: 'LOCK_LOST' })
  const next = (await cache.lock('a')) as Lock
  expect(await lock.release()).toBe(false)
  expect(await codeOf(lock.extend())).toBe('LOCK_LOST')
  expect(await next.release()).toBe(true)
})

test('by the clock: a wait ends when it is over, not a try later', async () => {
  const clock = createManualClock()
  await using cache = createCache({ clock })
  await cache.lock('a', { ttl: '1h' })
  let settled = false
  const waiting = cache.lock('a', { wait: '5s' }).then((lock) => ((settled = true), lock))
  for (let left = 5_000; left > 0; left -= 50) {
    expect(settled).toBe(false)
    await turn(clock, 50)
  }
  expect(await waiting).toBe(undefined)
})

test('a lock that is lost, or released, is nobody’s to extend again', async () => {
  const clock = createManualClock()
  await using cache = createCache({ clock, servers: createMemoryStore() })
  const lock = (await cache.lock('a', { ttl: '10s' })) as Lock
  // The holder's clock says that it is over; the server has not let go of it yet.
  await turn(clock, 10_000)
  expect(lock.signal.aborted).toBe(true)
  expect(await codeOf(lock.extend())).toBe('LOCK_LOST')
})
