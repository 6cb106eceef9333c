import { expect, test } from 'vitest'
import { createCache, createMemoryStore } from '@shale/cache'
import { at, sorted } from './sites.ts'

const names = [
  'a',
  'ab',
  'b',
  'user:1',
  'user:2',
  'user:10',
  'users',
  'x*y',
  'xay',
  '[z]',
  'z',
  'q?',
  'qa',
  'b\\s',
  'é',
  'line\nfeed',
  'h-',
  'h^',
  'h]',
]

/** Globs as Redis reads them, and what of the names above they mean. */
const globs: readonly (readonly [glob: string, names: readonly string[]])[] = [
  ['*', names],
  ['**', names],
  ['a', ['a']],
  ['a*', ['a', 'ab']],
  ['?', ['a', 'b', 'z']],
  ['??', ['ab', 'qa', 'q?', 'é', 'h-', 'h^', 'h]']],
  ['user:*', ['user:1', 'user:2', 'user:10']],
  ['user:?', ['user:1', 'user:2']],
  ['user:[0-9]', ['user:1', 'user:2']],
  ['user:[^1]', ['user:2']],
  ['[ab]', ['a', 'b']],
  ['[b-a]', ['a', 'b']],
  ['[a-y]', ['a', 'b']],
  ['x\\*y', ['x*y']],
  ['x?y', ['x*y', 'xay']],
  ['\\[z\\]', ['[z]']],
  ['[z]', ['z']],
  ['q\\?', ['q?']],
  ['b\\\\s', ['b\\s']],
  ['é', ['é']],
  ['line*', ['line\nfeed']],
  ['h[\\-]', ['h-']],
  ['h[\\]]', ['h]']],
  ['*:*', ['user:1', 'user:2', 'user:10']],
  ['A', []],
  ['nothing*', []],
]

at('patterns', ['embedded', 'TCP'], (site) => {
  test.each(globs)('keys: %j', async (glob, expected) => {
    const cache = site.cache()
    await cache.setMany(names.map((name) => [name, 1]))
    expect(await sorted(cache.keys(glob))).toEqual([...expected].sort())
  })

  test.each(globs)('deletePattern: %j', async (glob, expected) => {
    const cache = site.cache()
    await cache.setMany(names.map((name) => [name, 1]))
    expect(await cache.deletePattern(glob)).toBe(expected.length)
    expect(await sorted(cache.keys())).toEqual(names.filter((name) => !expected.includes(name)).sort())
    expect(await cache.deletePattern(glob)).toBe(0)
  })

  test.each(['p*', '[p]', 'p?', 'p\\', 'p:*', '*', '?', 'p^-]'])('the prefix %j is literal', async (prefix) => {
    const cache = site.cache({ keyPrefix: `${site.prefix}${prefix}` })
    const decoys = ['p', 'pp', 'px', 'p1', 'p:x', 'x', ''].map((decoy) => site.cache({ keyPrefix: `${site.prefix}${decoy}` }))
    for (const one of [cache, ...decoys]) await one.setMany({ a: 1, ab: 2 })
    expect(await sorted(cache.keys())).toEqual(['a', 'ab'])
    expect(await sorted(cache.keys('a?'))).toEqual(['ab'])
    expect(await cache.deletePattern('*')).toBe(2)
    await cache.setMany({ a: 1 })
    await cache.clear()
    for (const decoy of decoys) expect(await sorted(decoy.keys())).toEqual(['a', 'ab'])
  })

  test('keys and deletePattern mean the current version, or the one stated', async () => {
    const cache = site.cache()
    await cache.setMany({ a: 1, '2:a': 1 })
    await cache.setMany({ a: 2, b: 2 }, { version: 2 })
    await cache.setMany({ c: 12 }, { version: 12 })
    await cache.setMany({ d: 1 }, { version: -1 })
    expect(await sorted(cache.keys())).toEqual(['2:a', 'a'])
    expect(await sorted(cache.keys('*', { version: 2 }))).toEqual(['a', 'b'])
    expect(await sorted(cache.keys('*', { version: -1 }))).toEqual(['d'])
    expect(await cache.deletePattern('a', { version: 2 })).toBe(1)
    expect(await cache.deletePattern('*', { version: 12 })).toBe(1)
    expect(await cache.deletePattern('*')).toBe(2)
    expect(await sorted(cache.keys('*', { version: 2 }))).toEqual(['b'])
    expect(await sorted(cache.keys('*', { version: -1 }))).toEqual(['d'])
  })

  test('a match of the server’s is only a filter: keys of other prefixes and no keys at all are left alone', async () => {
    const cache = site.cache()
    const others = [
      `${site.prefix}:x:1:a`,
      `${site.prefix}:01:a`,
      `${site.prefix}:1.5:a`,
      `${site.prefix}:1`,
      `${site.prefix}:1:`,
      `${site.prefix}1:a`,
      `x${site.prefix}:1:a`,
    ]
    for (const stored of others) await site.put(stored, 'foreign')
    await cache.set('a', 1)
    expect(await sorted(cache.keys())).toEqual(['a'])
    expect(await cache.deletePattern('*')).toBe(1)
    await cache.clear()
    for (const stored of others) expect(await site.raw(stored)).toBe('foreign')
  })

  test('thousands of keys, each once, also while others come and go', async () => {
    const cache = site.cache()
    const keys = Array.from({ length: 20_000 }, (_, i) => `k${i}`)
    await cache.setMany(keys.map((key) => [key, 1]))
    const seen = new Map<string, number>()
    let i = 0
    for await (const key of cache.keys('k*')) {
      seen.set(key, (seen.get(key) ?? 0) + 1)
      // The server moves its table to another size meanwhile.
      if (i++ % 500 === 0) await cache.setMany(Array.from({ length: 2000 }, (_, j) => [`other${i}-${j}`, 1]))
    }
    expect(seen.size).toBe(keys.length)
    expect([...seen.values()].every((times) => times === 1)).toBe(true)
    expect(await cache.deletePattern('k?*')).toBe(keys.length)
    expect(await sorted(cache.keys('k*'))).toEqual([])
    expect((await sorted(cache.keys())).length).toBe(40 * 2000)
  })

  test('a listing can be left early, and begun again', async () => {
    const cache = site.cache()
    await cache.setMany(Array.from({ length: 5000 }, (_, i) => [`k${i}`, 1]))
    const listing = cache.keys()
    for (let round = 0; round < 3; round++) {
      for await (const key of cache.keys()) {
        expect(key).toMatch(/^k\d+$/)
        break
      }
    }
    expect((await sorted(listing)).length).toBe(5000)
  })
})

test('what a scan gives twice is a key once, and counts once', async () => {
  const store = createMemoryStore()
  const { scan } = store
  store.scan = async function* (pattern) {
    const pages: (readonly string[])[] = []
    for await (const page of scan.call(store, pattern)) {
      pages.push(page)
      yield [...page, ...page]
    }
    yield []
    yield* pages
  }
  await using cache = createCache({ servers: store, timeout: '10s' })
  const keys = Array.from({ length: 5_000 }, (_, i) => `k${i}`)
  await cache.setMany(keys.map((key) => [key, 1]))
  expect(await sorted(cache.keys())).toEqual(keys.toSorted())
  expect(await cache.deletePattern('*')).toBe(keys.length)
})
