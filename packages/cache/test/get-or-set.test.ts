import { expect, test, vi } from 'vitest'
import { createCache, type LoadContext } from '@shale/cache'
import { createManualClock } from '@shale/testing'
import { until } from '@tooling/servers'
import { defer } from './deferred.ts'
import { at, codeOf, errorOf } from './sites.ts'

at('getOrSet', ['embedded', 'TCP'], (site) => {
  test('a hit is given, and the factory is not asked', async () => {
    const cache = site.cache()
    const factory = vi.fn(() => 'loaded')
    for (const value of [0, '', false, null, { a: 1 }]) {
      await cache.set('a', value)
      expect(await cache.getOrSet<unknown>('a', factory)).toEqual(value)
    }
    expect(factory).not.toHaveBeenCalled()
  })

  test('on a miss the value, or what a factory makes of it, is stored', async () => {
    const cache = site.cache({ ttl: '100s' })
    expect(await cache.getOrSet('value', { a: 1 })).toEqual({ a: 1 })
    expect(await cache.getOrSet('sync', () => 2)).toBe(2)
    expect(await cache.getOrSet('async', async () => new Map([['a', 1]]))).toEqual(new Map([['a', 1]]))
    expect([...(await cache.getMany(['value', 'sync', 'async'])).values()]).toEqual([{ a: 1 }, 2, new Map([['a', 1]])])
    expect(await cache.ttl('sync')).toBeLessThanOrEqual(100_000)
    expect(await cache.getOrSet('sync', 9, { version: 2 })).toBe(9)
    expect(await cache.get('sync')).toBe(2)
    expect(await cache.get('sync', { version: 2 })).toBe(9)
  })

  test('an object given as the value is stored as it was at the call', async () => {
    const cache = site.cache()
    const value = { a: 1 }
    const loading = cache.getOrSet('a', value)
    value.a = 2
    expect(await loading).toEqual({ a: 1 })
    expect(await cache.get('a')).toEqual({ a: 1 })
  })

  test('callers that come while it loads share one load', async () => {
    const cache = site.cache()
    const gate = defer<object>()
    const factory = vi.fn(() => gate.promise)
    const early = Array.from({ length: 20 }, () => cache.getOrSet('a', factory))
    await until('the load', () => factory.mock.calls.length > 0)
    const late = Array.from({ length: 20 }, () => cache.getOrSet('a', factory))
    gate.resolve({ a: 1 })
    for (const found of await Promise.all([...early, ...late])) expect(found).toEqual({ a: 1 })
    expect(factory).toHaveBeenCalledTimes(1)
    expect(cache.stats().sets).toBe(1)
  })

  test('other keys, versions and namespaces load by themselves; a namespace of the same name does not', async () => {
    const cache = site.cache()
    const factory = vi.fn(async () => 1)
    await Promise.all([
      cache.getOrSet('a', factory),
      cache.getOrSet('b', factory),
      cache.getOrSet('a', factory, { version: 2 }),
      cache.namespace('eu').getOrSet('a', factory),
      cache.namespace('eu').getOrSet('a', factory),
    ])
    expect(factory).toHaveBeenCalledTimes(4)
  })

  test('the factory’s error reaches every caller unchanged, and nothing is stored', async () => {
    const cache = site.cache()
    for (const error of [new TypeError('no such user'), 'a string', undefined, null]) {
      const calls = Array.from({ length: 3 }, () => cache.getOrSet('a', () => Promise.reject(error)))
      const settled = await Promise.allSettled([
        ...calls,
        cache.getOrSet('b', () => {
          throw error
        }),
      ])
      for (const one of settled) {
        expect(one.status).toBe('rejected')
        expect((one as PromiseRejectedResult).reason).toBe(error)
      }
      expect(await cache.has('a')).toBe(false)
    }
    expect(await cache.getOrSet('a', () => 'next time')).toBe('next time')
    expect(cache.stats()).toMatchObject({ degraded: 0, errors: {} })
  })

  test('undefined is given, not stored', async () => {
    const cache = site.cache()
    const factory = vi.fn(() => undefined)
    expect(await Promise.all([cache.getOrSet('a', factory), cache.getOrSet('a', factory)])).toEqual([undefined, undefined])
    expect(await cache.has('a')).toBe(false)
    expect(factory).toHaveBeenCalledTimes(1)
    expect(await cache.getOrSet('a', undefined)).toBe(undefined)
    expect(await cache.getOrSet('a', () => 1)).toBe(1)
  })

  test('null is stored, with the negativeTtl if there is one', async () => {
    const cache = site.cache({ ttl: '1h' })
    expect(await cache.getOrSet('a', () => null)).toBe(null)
    expect(await cache.get('a', { default: 'none' })).toBe(null)
    expect(await cache.ttl('a')).toBeGreaterThan(3_000_000)
    await cache.getOrSet('b', () => null, { ttl: '1h', negativeTtl: '60s' })
    expect(await cache.ttl('b')).toBeLessThanOrEqual(60_000)
    await cache.getOrSet('c', () => 0, { ttl: '1h', negativeTtl: '60s' })
    expect(await cache.ttl('c')).toBeGreaterThan(3_000_000)
    await cache.getOrSet('d', () => null, { negativeTtl: null })
    expect(await cache.ttl('d')).toBe(null)
    expect(await cache.getOrSet('e', () => null, { negativeTtl: 0 })).toBe(null)
    expect(await cache.has('e')).toBe(false)
  })

  test('ttl, jitter and version are those of the call, or what the factory sets on its context', async () => {
    const cache = site.cache()
    await cache.getOrSet('call', () => 1, { ttl: '1h' })
    expect(await cache.ttl('call')).toBeGreaterThan(3_000_000)
    const seen: Partial<LoadContext>[] = []
    await cache.getOrSet(
      'context',
      async (context) => {
        seen.push({ ttl: context.ttl, version: context.version })
        context.ttl = '2h'
        return 1
      },
      { ttl: '1h', version: 2 },
    )
    expect(seen).toEqual([{ ttl: '1h', version: 2 }])
    expect(await cache.ttl('context', { version: 2 })).toBeGreaterThan(7_000_000)
    await cache.getOrSet('ever', (context) => ((context.ttl = null), 1))
    expect(await cache.ttl('ever')).toBe(null)
    expect(await cache.getOrSet('never', (context) => ((context.ttl = 0), 1))).toBe(1)
    expect(await cache.has('never')).toBe(false)
    await cache.getOrSet('moved', (context) => ((context.version = 5), 1))
    expect(await cache.has('moved')).toBe(false)
    expect(await cache.get('moved', { version: 5 })).toBe(1)
    await Promise.all(
      Array.from({ length: 40 }, (_, i) => cache.getOrSet(`j${i}`, (context) => ((context.ttlJitter = 1), 1), { ttl: '1h' })),
    )
    const left = await Promise.all(Array.from({ length: 40 }, (_, i) => cache.ttl(`j${i}`)))
    expect(Math.min(...left.map(Number))).toBeLessThan(1_800_000)
  })

  test('a wrong ttl that the factory sets is CONFIG_INVALID, and nothing is stored', async () => {
    const cache = site.cache()
    expect(await codeOf(cache.getOrSet('a', (context) => ((context.ttl = 'soon' as never), 1)))).toBe('CONFIG_INVALID')
    expect(await cache.has('a')).toBe(false)
  })

  test.each([0, -1])('with a ttl of %i the value is given, not stored', async (ttl) => {
    const cache = site.cache()
    expect(await cache.getOrSet('a', () => 1, { ttl })).toBe(1)
    expect(await cache.has('a')).toBe(false)
    await cache.set('a', 'there')
    expect(await cache.getOrSet('a', () => 1, { ttl })).toBe('there')
  })

  test('hardTimeout: LOAD_TIMEOUT for this caller; the load goes on and is stored', async () => {
    const cache = site.cache()
    const gate = defer<string>()
    let signal: AbortSignal | undefined
    const load = (context: LoadContext): Promise<string> => ((signal = context.signal), gate.promise)
    const patient = cache.getOrSet('a', load)
    await until('the load', () => signal)
    const error = await errorOf(cache.getOrSet('a', load, { hardTimeout: 20 }))
    expect(error.code).toBe('LOAD_TIMEOUT')
    expect(error.message).toContain("'a'")
    expect(signal?.aborted).toBe(false)
    gate.resolve('late')
    expect(await patient).toBe('late')
    expect(await cache.get('a')).toBe('late')
  })

  test('hardTimeout: also of the only caller, and a quick load meets it', async () => {
    const cache = site.cache()
    const gate = defer<string>()
    expect(await codeOf(cache.getOrSet('a', () => gate.promise, { hardTimeout: 20 }))).toBe('LOAD_TIMEOUT')
    gate.resolve('late')
    await until('the entry', () => cache.has('a'))
    expect(await cache.getOrSet('a', () => 'anew', { hardTimeout: '20s' })).toBe('late')
    expect(await cache.getOrSet('b', () => 'quick', { hardTimeout: '20s' })).toBe('quick')
  })

  test('signal gives up one caller alone', async () => {
    const cache = site.cache()
    const gate = defer<string>()
    const controller = new AbortController()
    let signal: AbortSignal | undefined
    const load = (context: LoadContext): Promise<string> => ((signal = context.signal), gate.promise)
    const one = errorOf(cache.getOrSet('a', load, { signal: controller.signal }))
    const other = cache.getOrSet('a', load)
    await until('the load', () => signal)
    const reason = new Error('gone')
    controller.abort(reason)
    expect(await one).toMatchObject({ code: 'ABORTED', cause: reason })
    expect(signal?.aborted).toBe(false)
    gate.resolve('loaded')
    expect(await other).toBe('loaded')
    expect(await cache.get('a')).toBe('loaded')
  })

  test('a signal that was aborted before: nothing is loaded', async () => {
    const cache = site.cache()
    const factory = vi.fn(() => 1)
    expect(await codeOf(cache.getOrSet('a', factory, { signal: AbortSignal.abort() }))).toBe('ABORTED')
    expect(factory).not.toHaveBeenCalled()
  })

  test('context.signal is aborted when all callers gave up; the result is not stored, and the next caller loads anew', async () => {
    const cache = site.cache()
    const gate = defer<string>()
    const controllers = [new AbortController(), new AbortController()] as const
    let signal: AbortSignal | undefined
    const load = (context: LoadContext): Promise<string> => ((signal = context.signal), gate.promise)
    const calls = controllers.map((controller) => codeOf(cache.getOrSet('a', load, { signal: controller.signal })))
    await until('the load', () => signal)
    controllers[0].abort()
    expect(signal?.aborted).toBe(false)
    controllers[1].abort()
    expect(signal?.aborted).toBe(true)
    expect(await Promise.all(calls)).toEqual(['ABORTED', 'ABORTED'])
    const anew = cache.getOrSet('a', () => 'anew')
    gate.resolve('given up')
    expect(await anew).toBe('anew')
    expect(await cache.get('a')).toBe('anew')
  })

  test('who gives up a load that was voided does no harm to the next one', async () => {
    const cache = site.cache()
    const [first, second] = [defer<string>(), defer<string>()]
    const controller = new AbortController()
    const started = vi.fn()
    const voided = codeOf(cache.getOrSet('a', () => (started(), first.promise), { signal: controller.signal }))
    await until('the first load', () => started.mock.calls.length === 1)
    await cache.delete('a')
    const next = cache.getOrSet('a', () => (started(), second.promise))
    await until('the second load', () => started.mock.calls.length === 2)
    controller.abort()
    expect(await voided).toBe('ABORTED')
    second.resolve('second')
    expect(await next).toBe('second')
    expect(await cache.get('a')).toBe('second')
    first.resolve('first')
  })

  test('a load that fails after all its callers gave up is no unhandled rejection', async () => {
    const cache = site.cache()
    const unhandled = vi.fn()
    process.on('unhandledRejection', unhandled)
    const gate = defer<string>()
    const controller = new AbortController()
    const started = vi.fn()
    const load = (): Promise<string> => (started(), gate.promise)
    const calls = [codeOf(cache.getOrSet('a', load, { signal: controller.signal })), codeOf(cache.getOrSet('a', load, { hardTimeout: 10 }))]
    await until('the load', () => started.mock.calls.length > 0)
    controller.abort()
    expect(await Promise.all(calls)).toEqual(['ABORTED', 'LOAD_TIMEOUT'])
    gate.reject(new Error('too late'))
    for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve))
    process.off('unhandledRejection', unhandled)
    expect(unhandled).not.toHaveBeenCalled()
    expect(await cache.getOrSet('a', () => 'anew')).toBe('anew')
  })

  test('a factory may use the cache itself, its own key included', async () => {
    const cache = site.cache()
    const found = await cache.getOrSet('a', async () => {
      await cache.set('b', 1)
      return { b: await cache.getOrSet('b', 2), c: await cache.getOrSet('c', () => 3), a: await cache.get('a') }
    })
    expect(found).toEqual({ b: 1, c: 3, a: undefined })
  })
})

test('hardTimeout is counted by the clock', async () => {
  const clock = createManualClock()
  await using cache = createCache({ clock })
  const gate = defer<string>()
  const call = codeOf(cache.getOrSet('a', () => gate.promise, { hardTimeout: '10s' }))
  let settled = false
  void call.then(() => (settled = true))
  clock.advance(9_999)
  await new Promise((resolve) => setImmediate(resolve))
  expect(settled).toBe(false)
  clock.advance(1)
  expect(await call).toBe('LOAD_TIMEOUT')
  gate.resolve('late')
})
