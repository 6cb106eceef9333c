import { describe, expect, test } from 'vitest'
import { ShaleError } from '@shale/contracts'
import { entry, setUp, text } from './doubts-set-up.ts'
import { lost, type LineStore } from './line-store.ts'
import { turn } from './scripted-driver.ts'

const numbered = (count: number, name = 'k'): string[] => Array.from({ length: count }, (_, i) => `${name}${i}`)

describe('the keys in doubt are removed', () => {
  test('at once when the store tells that it is back', async () => {
    const events: ((line: LineStore) => void)[] = [
      (line) => line.tell((observer) => observer.connected?.('line', 'eu-1')),
      (line) => line.tell((observer) => observer.primary?.('eu-1', 'another', 'line')),
      (line) => line.tell((observer) => observer.breaker?.('line', 'closed')),
    ]
    for (const event of events) {
      const { line, told, doubt, asked, get } = setUp()
      await doubt('a', 'b')
      line.tell((observer) => observer.breaker?.('line', 'half-open'))
      await turn()
      expect(asked()).toEqual([])
      event(line)
      await turn()
      expect(asked()).toEqual(['delete a,b'])
      expect(line.entries.size).toBe(0)
      expect(told).toEqual([['eu-1', 2]])
      line.entries.set('a', 'of another process')
      expect(await get('a')).toBe('of another process')
    }
  })

  test('at once when any call is answered', async () => {
    const { told, store, doubt, asked } = setUp()
    await doubt('a')
    await store.get(['b'])
    await turn()
    expect(asked()).toEqual(['get b', 'delete a'])
    expect(told).toEqual([['eu-1', 1]])
  })

  test('within half a second otherwise, and not before a quarter of one', async () => {
    for (const [chance, pause] of [
      [0, 250],
      [0.5, 375],
      [0.999, 499],
    ] as const) {
      const { clock, doubt, asked } = setUp({ random: () => chance })
      await doubt('a')
      clock.advance(pause - 1)
      await turn()
      expect(asked()).toEqual([])
      clock.advance(1 + 1)
      await turn()
      expect(asked()).toEqual(['delete a'])
    }
  })

  test('again and again while that fails; each try costs one call', async () => {
    const { clock, line, told, doubt, asked, store } = setUp()
    await doubt(...numbered(5000))
    line.refusal = lost
    for (let i = 0; i < 10; i++) {
      clock.advance(500)
      await turn()
    }
    const tries = asked()
    expect(tries.length).toBeGreaterThanOrEqual(10)
    expect(tries.length).toBeLessThanOrEqual(14)
    expect(clock.pending).toBe(1)
    line.refusal = undefined
    clock.advance(500)
    await turn()
    expect(asked()).toHaveLength(5)
    expect(line.entries.size).toBe(0)
    expect(told).toEqual([['eu-1', 5000]])
    expect(clock.pending).toBe(0)
    await store.close()
  })

  test('answers of other calls lead to no storm of tries where the removal is refused', async () => {
    const { clock, line, doubt, asked, store } = setUp()
    await doubt('a')
    const noPermission = new ShaleError('SERVER_AUTH', 'no permission to delete')
    const keys = line.delete.bind(line)
    line.delete = (some) => keys(some).then(() => ({ count: 0, failed: new Map(some.map((key) => [key, noPermission])) }))
    for (let i = 0; i < 1000; i++) {
      await store.get(['b'])
      if (i % 10 === 0) clock.advance(1)
    }
    expect(asked().filter((call) => call.startsWith('delete'))).toHaveLength(1)
  })

  test('a store that hangs gets one call, and the rest once that is answered, four at a time', async () => {
    const { line, doubt, asked, connected, clock } = setUp()
    await doubt(...numbered(10_000))
    line.isHeld = true
    await connected()
    expect(line.waiting).toHaveLength(1)
    clock.advance(10_000)
    await connected()
    expect(line.waiting).toHaveLength(1)
    line.end()
    await turn()
    expect(line.waiting).toHaveLength(4)
    line.letGo()
    await turn()
    expect(asked()).toHaveLength(10)
    expect(line.entries.size).toBe(0)
  })

  test('a try that fails because the line was lost is followed by another once there is a new one', async () => {
    const { line, doubt, connected, asked } = setUp()
    await doubt('a')
    line.isHeld = true
    await connected()
    await connected()
    line.letGo('lost')
    await turn()
    expect(asked()).toEqual(['delete a', 'delete a'])
    expect(line.entries.size).toBe(0)
  })

  test('not after close, which leaves no timer', async () => {
    const { store, doubt, clock, asked, connected } = setUp()
    await doubt('a')
    await store.close()
    expect(clock.pending).toBe(0)
    await connected()
    expect(asked()).toEqual([])
    await store.set([entry('b')])
    expect(clock.pending).toBe(0)
  })

  test('keys that a later write has ended the doubt of are left, and nothing is told', async () => {
    const { store, doubt, clock, asked, told, get } = setUp()
    await doubt('a')
    await store.set([entry('a')])
    await turn()
    clock.advance(1000)
    await turn()
    expect(asked()).toEqual(['set a'])
    expect(told).toEqual([])
    expect(await get('a')).toBe('new')
  })
})

describe('races', () => {
  test('a write that fails while its key is being removed leaves it in doubt', async () => {
    const { line, store, doubt, connected, get, told } = setUp()
    await doubt('a')
    line.isHeld = true
    await connected()
    const set = store.set([entry('a', 'second')])
    line.end()
    line.end('reply lost')
    await set
    expect(line.entries.get('a')).toBe('second')
    expect(await get('a')).toBe(undefined)
    line.letGo()
    await turn()
    await connected()
    expect(line.entries.size).toBe(0)
    expect(told).toEqual([['eu-1', 2]])
  })

  test('a write that succeeds while its key is being removed stays', async () => {
    const { line, store, doubt, connected, get } = setUp()
    await doubt('a')
    line.isHeld = true
    await connected()
    const set = store.set([entry('a', 'second')])
    line.letGo()
    await set
    expect(await get('a')).toBe('second')
    await connected()
    expect(await get('a')).toBe('second')
  })

  test('a key with a write under way is not removed before that has settled', async () => {
    for (const ending of ['answer', 'lost'] as const) {
      const { line, store, doubt, connected, get, asked, clock } = setUp()
      await doubt('a', 'b')
      line.isHeld = true
      const set = store.set([entry('a', 'second')])
      await connected()
      expect(asked()).toEqual(['set a', 'delete b'])
      line.end(ending)
      await set
      line.letGo()
      await turn()
      clock.advance(1000)
      await turn()
      expect(asked()).toEqual(ending === 'answer' ? [] : ['delete a'])
      expect(await get('a')).toBe(ending === 'answer' ? 'second' : undefined)
    }
  })

  test('a read that was asked before the removal says missing, though it is answered after it', async () => {
    const { line, store, connected } = setUp()
    line.entries.set('a', '1')
    line.isHeld = true
    const set = store.set([entry('a')])
    const get = store.get(['a'])
    const [write, read] = line.waiting.splice(0)
    write!.end('lost')
    await set
    await connected()
    line.letGo()
    await turn()
    expect(line.entries.has('a')).toBe(false)
    line.entries.set('a', '1')
    read!.end('answer')
    expect(await get).toEqual([undefined])
  })

  test('the success of an older write does not end the doubt of a newer one', async () => {
    const { line, store, get } = setUp()
    line.isHeld = true
    const older = store.set([entry('a', 'older')])
    const newer = store.set([entry('a', 'newer')])
    const [first, second] = line.waiting.splice(0)
    second!.end('lost')
    await newer
    first!.end('answer')
    await older
    line.isHeld = false
    expect(await get('a')).toBe(undefined)
  })
})

describe('more keys in doubt than are remembered', () => {
  const mostKeys = 100
  const own = { pattern: 'own:*', concerns: (key: string) => key.startsWith('own:') && !key.startsWith('own:lock') }

  test('as many as that are remembered one by one', async () => {
    const { doubt, get, line } = setUp({ mostKeys })
    await doubt(...numbered(100))
    line.entries.set('other', '1')
    expect(await get('other')).toBe('1')
  })

  test('with one more all keys count as missing until those that there are were removed', async () => {
    const { line, doubt, get, connected, told, store, asked } = setUp({ mostKeys, keys: own })
    line.entries.set('own:other', '1')
    line.entries.set('own:lock', 'token')
    line.entries.set('foreign', '1')
    line.pageSize = 10
    await doubt(...numbered(101, 'own:'))
    expect(await store.get(['own:other', 'own:1', 'own:lock', 'foreign'].slice(0, 2))).toEqual([undefined, undefined])
    expect(asked()).toEqual([])
    expect(await get('own:lock')).toBe('token')
    await connected()
    expect([...line.entries.keys()].sort()).toEqual(['foreign', 'own:lock'])
    expect(told).toEqual([['eu-1', undefined]])
    line.entries.set('own:other', '2')
    expect(await get('own:other')).toBe('2')
  })

  test('writes that succeed meanwhile are served, and stay', async () => {
    const { line, doubt, get, connected, store, told } = setUp({ mostKeys })
    await doubt(...numbered(101))
    line.isHeld = true
    const connecting = connected()
    const written = Promise.all([
      store.set([entry('x')]),
      store.add([entry('k1', 'added')]),
      store.add([entry('k1', 'again')]),
      store.incr([{ key: 'k2', by: 1 }]),
      store.get(['x']),
    ])
    line.letGo()
    const answers = await written
    expect(answers.slice(0, 3)).toEqual([[true], [true], [false]])
    expect(answers[3]![0]).toMatchObject({ code: 'KEY_NOT_FOUND' })
    expect(text(answers[4]![0])).toBe('new')
    await connecting
    await connected()
    expect([...line.entries]).toEqual([
      ['x', 'new'],
      ['k1', 'added'],
    ])
    expect(await get('x')).toBe('new')
    expect(await get('k1')).toBe('added')
    expect(told).toEqual([['eu-1', undefined]])
  })

  test('keys that fail while it is cleared stay in doubt', async () => {
    const { line, doubt, get, connected, store } = setUp({ mostKeys })
    await doubt(...numbered(101))
    line.isHeld = true
    await connected()
    line.end()
    await turn()
    const set = store.set([entry('late')])
    line.end()
    line.end('reply lost')
    await set
    await turn()
    expect(await get('late')).toBe(undefined)
    line.letGo()
    await turn()
    await connected()
    expect(line.entries.size).toBe(0)
    line.entries.set('late', 'of another process')
    expect(await get('late')).toBe('of another process')
  })

  test('a scan or a removal that fails is begun anew', async () => {
    for (const failing of [0, 1, 2, 3]) {
      const { line, doubt, get, connected, clock, told } = setUp({ mostKeys })
      line.pageSize = 40
      await doubt(...numbered(101))
      line.isHeld = true
      await connected()
      for (let i = 0; i < failing; i++) {
        line.end()
        await turn()
      }
      line.end('lost')
      await turn()
      expect(told).toEqual([])
      expect(await get('k1')).toBe(undefined)
      line.letGo()
      await turn()
      clock.advance(1000)
      await turn()
      expect(line.entries.size).toBe(0)
      expect(told).toEqual([['eu-1', undefined]])
    }
  })

  test('while it lasts it takes no memory for keys', async () => {
    const { line, doubt, clock, asked } = setUp({ mostKeys })
    await doubt(...numbered(101))
    for (let i = 0; i < 10; i++) await doubt(...numbered(99, `more${i}`))
    line.refusal = lost
    clock.advance(500)
    await turn()
    // A scan, and no key by name.
    expect(asked()).toEqual(['scan *'])
  })

  test('where its keys cannot be told from others it removes none, and lasts', async () => {
    const { line, doubt, get, connected, asked, store, clock } = setUp({ mostKeys, keys: { pattern: undefined, concerns: () => true } })
    await doubt(...numbered(101))
    await connected()
    clock.advance(10_000)
    await turn()
    expect(asked()).toEqual([])
    expect(line.entries.size).toBe(101)
    expect(await get('k1')).toBe(undefined)
    await store.set([entry('k1')])
    expect(await get('k1')).toBe('new')
  })

  test('flush ends it', async () => {
    const { doubt, store, line, get } = setUp({ mostKeys })
    await doubt(...numbered(101))
    await store.flush()
    line.entries.set('k1', 'of another process')
    expect(await get('k1')).toBe('of another process')
  })
})

describe('regions', () => {
  const regionOf = (key: string): number => Number(key[0])
  const inRegion = (region: number, count: number): string[] => numbered(count, `${region}:`)

  test('more keys than are remembered put only their own regions in doubt', async () => {
    const { line, doubt, get, connected, told } = setUp({ mostKeys: 100, regionOf })
    for (const region of [1, 2, 3]) line.entries.set(`${region}:other`, '1')
    await doubt(...inRegion(1, 60), ...inRegion(2, 41))
    expect(await get('1:other')).toBe(undefined)
    expect(await get('2:other')).toBe(undefined)
    expect(await get('3:other')).toBe('1')
    await connected()
    expect([...line.entries.keys()]).toEqual(['3:other'])
    expect(told).toEqual([['eu-1', undefined]])
  })

  test('a region that fails does not keep another one from being repaired at once', async () => {
    const { line, doubt, connected, asked, get } = setUp({ regionOf })
    await doubt(...inRegion(1, 3000), ...inRegion(2, 10))
    const remove = line.delete.bind(line)
    line.delete = async (keys) => {
      const down = keys.filter((key) => key.startsWith('1'))
      const tally = await remove(keys.filter((key) => !key.startsWith('1')))
      return { ...tally, failed: new Map(down.map((key) => [key, lost])) }
    }
    await connected()
    expect(asked().length).toBeLessThanOrEqual(2)
    line.entries.set('2:1', 'of another process')
    expect(await get('2:1')).toBe('of another process')
    expect(await get('1:1')).toBe(undefined)
  })
})
