import { describe, expect, test } from 'vitest'
import { ShaleError, type Router, type RouterFactory, type RouterNode } from '@shale/contracts'
import { createManualClock } from '@shale/testing'
import { Sharded, withDeadline } from '@shale/client'
import { LineStore } from './line-store.ts'

const timeout = 500
const bytes = (value: string): Uint8Array => Buffer.from(value)
const text = (answer: unknown): unknown => (answer instanceof Uint8Array ? Buffer.from(answer).toString() : answer)
const entry = (key: string, value = 'new') => ({ key, value: bytes(value), ttl: null })
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** A key lives on the shard that its first letter names. */
const byLetter: RouterFactory = (nodes) => letterRouter(nodes, (key) => key.charAt(0))

function letterRouter(nodes: readonly RouterNode[], route: (key: string) => string): Router {
  return { nodes, route, rank: (key, count) => [route(key)].slice(0, count) }
}

function setUp(router: RouterFactory = byLetter) {
  const clock = createManualClock()
  const lines = { a: new LineStore(), b: new LineStore(), c: new LineStore() }
  const shards = Object.entries(lines).map(([name, line]) => ({ name, store: withDeadline(line, { timeout, clock }) }))
  const store = new Sharded({ shards, router, timeout, clock })
  const calls = (): string[][] => Object.values(lines).map((line) => line.calls)
  return { ...lines, lines, store, clock, calls }
}

describe('a batch', () => {
  test('asks each shard once, for its own keys alone, and is put back in order', async () => {
    const { store, calls } = setUp()
    await store.set([entry('a1', '1'), entry('b1', '2'), entry('a2', '3')])
    const answers = await store.get(['b1', 'a2', 'none', 'a1', 'b1', 'a3'].map((key) => (key === 'none' ? 'c9' : key)))
    expect(answers.map(text)).toEqual(['2', '3', undefined, '1', '2', undefined])
    expect(calls()).toEqual([['set a1,a2', 'get a2,a1,a3'], ['set b1', 'get b1,b1'], ['get c9']])
  })

  test('a shard that fails takes nothing away from the others, whether it answers so or rejects', async () => {
    const { store, b, c } = setUp()
    await store.set([entry('a1', '1'), entry('c1', '3')])
    b.refusal = new ShaleError('SERVER_OOM', 'full')
    c.get = () => Promise.reject(new TypeError('broken'))
    const answers = await store.get(['c1', 'b1', 'a1', 'b2'])
    expect(answers.map((answer) => (ShaleError.is(answer) ? answer.code : text(answer)))).toEqual([
      'SERVER_UNAVAILABLE',
      'SERVER_OOM',
      '1',
      'SERVER_OOM',
    ])
  })

  test('a shard that hangs is answered for at its deadline, and the others keep their answers', async () => {
    const { store, b, clock } = setUp()
    await store.set([entry('a1', '1')])
    b.isHeld = true
    const asked = store.get(['a1', 'b1'])
    await turn()
    clock.advance(timeout)
    const [first, second] = await asked
    expect(text(first)).toBe('1')
    expect(second).toMatchObject({ code: 'SERVER_TIMEOUT' })
  })

  test('delete adds up what each shard removed, and names the keys that failed', async () => {
    const { store, b, c } = setUp()
    await store.set(['a1', 'a2', 'b1', 'c1'].map((key) => entry(key)))
    b.refusal = new ShaleError('SERVER_READONLY', 'a replica')
    c.delete = () => Promise.reject(new ShaleError('SERVER_UNAVAILABLE', 'gone'))
    const { count, failed } = await store.delete(['a1', 'b1', 'a2', 'c1', 'a3'])
    expect(count).toBe(2)
    expect([...(failed ?? [])].map(([key, { code }]) => [key, code])).toEqual([
      ['b1', 'SERVER_READONLY'],
      ['c1', 'SERVER_UNAVAILABLE'],
    ])
  })

  test('an empty batch is no error', async () => {
    const { store } = setUp()
    expect(await store.get([])).toEqual([])
    expect(await store.delete([])).toEqual({ count: 0, failed: undefined })
  })

  test('groups of divided keys go to their shards as they are', async () => {
    const { store, calls } = setUp()
    const keys = ['b1', 'a1', 'b2']
    const groups = store.divide(keys)
    expect(groups).toEqual([
      { shard: 'a', keys: ['a1'], places: [1] },
      { shard: 'b', keys: ['b1', 'b2'], places: [0, 2] },
    ])
    for (const group of groups) await store.get(group.keys)
    expect(calls()).toEqual([['get a1'], ['get b1,b2'], []])
  })
})

describe('a move', () => {
  test('within a shard is one command there', async () => {
    const { store, calls, a } = setUp()
    a.entries.set('a1', '1')
    expect(await store.move([{ from: 'a1', to: 'a2' }])).toEqual([true])
    expect(calls()).toEqual([['move a1'], [], []])
  })

  test('across shards takes the entry and stores it over what is there', async () => {
    const { store, calls, a, b } = setUp()
    a.entries.set('a1', 'moved')
    b.entries.set('b1', 'old')
    expect(
      await store.move([
        { from: 'a1', to: 'b1' },
        { from: 'a2', to: 'b2' },
      ]),
    ).toEqual([true, false])
    expect(calls()).toEqual([['take a1', 'take a2'], ['set b1'], []])
    expect([...a.entries]).toEqual([])
    expect([...b.entries]).toEqual([['b1', 'moved']])
  })

  test('across shards exactly one of several succeeds', async () => {
    const { store, a, b, c } = setUp()
    a.entries.set('a1', '1')
    const moves = ['b1', 'c1', 'b2', 'c2'].map((to) => store.move([{ from: 'a1', to }]))
    expect((await Promise.all(moves)).flat().filter((answer) => answer === true)).toHaveLength(1)
    expect(a.entries.size + b.entries.size + c.entries.size).toBe(1)
  })

  test('what cannot be stored is put back, and the error says so', async () => {
    const { store, a, b } = setUp()
    a.entries.set('a1', '1')
    b.refusal = new ShaleError('SERVER_OOM', 'full')
    const [answer] = await store.move([{ from: 'a1', to: 'b1' }])
    expect(answer).toMatchObject({ code: 'SERVER_OOM', partial: { putBack: true } })
    expect(a.entries.get('a1')).toBe('1')
  })

  test('nothing is put back over what was stored meanwhile by another process', async () => {
    const { store, a, b } = setUp()
    a.entries.set('a1', '1')
    b.isHeld = true
    const moving = store.move([{ from: 'a1', to: 'b1' }])
    await turn()
    a.entries.set('a1', 'of another')
    b.letGo('lost')
    expect(await moving).toMatchObject([{ code: 'SERVER_UNAVAILABLE', partial: { putBack: false } }])
    expect(a.entries.get('a1')).toBe('of another')
  })

  test('ends within the deadline in all, though each shard hangs', async () => {
    const { store, a, b, clock } = setUp()
    a.entries.set('a1', '1')
    b.isHeld = true
    const moving = store.move([{ from: 'a1', to: 'b1' }])
    await turn()
    a.isHeld = true
    let settled: unknown
    void moving.then(([answer]) => (settled = answer))
    for (let passed = 0; passed < timeout; passed += 25) {
      expect(settled).toBe(undefined)
      clock.advance(25)
      await turn()
      await turn()
    }
    clock.advance(25)
    await turn()
    await turn()
    expect(settled).toMatchObject({ code: 'SERVER_TIMEOUT', partial: { putBack: false } })
  })

  test('later calls on its keys come after it, and others do not wait', async () => {
    const { store, a, b } = setUp()
    a.entries.set('a1', '1')
    a.entries.set('a2', '2')
    b.isHeld = true
    const moving = store.move([{ from: 'a1', to: 'b1' }])
    const reads = store.get(['a2', 'a1', 'c1'])
    const read = store.get(['b1'])
    const added = store.add([entry('a1', 'after')])
    const removed = store.delete(['a2', 'b1'])
    await turn()
    expect(a.calls).toContain('get a2')
    expect(a.calls).not.toContain('get a1')
    expect(a.calls).toContain('delete a2')
    expect(b.calls).toEqual(['set b1'])
    b.letGo()
    expect(await moving).toEqual([true])
    expect((await reads).map(text)).toEqual(['2', undefined, undefined])
    expect((await read).map(text)).toEqual(['1'])
    expect(await added).toEqual([true])
    expect(await removed).toEqual({ count: 2, failed: undefined })
    expect(b.calls).toEqual(['set b1', 'get b1', 'delete b1'])
  })

  test('a call that waits for one keeps its own deadline, and is made all the same', async () => {
    const { store, a, b, clock } = setUp()
    a.entries.set('a1', '1')
    b.isHeld = true
    const moving = store.move([{ from: 'a1', to: 'b1' }])
    await turn()
    clock.advance(250)
    const second = store.move([{ from: 'b1', to: 'c1' }])
    const set = store.set([entry('a1', 'after'), entry('a2', 'at once')])
    for (let i = 0; i < 20; i++) {
      clock.advance(25)
      await turn()
      await turn()
    }
    expect(await moving).toMatchObject([{ code: 'SERVER_TIMEOUT' }])
    expect(await set).toEqual([true, true])
    expect(await second).toMatchObject([{ code: 'SERVER_TIMEOUT' }])
    expect(a.entries.get('a1')).toBe('after')
  })

  test('a scan finds what came of it, and a flush comes after it', async () => {
    const { store, a, b } = setUp()
    a.entries.set('a1', '1')
    b.isHeld = true
    const moving = store.move([{ from: 'a1', to: 'b1' }])
    const scanning = scanned(store)
    const flushing = store.flush()
    const set = store.set([entry('c1')])
    await turn()
    expect([...a.calls, ...b.calls].filter((call) => /scan|flush/.test(call))).toEqual([])
    b.letGo()
    await Promise.all([moving, flushing])
    await Promise.all([scanning, set])
    expect(b.calls.indexOf('flush')).toBeGreaterThan(b.calls.indexOf('set b1'))
    expect(await scanned(store)).toEqual(['c1'])
  })
})

describe('a scan', () => {
  test('goes through all shards at the same time, a page ahead at most', async () => {
    const { store, lines } = setUp()
    for (const [name, line] of Object.entries(lines)) {
      line.pageSize = 10
      for (let i = 0; i < 50; i++) line.entries.set(`${name}${i}`, '1')
    }
    const seen = new Set<string>()
    let pages = 0
    for await (const page of store.scan('*')) {
      pages++
      for (const key of page) seen.add(key)
      await turn()
      const asked = Object.values(lines).flatMap((line) => line.calls).length
      expect(asked).toBeLessThanOrEqual(pages + 3)
    }
    expect(seen.size).toBe(150)
  })

  test('a shard that fails does not stop the others; what failed is said at the end', async () => {
    const { store, a, b, c } = setUp()
    for (const key of ['a1', 'a2', 'c1']) (key.startsWith('a') ? a : c).entries.set(key, '1')
    a.pageSize = 1
    b.refusal = new ShaleError('SERVER_UNAVAILABLE', 'b is down.')
    const found: string[] = []
    const error = await (async () => {
      for await (const page of store.scan('*')) found.push(...page)
    })().catch((thrown: unknown) => thrown)
    expect(found.sort()).toEqual(['a1', 'a2', 'c1'])
    expect(error).toMatchObject({ code: 'SHARDS_FAILED', partial: { failed: [{ shard: 'b', code: 'SERVER_UNAVAILABLE' }] } })
    expect((error as Error).message).toContain('b (SERVER_UNAVAILABLE: b is down.)')
  })

  test('leaves out what is on a shard where nobody looks for it', async () => {
    const { store, a, b } = setUp()
    a.entries.set('a1', '1')
    a.entries.set('b2', 'left')
    b.entries.set('b1', '1')
    expect(await scanned(store)).toEqual(['a1', 'b1'])
    expect(store.parts().map(({ shard, isHome }) => [shard, isHome('a1'), isHome('b2')])).toEqual([
      ['a', true, false],
      ['b', false, true],
      ['c', false, false],
    ])
  })

  test('may be left early', async () => {
    const { store, a, b } = setUp()
    a.entries.set('a1', '1')
    b.isHeld = true
    for await (const page of store.scan('*')) if (page.length > 0) break
    expect(await store.has(['a1'])).toEqual([true])
  })
})

describe('all shards', () => {
  test('flush empties those that answer, and names those that do not', async () => {
    const { store, a, b, c } = setUp()
    for (const [line, key] of [
      [a, 'a1'],
      [c, 'c1'],
    ] as const)
      line.entries.set(key, '1')
    b.refusal = new ShaleError('SERVER_TIMEOUT', 'b hangs.')
    const error = await store.flush().catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'SHARDS_FAILED', partial: { done: ['a', 'c'], failed: [{ shard: 'b', code: 'SERVER_TIMEOUT' }] } })
    expect(a.entries.size + c.entries.size).toBe(0)
  })

  test.each([
    [['SERVER_UNAVAILABLE'], 'SHARDS_FAILED'],
    [['SERVER_UNAVAILABLE', 'SERVER_TIMEOUT'], 'SHARDS_FAILED'],
    [['SERVER_UNAVAILABLE', 'SERVER_AUTH'], 'SERVER_AUTH'],
    [['CONFIG_INVALID', 'SERVER_UNAVAILABLE'], 'CONFIG_INVALID'],
    [['CLOSED'], 'CLOSED'],
  ] as const)('connect with %j is %s', async (codes, code) => {
    const { store, lines } = setUp()
    codes.forEach((one, i) => {
      const line = Object.values(lines)[i] as LineStore
      line.connect = () => Promise.reject(new ShaleError(one, 'no'))
    })
    const error = (await store.connect().catch((thrown: unknown) => thrown)) as ShaleError
    expect(error.code).toBe(code)
    if (code === 'SHARDS_FAILED') {
      expect(error.partial).toEqual({ failed: codes.map((one, i) => ({ shard: 'abc'.charAt(i), code: one })) })
    }
  })

  test('locate names the shard; status and observers are those of all', async () => {
    const { store, a, b } = setUp()
    expect(store.locate('b7')).toEqual({ shard: 'b', server: 'line' })
    const heard: string[] = []
    store.observe({ connected: (server) => heard.push(server) })
    a.tell((observer) => observer.connected?.('of a', 'a'))
    b.tell((observer) => observer.connected?.('of b', 'b'))
    expect(heard).toEqual(['of a', 'of b'])
    expect(store.status()).toEqual([])
  })
})

describe('a router', () => {
  test('that names no shard is refused by name, by every call', async () => {
    const { store } = setUp((nodes) => letterRouter(nodes, () => 'elsewhere'))
    const expected = { code: 'CONFIG_INVALID', message: expect.stringMatching(/"a", "b", "c"; it gave the string "elsewhere"/) as string }
    await expect(store.get(['a1'])).rejects.toMatchObject(expected)
    await expect(store.get(['a1', 'b1'])).rejects.toMatchObject(expected)
    await expect(store.delete(['a1', 'b1'])).rejects.toMatchObject(expected)
    await expect(store.move([{ from: 'a1', to: 'b1' }])).rejects.toMatchObject(expected)
    expect(() => store.locate('a1')).toThrow(/elsewhere/)
  })

  test('that is none is refused at once', () => {
    for (const made of [undefined, null, {}, 5, { route: 'a' }]) {
      expect(() => setUp((() => made) as never)).toThrow(/router: expected a factory of routers/)
    }
  })
})

async function scanned(store: Sharded): Promise<string[]> {
  const keys: string[] = []
  for await (const page of store.scan('*')) keys.push(...page)
  return keys.sort()
}
