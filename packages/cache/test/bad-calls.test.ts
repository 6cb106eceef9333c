import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createCache, type Cache, type ErrorCode } from '@shale/cache'
import { backends, type Backend } from './backends.ts'
import { caught, thrown } from './caught.ts'
import { listed } from './operations.ts'

// Wrong on purpose: what JavaScript callers can do.
type Loose = Record<string, (...args: unknown[]) => Promise<unknown>>

const badKeys: readonly unknown[] = [
  undefined,
  null,
  '',
  5,
  {},
  [],
  true,
  Symbol('k'),
  'x'.repeat(1025),
  'é'.repeat(513),
  '\ud800',
  'a\udc00b',
  Buffer.from('k'),
  new String('k'),
]
const badOptions: readonly unknown[] = [
  null,
  5,
  'x',
  true,
  [],
  new Map(),
  Promise.resolve({}),
  () => ({}),
  { nope: 1 },
  Object.create({ nope: 1 }),
  {
    get version(): never {
      throw new Error('no')
    },
  },
]
const badVersions: readonly unknown[] = [1.5, NaN, Infinity, '1', null, {}, 2 ** 53]
const badTtls: readonly unknown[] = ['soon', '5 minutes', NaN, Infinity, {}, [], true, 5n, 101 * 365.25 * 86_400_000]
const badJitters: readonly unknown[] = [-1, 1.1, NaN, '0.5', null]
const cyclic: unknown[] = []
cyclic.push(cyclic, () => 1)
const badValues: readonly (readonly [value: unknown, path: string])[] = [
  [undefined, ''],
  [() => 1, ''],
  [Symbol('v'), ''],
  [{ a: { b: [1, () => 1] } }, 'a.b[1]'],
  [new Map([['k', Symbol('v')]]), 'k'],
  [new Set([() => 1]), ''],
  [
    {
      get x(): never {
        throw new Error('no')
      },
    },
    '',
  ],
  [cyclic, '[1]'],
]

/** Calls by operation: how to call it with everything right, where its key goes and where its options go. */
const operations: Readonly<
  Record<
    string,
    { readonly args: readonly unknown[]; readonly keyAt?: number; readonly keysAt?: number; readonly options: readonly string[] }
  >
> = {
  get: { args: ['k'], keyAt: 0, options: ['version'] },
  getMany: { args: [['k']], keysAt: 0, options: ['version'] },
  set: { args: ['k', 1], keyAt: 0, options: ['version', 'ttl', 'ttlJitter'] },
  setMany: { args: [[['k', 1]]], options: ['version', 'ttl', 'ttlJitter'] },
  add: { args: ['k', 1], keyAt: 0, options: ['version', 'ttl', 'ttlJitter'] },
  getOrSet: { args: ['k', () => 1], keyAt: 0, options: ['version', 'ttl', 'ttlJitter', 'negativeTtl'] },
  has: { args: ['k'], keyAt: 0, options: ['version'] },
  delete: { args: ['k'], keyAt: 0, options: ['version'] },
  deleteMany: { args: [['k']], keysAt: 0, options: ['version'] },
  touch: { args: ['k', 1], keyAt: 0, options: ['version'] },
  persist: { args: ['k'], keyAt: 0, options: ['version'] },
  ttl: { args: ['k'], keyAt: 0, options: ['version'] },
  incr: { args: ['k', 1], keyAt: 0, options: ['version'] },
  decr: { args: ['k', 1], keyAt: 0, options: ['version'] },
  incrVersion: { args: ['k', 1], keyAt: 0, options: ['version'] },
  decrVersion: { args: ['k', 1], keyAt: 0, options: ['version'] },
  deletePattern: { args: ['*'], options: ['version'] },
  clear: { args: [], options: ['version'] },
  reinsertKeys: { args: [], options: ['version'] },
  inspect: { args: ['k'], keyAt: 0, options: ['version'] },
  lock: { args: ['k'], keyAt: 0, options: ['version'] },
}
const entries = Object.entries(operations)
const badOfOption: Readonly<Record<string, readonly unknown[]>> = {
  version: badVersions,
  ttl: badTtls,
  ttlJitter: badJitters,
  negativeTtl: badTtls,
}

const tested: readonly Backend[] = backends.filter(({ name }) => name === 'embedded' || name === 'TCP')

describe.each(tested)('$name', (backend) => {
  let stop: () => Promise<void>
  let cache: Cache
  let loose: Loose

  beforeAll(async () => {
    const started = await backend.start()
    stop = started.stop
    cache = createCache({ ...started.options })
    loose = cache as unknown as Loose
    await cache.set('k', 1)
  })
  afterAll(async () => {
    await cache.close()
    await stop()
  })

  /** The call rejects, and does not throw, with a code and a message that says all three: where, what was found, what is expected. */
  async function refused(name: string, args: readonly unknown[], code: ErrorCode, says: readonly string[]): Promise<void> {
    const promise = (loose[name] as (...args: unknown[]) => Promise<unknown>).call(cache, ...args)
    expect(promise, `${name} gives a promise`).toBeInstanceOf(Promise)
    const error = await caught(promise)
    expect(error.code, `${name}: ${error.message}`).toBe(code)
    for (const text of says) expect(error.message, name).toContain(text)
    expect(error.message, name).toMatch(/expected|unknown option|cannot|Store|found/)
  }

  test.each(entries)('%s refuses bad keys', async (name, { args, keyAt, keysAt }) => {
    const at = keyAt ?? keysAt
    for (const key of badKeys) {
      if (at !== undefined) await refused(name, args.with(at, keysAt === undefined ? key : ['good', key]), 'KEY_INVALID', ['key'])
    }
    if (keysAt === undefined) return
    for (const keys of [undefined, null, 5, 'k', {}, true]) await refused(name, args.with(keysAt, keys), 'KEY_INVALID', [name, 'found'])
    const broken = {
      *[Symbol.iterator]() {
        yield 'k'
        throw new Error('no')
      },
    }
    await refused(name, args.with(keysAt, broken), 'KEY_INVALID', [name])
  })

  test.each(entries)('%s refuses bad options', async (name, { args, options }) => {
    for (const bad of badOptions) await refused(name, [...args, bad], 'CONFIG_INVALID', [name])
    for (const option of options)
      for (const bad of badOfOption[option] ?? []) await refused(name, [...args, { [option]: bad }], 'CONFIG_INVALID', [option])
    await refused(name, [...args, { near: true }], 'CONFIG_INVALID', [name, 'unknown option "near"'])
  })

  test.each(['set', 'add', 'getOrSet', 'setMany'])('%s refuses bad values, and says where', async (name) => {
    for (const [value, path] of badValues) {
      if (name === 'getOrSet' && (value === undefined || typeof value === 'function')) continue
      const args = name === 'setMany' ? [{ good: 1, wrong: value }] : ['wrong', value]
      await refused(name, args, 'VALUE_INVALID', path === '' ? [] : [path])
    }
    expect(await cache.getMany(['good', 'wrong'])).toStrictEqual(new Map())
  })

  test('setMany names the key whose value is wrong', async () => {
    await refused('setMany', [{ fine: 1, guilty: () => 1 }], 'VALUE_INVALID', ['guilty'])
  })

  test('setMany refuses what is no entries', async () => {
    for (const bad of [
      undefined,
      null,
      5,
      'x',
      true,
      () => 1,
      new Date(),
      Promise.resolve({}),
      [1],
      ['ab'],
      [['k']],
      [['k', 1, 2]],
      new Set(['k']),
      {
        get k(): never {
          throw new Error('no')
        },
      },
    ]) {
      await refused('setMany', [bad], 'VALUE_INVALID', ['setMany'])
    }
    for (const key of badKeys)
      await refused(
        'setMany',
        [
          [
            ['good', 1],
            [key, 1],
          ],
        ],
        'KEY_INVALID',
        ['key'],
      )
    expect(await cache.get('good')).toBe(undefined)
  })

  test('ttls', async () => {
    for (const bad of badTtls) await refused('touch', ['k', bad], 'CONFIG_INVALID', ['ttl'])
    expect(await cache.get('k')).toBe(1)
  })

  test('steps of counters and versions', async () => {
    for (const bad of [1.5, NaN, Infinity, '1', null, {}, 2 ** 53, 5n, true]) {
      for (const name of ['incr', 'decr', 'incrVersion', 'decrVersion']) await refused(name, ['k', bad], 'VALUE_INVALID', [name, 'found'])
    }
    expect(await cache.get('k')).toBe(1)
  })

  test('globs', async () => {
    for (const bad of [null, 5, {}, [], true, '\ud800', Symbol('g')]) {
      await refused('deletePattern', [bad], 'KEY_INVALID', ['pattern', 'found'])
      const error = await caught((async () => listed(cache.keys(bad as string)))())
      expect(error.code).toBe('KEY_INVALID')
    }
    await refused('deletePattern', [undefined], 'KEY_INVALID', ['pattern'])
    expect(await cache.get('k')).toBe(1)
  })

  test('keys', async () => {
    for (const bad of badOptions) expect((await caught((async () => listed(cache.keys('*', bad as object)))())).code).toBe('CONFIG_INVALID')
    for (const version of badVersions)
      expect((await caught((async () => listed(cache.keys('*', { version: version as number })))())).code).toBe('CONFIG_INVALID')
  })

  test('getOrSet refuses the options of later releases', async () => {
    for (const option of ['staleFor', 'staleOnError', 'tags', 'lease', 'softTimeout', 'refreshAhead', 'load']) {
      await refused('getOrSet', ['k', () => 1, { [option]: undefined }], 'CONFIG_INVALID', [`unknown option "${option}"`, 'hardTimeout'])
    }
    for (const bad of ['soon', 0, -1, null, NaN])
      await refused('getOrSet', ['k', () => 1, { hardTimeout: bad }], 'CONFIG_INVALID', ['hardTimeout'])
    for (const bad of [null, {}, 'x', new AbortController()])
      await refused('getOrSet', ['k', () => 1, { signal: bad }], 'CONFIG_INVALID', ['signal'])
  })

  test('what a factory says of its value is checked', async () => {
    for (const [name, bad, code] of [
      ['ttl', 'soon', 'CONFIG_INVALID'],
      ['ttlJitter', 7, 'CONFIG_INVALID'],
      ['version', 1.5, 'CONFIG_INVALID'],
    ] as const) {
      const error = await caught(
        cache.getOrSet('fresh', (context) => {
          Object.assign(context, { [name]: bad })
          return 1
        }),
      )
      expect(error.code).toBe(code)
      expect(error.message).toContain(name)
    }
    expect((await caught(cache.getOrSet('fresh', () => Symbol('v')))).code).toBe('VALUE_INVALID')
    expect(await cache.has('fresh')).toBe(false)
  })

  test('clear', async () => {
    for (const bad of ['yes', 1, null, {}]) await refused('clear', [{ database: bad }], 'CONFIG_INVALID', ['database', 'found'])
    await refused('clear', [{ database: true, version: 1 }], 'CONFIG_INVALID', ['database', 'version'])
    expect(await cache.get('k')).toBe(1)
  })

  test('reinsertKeys', async () => {
    for (const bad of ['x', null, 5, {}]) await refused('reinsertKeys', [{ onProgress: bad }], 'CONFIG_INVALID', ['onProgress', 'found'])
    for (const bad of ['x', null, 5, {}]) await refused('reinsertKeys', [{ signal: bad }], 'CONFIG_INVALID', ['signal', 'found'])
    for (const bad of ['x', null, 0, -1, NaN, {}]) await refused('reinsertKeys', [{ rate: bad }], 'CONFIG_INVALID', ['rate', 'found'])
  })

  test('lock', async () => {
    for (const bad of [...badTtls, null, 0, -1]) await refused('lock', ['k', { ttl: bad }], 'CONFIG_INVALID', ['ttl'])
    for (const bad of [...badTtls, null, -1]) await refused('lock', ['k', { wait: bad }], 'CONFIG_INVALID', ['wait'])
    for (const bad of ['x', null, 1, {}]) await refused('lock', ['k', { extend: bad }], 'CONFIG_INVALID', ['extend'])
    for (const bad of ['x', null, 1, {}]) await refused('lock', ['k', { signal: bad }], 'CONFIG_INVALID', ['signal'])
    const lock = await cache.lock('k')
    for (const bad of [...badTtls, null, 0, -1])
      expect((await caught(lock?.extend(bad as number) as Promise<void>)).code).toBe('CONFIG_INVALID')
    expect(await lock?.release()).toBe(true)
  })

  test('namespace', () => {
    for (const bad of [undefined, null, '', 5, {}, '7', 'a:7', '\ud800', 'x'.repeat(600)]) {
      const { code, message } = thrown(() => cache.namespace(bad as string))
      expect(code).toBe('CONFIG_INVALID')
      expect(message).toContain('namespace')
    }
    for (const bad of badOptions) expect(thrown(() => cache.namespace('n', bad as object)).code).toBe('CONFIG_INVALID')
    for (const bad of badVersions) expect(thrown(() => cache.namespace('n', { version: bad as number })).message).toContain('version')
    for (const bad of badTtls) expect(thrown(() => cache.namespace('n', { ttl: bad as number })).message).toContain('ttl')
    for (const bad of badJitters) expect(thrown(() => cache.namespace('n', { ttlJitter: bad as number })).message).toContain('ttlJitter')
  })
})

test('values over maxValueBytes are refused before they are sent', async () => {
  const cache = createCache({ servers: 'redis://127.0.0.1:1', maxValueBytes: 100 })
  for (const call of [cache.set('k', 'x'.repeat(200)), cache.add('k', 'x'.repeat(200)), cache.setMany({ k: 'x'.repeat(200) })]) {
    const { code, message } = await caught(call)
    expect(code).toBe('VALUE_TOO_LARGE')
    expect(message).toContain('maxValueBytes')
    expect(message).toContain('100')
  }
  await cache.close()
})
