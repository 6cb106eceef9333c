import { describe, expect, test } from 'vitest'
import { ShaleError, type ScanPage, type Store } from '@shale/contracts'
import { createManualClock } from '@shale/testing'
import { withDeadline } from '@shale/client'
import { outcome, turn } from './scripted-driver.ts'

/** A store whose every call waits until the test settles it. */
function createStuckStore() {
  const calls: { resolve(value: unknown): void; reject(error: Error): void }[] = []
  const stuck = (): Promise<never> => new Promise((resolve, reject) => calls.push({ resolve: resolve as (value: unknown) => void, reject }))
  const store = {
    get: stuck,
    set: stuck,
    add: stuck,
    swap: stuck,
    delete: stuck,
    has: stuck,
    ttl: stuck,
    touch: stuck,
    incr: stuck,
    move: stuck,
    flush: stuck,
    scan: () => ({ [Symbol.asyncIterator]: () => ({ next: stuck, return: stuck }) }),
    locate: () => ({ shard: 'here', server: 'here:1' }),
    connect: () => Promise.resolve(),
    close: () => Promise.resolve(),
  } as unknown as Store
  return { store, calls }
}

const setUp = (timeout = 500) => {
  const clock = createManualClock()
  const { store, calls } = createStuckStore()
  return { clock, calls, store: withDeadline(store, { timeout, clock }) }
}

const value = new Uint8Array(1)
const operations: Record<string, (store: Store) => Promise<unknown>> = {
  get: (store) => store.get(['a', 'b']),
  set: (store) =>
    store.set([
      { key: 'a', value, ttl: null },
      { key: 'b', value, ttl: null },
    ]),
  add: (store) =>
    store.add([
      { key: 'a', value, ttl: null },
      { key: 'b', value, ttl: null },
    ]),
  swap: (store) =>
    store.swap([
      { key: 'a', expected: value, value },
      { key: 'b', expected: value, value },
    ]),
  has: (store) => store.has(['a', 'b']),
  ttl: (store) => store.ttl(['a', 'b']),
  touch: (store) => store.touch(['a', 'b'], null),
  incr: (store) =>
    store.incr([
      { key: 'a', by: 1 },
      { key: 'b', by: 1 },
    ]),
  move: (store) =>
    store.move([
      { from: 'a', to: 'c' },
      { from: 'b', to: 'd' },
    ]),
}

describe('a call that is not answered', () => {
  test.each(Object.keys(operations))('%s has an error for each key after the timeout, and not before', async (name) => {
    const { clock, store, calls } = setUp()
    const answers = operations[name]!(store)
    clock.advance(499)
    expect(await outcome(answers)).toBe('pending')
    clock.advance(1)
    const found = (await answers) as unknown[]
    expect(found).toHaveLength(2)
    for (const answer of found) {
      expect(ShaleError.is(answer) && answer.code).toBe('SERVER_TIMEOUT')
      expect((answer as Error).message).toMatch(/here:1.*500 ms/)
    }
    calls[0]!.reject(new Error('too late to matter'))
    await turn()
    expect(clock.pending).toBe(0)
  })

  test('delete fails each key', async () => {
    const { clock, store } = setUp()
    const tally = store.delete(['a', 'b'])
    clock.advance(500)
    const { count, failed } = await tally
    expect(count).toBe(0)
    expect([...failed!].map(([key, { code }]) => [key, code])).toEqual([
      ['a', 'SERVER_TIMEOUT'],
      ['b', 'SERVER_TIMEOUT'],
    ])
  })

  test('flush and each page of a scan reject', async () => {
    const { clock, store, calls } = setUp()
    const flushed = store.flush()
    const pages = store.scan('*')[Symbol.asyncIterator]()
    const first = pages.next()
    calls[1]!.resolve({ done: false, value: ['a'] as ScanPage })
    expect(await first).toEqual({ done: false, value: ['a'] })
    clock.advance(400)
    const second = pages.next()
    clock.advance(100)
    const fate = 'whether the operation was carried out is not known.'
    await expect(flushed).rejects.toMatchObject({ code: 'SERVER_TIMEOUT', message: `here: no answer within 500 ms; ${fate}` })
    expect(await outcome(second)).toBe('pending')
    clock.advance(400)
    await expect(second).rejects.toMatchObject({ code: 'SERVER_TIMEOUT', message: 'here: no answer within 500 ms.' })
    expect(await pages.return?.()).toEqual({ done: true, value: undefined })
  })

  test('of several shards names none of them for all', async () => {
    const clock = createManualClock()
    const { store: inner } = createStuckStore()
    const parts = () => ['one', 'two'].map((shard) => ({ shard, store: inner, isHome: () => true }))
    const store = withDeadline({ ...inner, parts }, { timeout: 500, clock })
    const flushed = store.flush()
    clock.advance(500)
    await expect(flushed).rejects.toMatchObject({ message: expect.stringMatching(/^the servers: no answer within 500 ms;/) as string })
  })

  test('may be left alone: nothing is unhandled', async () => {
    const unhandled: unknown[] = []
    const listen = (reason: unknown): void => void unhandled.push(reason)
    process.on('unhandledRejection', listen)
    const { clock, store } = setUp()
    for (const operation of Object.values(operations)) void operation(store)
    void store.flush()
    void store.delete(['a'])
    void store.scan('*')[Symbol.asyncIterator]().next()
    clock.advance(1000)
    await turn()
    await turn()
    process.off('unhandledRejection', listen)
    expect(unhandled).toEqual([])
  })
})

test('an answer and an error pass through', async () => {
  const { clock, store, calls } = setUp()
  const [one, two] = [store.get(['a']), store.get(['b'])]
  calls[0]!.resolve([value])
  calls[1]!.reject(new Error('broken'))
  expect(await one).toEqual([value])
  await expect(two).rejects.toThrow('broken')
  clock.advance(10_000)
  expect(clock.pending).toBe(0)
})

test('each call has its own deadline, and none settles later than 50 ms after it', async () => {
  for (const timeout of [10, 100, 500, 5000]) {
    const { clock, store } = setUp(timeout)
    const settledAt: number[] = []
    const starts: number[] = []
    for (let i = 0; i < 200; i++) {
      starts.push(clock.now())
      void store.get(['a']).then(() => (settledAt[i] = clock.now()))
      clock.advance(3 + (i % 5))
      await turn()
    }
    for (let i = 0; i < timeout; i += 5) {
      clock.advance(5)
      await turn()
    }
    clock.advance(60)
    await turn()
    expect(settledAt.filter((at) => at !== undefined)).toHaveLength(200)
    settledAt.forEach((at, i) => {
      expect(at - starts[i]!).toBeGreaterThanOrEqual(timeout)
      expect(at - starts[i]!).toBeLessThanOrEqual(timeout + 50)
    })
  }
})

test('a busy store sets few timers', async () => {
  const clock = createManualClock()
  let set = 0
  const counting = {
    ...clock,
    now: () => clock.now(),
    clearTimeout: (h: unknown) => clock.clearTimeout(h),
    setTimeout: (fn: () => void, ms: number) => (set++, clock.setTimeout(fn, ms)),
  }
  const { store: inner, calls } = createStuckStore()
  const store = withDeadline(inner, { timeout: 500, clock: counting })
  for (let i = 0; i < 2000; i++) {
    const answer = store.get(['a'])
    calls.pop()!.resolve([undefined])
    await answer
    clock.advance(1)
  }
  expect(set).toBeLessThanOrEqual(2000 / 25 + 1)
  expect(set).toBeGreaterThan(0)
})

test('an answer that came while the process was busy wins over the deadline', async () => {
  const { clock, store, calls } = setUp()
  const answer = store.get(['a'])
  // The timer fires first; the reply is read in the same turn of the loop.
  clock.advance(5000)
  calls[0]!.resolve([value])
  expect(await answer).toEqual([value])
})

test('a clock that is put back keeps nobody waiting', async () => {
  const clock = createManualClock()
  let back = 0
  const { store: inner } = createStuckStore()
  const store = withDeadline(inner, {
    timeout: 500,
    clock: {
      now: () => clock.now() - back,
      setTimeout: (fn, ms) => clock.setTimeout(fn, ms),
      clearTimeout: (handle) => clock.clearTimeout(handle),
    },
  })
  const answer = store.get(['a'])
  back = 3_600_000
  clock.advance(550)
  expect((await answer)[0]).toMatchObject({ code: 'SERVER_TIMEOUT' })
})

test.each([0, -1, 'soon', undefined])('the timeout %j is refused', (timeout) => {
  expect(() => withDeadline(createStuckStore().store, { timeout: timeout as never })).toThrow(/timeout/)
})

test('observe is there only if the store has it', () => {
  const { store } = createStuckStore()
  expect(withDeadline(store, { timeout: 1 }).observe).toBeUndefined()
  expect(withDeadline({ ...store, observe() {} }, { timeout: 1 }).observe).toBeTypeOf('function')
})
