import { describe, expect, test } from 'vitest'
import { ShaleError, type ErrorCode, type Store, type StoreObserver } from '@shale/contracts'
import { createFaultStore, createManualClock } from '@shale/testing'
import { withDoubts } from '@shale/client'
import { bytes, entry, setUp, text } from './doubts-set-up.ts'
import { LineStore, lost } from './line-store.ts'
import { outcome, turn } from './scripted-driver.ts'

const code = (answer: unknown): unknown => (ShaleError.is(answer) ? answer.code : answer)

/** Each method as a call on one key. */
const calls: Record<string, (store: Store, key?: string) => Promise<unknown>> = {
  get: (store, key = 'a') => store.get([key]),
  getWithTtl: (store, key = 'a') => store.getWithTtl([key]),
  has: (store, key = 'a') => store.has([key]),
  ttl: (store, key = 'a') => store.ttl([key]),
  set: (store, key = 'a') => store.set([entry(key)]),
  add: (store, key = 'a') => store.add([entry(key)]),
  swap: (store, key = 'a') => store.swap([{ key, expected: bytes('1'), value: bytes('new') }]),
  touch: (store, key = 'a') => store.touch([key], 1000),
  incr: (store, key = 'a') => store.incr([{ key, by: 1 }]),
  take: (store, key = 'a') => store.take([key]),
  move: (store, key = 'a') => store.move([{ from: key, to: 'b' }]),
  lease: (store, key = 'a') => store.lease([{ key, token: 't', ttl: 1000 }]),
  fill: (store, key = 'a') => store.fill([{ ...entry(key), token: 't' }]),
  release: (store, key = 'a') => store.release([key]),
  delete: (store, key = 'a') => store.delete([key]),
}
const marking = ['set', 'delete', 'take', 'move', 'fill']

describe('a write that fails', () => {
  test.each(marking)('%s leaves its key in doubt, whether it was carried out or not', async (name) => {
    for (const ending of ['lost', 'reply lost'] as const) {
      const { line, store, asked } = setUp()
      line.entries.set('a', '1')
      line.entries.set('b', '1')
      line.isHeld = true
      const call = calls[name]!(store)
      line.letGo(ending)
      await call
      line.isHeld = true
      asked()
      expect(await store.get(['a'])).toEqual([undefined])
      expect(await store.getWithTtl(['a'])).toEqual([undefined])
      expect(await store.has(['a'])).toEqual([false])
      expect(await store.ttl(['a'])).toEqual([undefined])
      if (name === 'move') expect(await store.get(['b'])).toEqual([undefined])
      expect(asked()).toEqual([])
    }
  })

  test.each(Object.keys(calls).filter((name) => !marking.includes(name)))('%s leaves none', async (name) => {
    const { line, store, get } = setUp()
    line.entries.set('a', '1')
    line.refusal = lost
    await calls[name]!(store)
    line.refusal = undefined
    expect(await get('a')).toBe('1')
  })

  const codes: [ErrorCode, boolean][] = [
    ['SERVER_UNAVAILABLE', true],
    ['SERVER_TIMEOUT', true],
    ['SERVER_AUTH', true],
    ['SERVER_READONLY', true],
    ['SERVER_OOM', true],
    ['SERVER_REPLY', true],
    ['SHARDS_FAILED', true],
    ['CONFIG_INVALID', true],
    ['CLOSED', false],
    ['KEY_NOT_FOUND', false],
    ['VALUE_NOT_INTEGER', false],
    ['VALUE_TOO_LARGE', false],
    ['CODEC_CORRUPT', false],
  ]
  test.each(codes)('with %s: in doubt is %s', async (failure, expected) => {
    const { line, store, get } = setUp()
    line.entries.set('a', '1')
    line.refusal = new ShaleError(failure, 'as the test has it')
    await store.set([entry('a')])
    line.refusal = undefined
    expect(await get('a')).toBe(expected ? undefined : '1')
  })

  test.each(marking)('%s that rejects as a whole leaves all its keys in doubt', async (name) => {
    const line = new LineStore()
    line.entries.set('a', '1')
    const faulty = createFaultStore(line)
    const store = withDoubts(faulty, { shard: 'eu-1', clock: createManualClock() })
    const heal = faulty.inject({ error: lost, rejects: true })
    await expect(calls[name]!(store)).rejects.toBe(lost)
    heal()
    expect(await store.has(['a'])).toEqual([false])
  })

  test('only the keys that failed are in doubt; the others are served', async () => {
    const { store, asked, doubt, line } = setUp()
    await doubt('a')
    line.entries.set('b', '2')
    line.entries.set('c', '3')
    line.isHeld = true
    const found = store.get(['c', 'a', 'b', 'a'])
    expect(asked()).toEqual(['get c,b'])
    line.letGo()
    expect((await found).map(text)).toEqual(['3', undefined, '2', undefined])
  })

  test('a late success leaves none', async () => {
    const { line, store, get } = setUp()
    line.entries.set('a', '1')
    line.isHeld = true
    const set = store.set([entry('a')])
    expect(await outcome(set)).toBe('pending')
    line.letGo()
    expect(await set).toEqual([true])
    expect(await get('a')).toBe('new')
  })
})

describe('an operation on a key in doubt', () => {
  const cases: [name: string, calls: string[], answer: unknown, left: string | undefined][] = [
    ['set', ['set a'], [true], 'new'],
    ['delete', ['delete a'], { count: 1, failed: undefined }, undefined],
    ['add', ['delete a', 'add a'], [true], 'new'],
    ['swap', ['delete a'], [false], undefined],
    ['touch', ['delete a'], [false], undefined],
    ['incr', ['delete a'], ['KEY_NOT_FOUND'], undefined],
    ['take', ['delete a'], [undefined], undefined],
    ['move', ['delete a'], [false], undefined],
    ['fill', ['delete a', 'fill a'], [true], 'new'],
  ]
  test.each(cases)('%s: %j', async (name, expected, answer, left) => {
    const { line, store, asked, doubt, get } = setUp()
    await doubt('a')
    line.leases.set('a', 't')
    line.isHeld = true
    const call = calls[name]!(store)
    // All of it is asked at once: nothing that is called now can come between.
    expect(asked()).toEqual(expected)
    line.letGo()
    const answered = await call
    expect(Array.isArray(answered) ? answered.map(code) : answered).toEqual(answer)
    expect(line.entries.get('a')).toBe(left)
    expect(line.entries.get('b')).toBe(undefined)
    // The doubt is over: the store is asked again.
    line.entries.set('a', 'of another process')
    expect(await get('a')).toBe('of another process')
  })

  test.each(['add', 'swap', 'touch', 'incr', 'take', 'move', 'fill'])('%s fails if the entry cannot be removed', async (name) => {
    const { line, store, doubt, get } = setUp()
    await doubt('a')
    line.leases.set('a', 't')
    line.isHeld = true
    const call = calls[name]!(store)
    line.end('lost')
    line.letGo()
    expect(((await call) as unknown[]).map(code)).toEqual(['SERVER_UNAVAILABLE'])
    expect(line.entries.get('b')).toBe(undefined)
    expect(await get('a')).toBe(undefined)
  })

  test('add is true where the removal failed, but there was nothing', async () => {
    const { line, store, doubt, get } = setUp()
    await doubt('a')
    line.entries.delete('a')
    line.isHeld = true
    const add = store.add([entry('a')])
    line.end('lost')
    line.letGo()
    expect(await add).toEqual([true])
    expect(await get('a')).toBe('new')
  })

  test('the other keys of a batch are changed as ever, in their places', async () => {
    const { line, store, doubt } = setUp()
    await doubt('a')
    line.entries.set('b', '2')
    line.entries.set('c', '3')
    const by = 10
    expect((await store.incr(['b', 'a', 'c', 'a'].map((key) => ({ key, by })))).map(code)).toEqual([
      12,
      'KEY_NOT_FOUND',
      13,
      'KEY_NOT_FOUND',
    ])
    await doubt('a')
    line.entries.set('d', '4')
    expect(await store.add(['b', 'a', 'e', 'a'].map((key) => entry(key)))).toEqual([false, true, true, false])
  })

  test('a move to it ends its doubt', async () => {
    const { line, store, doubt, get } = setUp()
    await doubt('b')
    line.entries.set('a', 'moved')
    expect(await store.move([{ from: 'a', to: 'b' }])).toEqual([true])
    expect(await get('b')).toBe('moved')
  })

  test('a move of nothing to it does not', async () => {
    const { store, doubt, get } = setUp()
    await doubt('b')
    expect(await store.move([{ from: 'a', to: 'b' }])).toEqual([false])
    expect(await get('b')).toBe(undefined)
  })

  test('flush ends all doubts', async () => {
    const { line, store, doubt, get } = setUp()
    await doubt('a', 'b')
    await store.flush()
    line.entries.set('a', 'of another process')
    expect(await get('a')).toBe('of another process')
  })

  test('whoever asks for it again at once, for ever, leaves others their turn', async () => {
    const { store, doubt } = setUp()
    await doubt('a')
    let isOver = false
    setImmediate(() => (isOver = true))
    while (!isOver) await store.get(['a'])
  })
})

describe('calls on one key that are not awaited', () => {
  test('set and get on a key in doubt: what was set', async () => {
    const { store, doubt } = setUp()
    await doubt('a')
    const calls = [
      store.set([entry('a', '5')]),
      store.get(['a']),
      store.incr([{ key: 'a', by: 2 }]),
      store.add([entry('a')]),
      store.get(['a']),
    ]
    expect((await Promise.all(calls)).map(([answer]) => text(answer))).toEqual([true, '5', 7, false, '7'])
  })

  test('set that fails and get: missing, and not what was there', async () => {
    for (const inDoubt of [false, true]) {
      const { line, store, doubt } = setUp()
      line.entries.set('a', '1')
      if (inDoubt) await doubt('a')
      line.isHeld = true
      const calls = [store.set([entry('a', '5')]), store.get(['a']), store.has(['a']), store.take(['a'])]
      line.end('lost')
      line.letGo()
      expect((await Promise.all(calls)).map(([answer]) => code(answer))).toEqual(['SERVER_UNAVAILABLE', undefined, false, undefined])
    }
  })

  test('a read is answered only once the writes before it have settled, whoever is first', async () => {
    const { line, store } = setUp()
    line.entries.set('a', '1')
    line.isHeld = true
    const set = store.set([entry('a', '5')])
    const get = store.get(['a'])
    const other = store.get(['b'])
    // As over two connections: the read is answered while the write hangs.
    const [write] = line.waiting.splice(0, 1)
    line.letGo()
    expect(await other).toEqual([undefined])
    expect(await outcome(get)).toBe('pending')
    write!.end('lost')
    expect((await set).map(code)).toEqual(['SERVER_UNAVAILABLE'])
    expect(await get).toEqual([undefined])
  })

  test('a write that comes after a read does not keep it waiting', async () => {
    const { line, store } = setUp()
    line.entries.set('a', '1')
    line.isHeld = true
    const first = store.set([entry('a', '5')])
    const get = store.get(['a'])
    const second = store.set([entry('a', '6')])
    line.end()
    line.end()
    expect((await get).map(text)).toEqual(['5'])
    line.letGo()
    await Promise.all([first, second])
  })

  test('incr after a set that failed does not act on what was there', async () => {
    const { line, store, get } = setUp()
    line.entries.set('a', '1')
    line.isHeld = true
    const set = store.set([entry('a', '5')])
    const incr = store.incr([{ key: 'a', by: 1 }])
    line.end('lost')
    line.letGo()
    expect((await incr).map(code)).toEqual(['KEY_NOT_FOUND'])
    await set
    expect(await get('a')).toBe(undefined)
  })

  test('move after a set that failed brings nothing out of date to its new key', async () => {
    const { line, store, get } = setUp()
    line.entries.set('a', '1')
    line.isHeld = true
    void store.set([entry('a', '5')])
    const move = store.move([{ from: 'a', to: 'b' }])
    line.end('lost')
    line.letGo()
    expect(await move).toEqual([false])
    expect(await get('b')).toBe(undefined)
    expect(await get('a')).toBe(undefined)
  })

  test('many increments of one key: a failure is told to its caller, and costs the counter nothing', async () => {
    const { line, store } = setUp()
    line.entries.set('a', '0')
    const sums = await Promise.all(Array.from({ length: 100 }, () => store.incr([{ key: 'a', by: 1 }])))
    expect(sums.flat()).toEqual(Array.from({ length: 100 }, (_, i) => i + 1))
    line.isHeld = true
    const more = Promise.all(Array.from({ length: 4 }, () => store.incr([{ key: 'a', by: 1 }])))
    line.end()
    line.end('lost')
    line.letGo()
    expect((await more).flat().map(code)).toEqual([101, 'SERVER_UNAVAILABLE', 102, 103])
  })
})

test('observers of the store and of the doubts are the same', async () => {
  const { line, store } = setUp()
  const heard: string[] = []
  const observer: StoreObserver = { connected: (server) => heard.push(server) }
  store.observe?.(observer)
  line.tell(({ connected }) => connected?.('line', 'eu-1'))
  expect(heard).toEqual(['line'])
  await turn()
})
