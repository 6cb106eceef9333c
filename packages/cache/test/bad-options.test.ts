import { describe, expect, test } from 'vitest'
import { bytes, cbor, createCache, createCaches, createMemoryStore, gzip, json, type CacheOptions } from '@shale/cache'
import { thrown } from './caught.ts'

const throwing = {
  get servers(): never {
    throw new Error('no')
  },
}
const durations: readonly unknown[] = [
  'soon',
  '5 minutes',
  '1w',
  '',
  '1s ',
  '0x3ms',
  NaN,
  Infinity,
  -Infinity,
  {},
  [],
  true,
  5n,
  () => 1,
  101 * 365.25 * 86_400_000,
]
const positive: readonly unknown[] = [...durations, null, 0, -1, '-5s']
const texts: readonly unknown[] = [5, null, true, {}, [], Symbol('x'), () => 'x']

const key32 = Buffer.alloc(32, 7)

/** By option, values that it must refuse. */
const wrong: Readonly<Record<keyof CacheOptions, readonly unknown[]>> = {
  servers: [
    ...[null, 5, true, {}, [], Symbol('x'), () => 'x', new Map(), Promise.resolve('redis://a'), new URL('redis://a')],
    ...[
      { get: () => 1 },
      { name: 'a' },
      { weight: 1 },
      { servers: 'redis://a' },
      { primary: 5 },
      { primary: ['redis://a'] },
      { primary: '' },
    ],
    ...[
      { primary: 'redis://a', cluster: ['redis://a'] },
      { primary: 'redis://a', sentinels: ['b'], master: 'm' },
      { replicas: ['redis://a'] },
    ],
    ...[
      { primary: 'redis://a', nope: 1 },
      { primary: 'redis://a', replicas: 'redis://b' },
      { primary: 'redis://a', replicas: [5] },
    ],
    ...[
      { primary: 'redis://a', replicas: [{}] },
      { primary: 'redis://a', replicas: [{ server: 'b', nope: 1 }] },
    ],
    ...[
      { primary: 'redis://a', replicas: [{ server: 'b', weight: 0 }] },
      { primary: 'redis://a', replicas: [{ server: 'b', weight: '2' }] },
      { primary: 'redis://a', replicas: ['redis://b/1'] },
      { primary: 'redis://a', replicas: ['redis://a'] },
      { primary: 'redis://a', replicas: ['b', 'redis://b'] },
      { primary: 'redis://a,redis://b' },
      { primary: 'redis://a', name: '' },
      { primary: 'redis://a', name: 5 },
      { primary: 'redis://a', name: '\ud800' },
      { primary: 'redis://a', weight: -1 },
      { primary: 'redis://a', weight: NaN },
      { primary: 'redis://a', weight: '1' },
      { primary: 'redis://a', weight: Infinity },
    ],
    ...[{ cluster: [] }, { cluster: 'redis://a' }, { cluster: [5] }, { cluster: ['redis://a/1'] }, { cluster: ['/run/a.sock'] }],
    ...[{ cluster: ['redis://a', 'a'] }, { cluster: ['redis://a'], nope: 1 }, { cluster: ['redis://a'], replicas: [] }],
    ...[
      { sentinels: [], master: 'm' },
      { sentinels: ['a'] },
      { master: 'm' },
      { sentinels: ['a'], master: '' },
      { sentinels: ['a'], master: 5 },
    ],
    ...[
      { sentinels: 'a', master: 'm' },
      { sentinels: ['a', 'a'], master: 'm' },
      { sentinels: ['a'], master: 'm', replicas: [] },
    ],
    ...[['redis://a', 5], ['redis://a', null], ['redis://a', ''], ['redis://a', []], ['redis://a', 'memory:'], [['redis://a']], [{}]],
    ...[['redis://a', 'redis://a'], ['redis://a', 'a:6379'], ['redis://a', createMemoryStore()], new Array(2)],
    ...[
      ['redis://a', { primary: 'redis://b' }],
      ['redis://a', { cluster: ['redis://b'] }],
      ['redis://a', { name: 'b', primary: 'redis://a' }],
      [
        { name: 'x', primary: 'redis://a' },
        { name: 'x', primary: 'redis://b' },
      ],
      [
        { name: 'x', primary: 'redis://a', replicas: ['redis://c'] },
        { name: 'y', primary: 'redis://b', replicas: ['redis://c'] },
      ],
      [
        { sentinels: ['a'], master: 'm' },
        { sentinels: ['b'], master: 'm' },
      ],
    ],
    ...['redis://a,', ',redis://a', 'redis://a,redis://a', 'a,,b', 'redis://a,b', 'redis://:p@a,:p@b', 'u:p@a,b'],
    ...[
      '',
      ' ',
      'http://host',
      'redis:',
      'redis://',
      'redis:///1',
      'redis://host:x',
      'redis://host:0',
      'redis://host:70000',
      'redis://host/x',
      'redis://host/-1',
    ],
    ...[
      'redis://host/1.5',
      'redis://host?db=1&db=2',
      'redis://host/1?db=2',
      'redis://host?nope=1',
      'redis://a b',
      ' redis://host',
      'redis://host\n',
      'redis://user@host',
    ],
    ...['redis://[::1', 'redis://%zz@host', 'unix://', 'unix://relative', 'unix:///x?db=x', 'unix:///x?nope=1', 'host:port', 'a:b:c'],
    ...[
      'memory:x',
      'memory://',
      'memory:?maxBytes=0',
      'memory:?maxBytes=x',
      'memory:?maxBytes=1&maxBytes=2',
      'memory:?nope=1',
      'memory:?maxEntries=-1',
      'memory:?maxEntries=1.5',
    ],
  ],
  username: texts,
  password: [...texts, ''],
  database: [-1, 1.5, NaN, Infinity, '1', null, {}, 2 ** 60, true],
  tls: [null, 'yes', 1, [], { nope: true }, () => true],
  connectTimeout: positive,
  driver: [null, 'ioredis', {}, { connect: 1 }, () => 1, []],
  connections: [
    0,
    -1,
    1.5,
    NaN,
    Infinity,
    '1',
    null,
    {},
    [],
    { min: 2, max: 1 },
    { min: 1 },
    { max: 1 },
    { min: 0, max: 1 },
    { min: 1, max: 2, nope: 3 },
  ],
  keyPrefix: [5, null, {}, '7', 'a:7', '7:a', '-1', '\ud800', 'x'.repeat(600), true],
  version: [1.5, NaN, Infinity, '1', null, {}, 2 ** 53, true],
  keyFormat: [null, 5, {}, { format: 1 }, { format: () => 'x', parse: 5 }, 'x', () => 'x'],
  router: [null, 'rendezvous', 5, {}, [], true],
  previousServers: [null, 5, '', {}, [], { servers: 5 }, { servers: 'redis://a', router: 5 }, { servers: 'redis://a', nope: 1 }, 'memory:'],
  readFrom: [null, 'secondary', '', 5, {}, [], true, 'toString'],
  readYourWrites: [null, 1, 'true', {}],
  maxReplicaLag: positive,
  breaker: [
    null,
    5,
    'on',
    [],
    { nope: 1 },
    { failures: 0 },
    { failures: 1.5 },
    { failures: '3' },
    { failures: NaN },
    { probe: 0 },
    { probe: 'x' },
    { probe: null },
  ],
  ttl: durations,
  ttlJitter: [-0.1, 1.1, NaN, '0.5', null, {}, Infinity, true],
  codec: [
    null,
    'cbor',
    5,
    {},
    cbor,
    [],
    { ...json(), id: -1 },
    { ...json(), id: 256 },
    { ...json(), id: 1.5 },
    { ...json(), decode: 1 },
    { ...json(), protocol: 0.5 },
  ],
  accept: [
    null,
    'cbor',
    {},
    [null],
    ['cbor'],
    [{}],
    cbor(),
    [
      { ...json(), id: 200 },
      { ...bytes(), id: 200 },
    ],
  ],
  compression: [null, 'gzip', {}, gzip, 5, []],
  encryption: [
    ...[
      null,
      'key',
      {},
      [],
      { keys: {} },
      { keys: {}, current: 'a' },
      { keys: { a: key32 } },
      { keys: { a: key32 }, current: 'b' },
      { keys: { a: key32 }, current: 5 },
    ],
    ...[
      { keys: { a: Buffer.alloc(31) }, current: 'a' },
      { keys: { a: 'x'.repeat(32) }, current: 'a' },
      { keys: null, current: 'a' },
      { keys: { a: key32 }, current: 'a', nope: 1 },
    ],
  ],
  maxValueBytes: [0, -1, 1.5, NaN, '1', null, {}, true],
  timeout: positive,
  errors: ['no', null, true, {}, ''],
  clock: [null, 5, {}, Date, { now: () => 1 }],
  random: [null, 5, {}, 'x'],
}

const shown = (value: unknown): string =>
  typeof value === 'string'
    ? JSON.stringify(value.slice(0, 30))
    : typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof URL)
      ? `{ ${Object.keys(value).join(', ')} }`
      : String(value as number).slice(0, 40)

describe.each(Object.entries(wrong))('option %s', (name, values) => {
  test.each(values.map((value) => [shown(value), value] as const))('refuses %s', (_, value) => {
    const besides: CacheOptions = name === 'servers' ? {} : { servers: 'redis://localhost' }
    const { code, message } = thrown(() => createCache({ ...besides, [name]: value } as CacheOptions))
    expect(code).toBe('CONFIG_INVALID')
    expect(message).toContain(name)
    expect(message).toMatch(/expected|takes|known|unknown/)
    expect(message).toMatch(/found|unknown/)
    expect(message.length).toBeLessThan(700)
  })

  test('is checked where no server needs it', () => {
    const value = values.find((one) => one !== undefined)
    expect(thrown(() => createCache({ [name]: value } as CacheOptions)).message).toContain(name)
    if (name !== 'servers')
      expect(thrown(() => createCache({ servers: createMemoryStore(), [name]: value } as CacheOptions)).message).toContain(name)
  })
})

describe('options that are not there', () => {
  const later = ['near', 'replicas', 'weights', 'sentinels', 'constructor', 'toString', '__proto__x', 'Servers']
  test.each(later)('%s is refused as unknown', (name) => {
    for (const value of [undefined, false, true, 'primary', {}]) {
      const { code, message } = thrown(() => createCache({ [name]: value } as CacheOptions))
      expect(code).toBe('CONFIG_INVALID')
      expect(message).toContain(`unknown option "${name}"`)
      expect(message).toContain('the known ones are servers,')
    }
  })
})

describe('what is no options object', () => {
  test.each(
    [
      null,
      5,
      'redis://localhost',
      true,
      [],
      ['redis://localhost'],
      () => ({}),
      new Map([['servers', 'memory:']]),
      new Set(),
      Promise.resolve({}),
      new URL('redis://a'),
      new Date(),
      Symbol('x'),
    ].map((value) => [shown(value), value]),
  )('%s', (_, value) => {
    const { code, message } = thrown(() => createCache(value as CacheOptions))
    expect(code).toBe('CONFIG_INVALID')
    expect(message).toContain('createCache: expected its options as an object')
    expect(message).toContain('found')
  })

  test('inherited options count, also unknown ones', () => {
    expect(thrown(() => createCache(Object.create({ near: true }) as CacheOptions)).message).toContain('near')
    expect(thrown(() => createCache(Object.create({ timeout: 0 }) as CacheOptions)).message).toContain('timeout')
    class Config {
      readonly keyPrefix = 'shop'
      describe(): string {
        return this.keyPrefix
      }
    }
    expect(createCache(new Config())).toBeDefined()
    expect(createCache(Object.assign(Object.create(null), { keyPrefix: 'shop' }) as CacheOptions)).toBeDefined()
  })

  test('a getter that throws', () => {
    const { code, cause } = thrown(() => createCache(throwing))
    expect(code).toBe('CONFIG_INVALID')
    expect((cause as Error).message).toBe('no')
    const trap = new Proxy(
      {},
      {
        ownKeys: () => {
          throw new Error('no')
        },
      },
    )
    expect(thrown(() => createCache(trap)).code).toBe('CONFIG_INVALID')
  })

  test('a getter is read once: what was checked is what is used', () => {
    let reads = 0
    createCache({
      get keyPrefix() {
        return ++reads === 1 ? 'good' : '7'
      },
    })
    expect(reads).toBe(1)
  })
})

describe('createCaches', () => {
  test.each([null, undefined, 5, 'x', [], new Map(), () => 1].map((value) => [shown(value), value]))('refuses %s', (_, value) => {
    const { code, message } = thrown(() => createCaches(value as never))
    expect(code).toBe('CONFIG_INVALID')
    expect(message).toContain('createCaches')
  })

  test('names the cache and the option', () => {
    for (const options of [null, 5, { nope: 1 }, { ttl: 'x' }]) {
      const { code, message } = thrown(() => createCaches({ default: {}, sessions: options as never }))
      expect(code).toBe('CONFIG_INVALID')
      expect(message).toContain("'sessions'")
    }
  })
})
