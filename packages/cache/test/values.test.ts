import { describe, expect, test } from 'vitest'
import { bytes, cbor, json, msgpack, v8, type CacheOptions } from '@shale/cache'
import { at, codeOf, errorOf } from './sites.ts'

const most = Number.MAX_SAFE_INTEGER

function cyclic(): object {
  const self: { name: string; self?: unknown; list: unknown[] } = { name: 'me', list: [] }
  self.self = self
  self.list.push(self)
  return self
}

const shared = { shared: true }

/** Every kind of value that the default codec brings back as it went in. */
const kinds: readonly (readonly [name: string, value: unknown])[] = [
  ['null', null],
  ['true', true],
  ['zero', 0],
  ['a negative integer', -42],
  ['the most safe integer', most],
  ['the least safe integer', -most],
  ['an integer beyond', 2 ** 53],
  ['a fraction', 0.1],
  ['the least number', 5e-324],
  ['negative zero', -0],
  ['NaN', NaN],
  ['infinity', Infinity],
  ['minus infinity', -Infinity],
  ['the empty string', ''],
  ['a string', 'hello'],
  ['a string of digits', '42'],
  ['a string of many kinds of characters', 'é 日本 🧂 \0 \u2028 "\\'],
  ['a lone surrogate', 'a\ud800b'],
  ['a long string', 'x'.repeat(200_000)],
  ['a BigInt', 42n],
  ['a large BigInt', 10n ** 40n],
  ['a negative BigInt', -(2n ** 64n)],
  ['an object', { a: 1, b: { c: [1, 'two', null] } }],
  ['an empty object', {}],
  ['undefined inside an object', { a: undefined, b: [undefined, 1] }],
  ['an own key called __proto__', JSON.parse('{"__proto__": {"a": 1}, "constructor": 2}')],
  ['an array', [1, 2, 3]],
  ['an array of arrays', [[], [[]], [[[1]]]]],
  ['many objects of a shape', Array.from({ length: 100 }, (_, i) => ({ id: i, name: `n${i}`, tags: ['a'] }))],
  [
    'a Map',
    new Map<unknown, unknown>([
      ['a', 1],
      [2, new Map([[{ k: 1 }, null]])],
    ]),
  ],
  ['a Set', new Set([1, 'a', null, new Set([2])])],
  ['a Date', new Date(1_700_000_000_123)],
  ['a Date before 1970', new Date(-1)],
  ['a RegExp', /a+(?<b>c)/giu],
  ['a Buffer', Buffer.from([0, 1, 255])],
  ['a Uint8Array', new Uint8Array([1, 2, 3])],
  ['a Float64Array', new Float64Array([1.5, -0, NaN])],
  ['an Int16Array', new Int16Array([-1, 300])],
  ['a BigInt64Array', new BigInt64Array([-1n, 2n ** 62n])],
  [
    'all in one',
    { map: new Map([['d', new Date(5)]]), set: new Set([1n]), re: /x/, neg: -0, nan: NaN, u: undefined, bytes: new Uint16Array([7]) },
  ],
]

at('values', ['embedded', 'TCP'], (site) => {
  describe.each([
    ['protocol 1', 1],
    ['protocol 2', 2],
  ] as const)('cbor, %s', (_, protocol) => {
    test.each(kinds)('%s comes back as it went in', async (__, value) => {
      const cache = site.cache({ codec: cbor({ protocol }) })
      await cache.set('a', value)
      const found = await cache.get('a')
      expect(found).toStrictEqual(value)
      expect(Object.is(found, -0)).toBe(Object.is(value, -0))
      if (typeof value === 'object' && value !== null) {
        expect(found).not.toBe(value)
        expect(Object.getPrototypeOf(found)).toBe(Object.getPrototypeOf(value))
        expect(Object.keys(found as object)).toEqual(Object.keys(value))
      }
      expect(await cache.getOrSet('b', () => value)).toStrictEqual(value)
      expect((await cache.getMany(['a', 'b'])).get('b')).toStrictEqual(value)
    })

    test('cyclic and shared references keep their shape', async () => {
      const cache = site.cache({ codec: cbor({ protocol }) })
      await cache.set('a', cyclic())
      const found = await cache.get<{ name: string; self: unknown; list: unknown[] }>('a')
      expect(found?.self).toBe(found)
      expect(found?.list[0]).toBe(found)
      expect(found?.name).toBe('me')
      await cache.set('b', [shared, { again: shared }])
      expect(await cache.get('b')).toStrictEqual([shared, { again: shared }])
    })
  })

  test.each([
    ['a function', () => 1],
    ['a symbol', Symbol('s')],
  ])('%s is VALUE_INVALID, and the path to it is named', async (_, value) => {
    const cache = site.cache()
    expect(await codeOf(cache.set('a', value))).toBe('VALUE_INVALID')
    const error = await errorOf(cache.set('a', { users: [{}, { 'first name': value }] }))
    expect(error.code).toBe('VALUE_INVALID')
    expect(error.message).toMatch(/users.*1.*first name/)
    expect((await errorOf(cache.getOrSet('a', () => ({ deep: { er: [value] } })))).message).toMatch(/deep.*er.*0/)
    expect(await cache.has('a')).toBe(false)
  })

  test('a safe integer is plain decimal text, whatever codec and compression say', async () => {
    for (const options of [{}, { codec: json() }, { codec: v8(), accept: [v8()] }] satisfies CacheOptions[]) {
      const cache = site.cache(options)
      for (const value of [0, 7, -7, most, -most]) {
        await cache.set('a', value)
        expect(await site.raw(`${site.prefix}:1:a`)).toBe(String(value))
        expect(await cache.get('a')).toBe(value)
      }
    }
  })

  test('what is no safe integer is not text: -0, a fraction, a string of digits, beyond 2^53', async () => {
    const cache = site.cache()
    for (const value of [-0, 1.5, '42', 2 ** 53, 42n, NaN]) {
      await cache.set('a', value)
      expect(await site.raw(`${site.prefix}:1:a`)).not.toMatch(/^-?\d+$/)
      expect(await cache.get('a')).toBe(value)
    }
  })

  test.each([
    ['0', 0],
    ['42', 42],
    ['-42', -42],
    ['9007199254740991', most],
    ['9007199254740992', 2n ** 53n],
    ['-9007199254740992', -(2n ** 53n)],
    ['1'.repeat(30), BigInt('1'.repeat(30))],
  ])('the text %j of another program reads as %s', async (text, value) => {
    const cache = site.cache()
    await site.put(`${site.prefix}:1:a`, text)
    expect(await cache.get('a')).toBe(value)
    expect((await cache.getMany(['a', 'b'])).get('a')).toBe(value)
    expect(await cache.getOrSet('a', () => 'loaded')).toBe(value)
  })

  test.each(['007', '+1', '1.0', ' 1', '', 'hello', '{"a":1}', '\0'])(
    'the text %j of another program is a miss, told of, and stays',
    async (text) => {
      const cache = site.cache()
      const told: string[] = []
      cache.on('decode-error', ({ key }) => told.push(key))
      await site.put(`${site.prefix}:1:a`, text)
      expect(await cache.get('a', { default: 'none' })).toBe('none')
      expect((await cache.getMany(['a'])).size).toBe(0)
      expect(told).toEqual(['a', 'a'])
      expect(await cache.has('a')).toBe(true)
      expect(await site.raw(`${site.prefix}:1:a`)).toBe(text)
      expect(await cache.getOrSet('a', () => 'loaded')).toBe('loaded')
      expect(await cache.get('a')).toBe('loaded')
    },
  )

  test('an entry of a release to come, or cut short, is a miss, and can be inspected', async () => {
    const cache = site.cache()
    await cache.set('a', { text: 'hello' })
    const entry = Buffer.from((await site.raw(`${site.prefix}:1:a`)) as string, 'latin1')
    const ahead = Buffer.from(entry)
    ahead[2] = 99
    const unknownCodec = Buffer.from(entry)
    unknownCodec[3] = 200
    for (const bad of [ahead, unknownCodec, entry.subarray(0, 4), entry.subarray(0, entry.length - 3)]) {
      await site.put(`${site.prefix}:1:a`, bad)
      expect(await cache.get('a')).toBe(undefined)
      expect(await cache.has('a')).toBe(true)
      expect(await cache.inspect('a')).toMatchObject({ bytes: bad.length, ttl: null })
    }
  })

  describe.each([
    ['json', json(), { a: [1, 'two', null, true] }],
    ['msgpack', msgpack(), { a: [1, 'two', null, new Date(5)] }],
    ['v8', v8(), new Map([['a', new Set([1n])]])],
    ['bytes', bytes(), Buffer.from([1, 2, 3])],
  ])('codec %s', (name, codec, value) => {
    test('writes and reads, and is named by inspect', async () => {
      const cache = site.cache({ codec })
      await cache.set('a', value)
      expect(await cache.get('a')).toEqual(value)
      expect((await cache.inspect('a'))?.codec).toBe(name)
    })
  })

  test('what another cache wrote with another codec is read; v8 only where it is named', async () => {
    const reader = site.cache()
    for (const codec of [json(), msgpack(), bytes(), cbor({ protocol: 1 })]) {
      const value = codec.name === 'bytes' ? Buffer.from('x') : { by: codec.name }
      await site.cache({ codec }).set('a', value)
      expect(await reader.get('a')).toEqual(value)
    }
    await site.cache({ codec: v8() }).set('a', { by: 'v8' })
    expect(await reader.get('a')).toBe(undefined)
    expect(await site.cache({ accept: [v8()] }).get('a')).toEqual({ by: 'v8' })
  })

  test('a value larger than maxValueBytes is VALUE_TOO_LARGE, and nothing is stored', async () => {
    const cache = site.cache({ maxValueBytes: 1000 })
    expect(await codeOf(cache.set('a', 'x'.repeat(2000)))).toBe('VALUE_TOO_LARGE')
    expect(await codeOf(cache.setMany({ b: 1, a: 'x'.repeat(2000) }))).toBe('VALUE_TOO_LARGE')
    expect(await codeOf(cache.getOrSet('a', () => 'x'.repeat(2000)))).toBe('VALUE_TOO_LARGE')
    expect(await cache.getMany(['a', 'b'])).toEqual(new Map())
    expect(await cache.set('a', 'x'.repeat(500))).toBe(true)
  })
})

at('isolation', ['embedded', 'TCP'], (site) => {
  const fresh = (): { list: number[]; map: Map<string, Date>; bytes: Uint8Array } => ({
    list: [1],
    map: new Map([['d', new Date(0)]]),
    bytes: new Uint8Array([1, 2]),
  })
  const spoil = (value: ReturnType<typeof fresh>): void => {
    value.list.push(2)
    value.map.get('d')?.setTime(99)
    value.bytes[0] = 99
  }

  test('a value handed in can be changed, also before the call is awaited', async () => {
    const cache = site.cache()
    const [a, b, c, d] = [fresh(), fresh(), fresh(), fresh()]
    const calls = [cache.set('a', a), cache.setMany({ b }), cache.add('c', c), cache.getOrSet('d', d)]
    for (const value of [a, b, c]) spoil(value)
    await Promise.all(calls)
    spoil(d)
    for (const key of [...'abcd']) expect(await cache.get(key), key).toStrictEqual(fresh())
  })

  test('a value handed out can be changed', async () => {
    const cache = site.cache()
    await cache.set('a', fresh())
    spoil((await cache.get('a')) as ReturnType<typeof fresh>)
    spoil((await cache.getMany(['a'])).get('a') as ReturnType<typeof fresh>)
    spoil(await cache.getOrSet('a', fresh))
    expect(await cache.get('a')).toStrictEqual(fresh())
  })

  test.each([
    ['bytes', bytes()],
    ['cbor', cbor()],
    ['v8', v8()],
    ['msgpack', msgpack()],
  ])('bytes too, with the codec %s', async (_, codec) => {
    const cache = site.cache({ codec })
    const given = Buffer.from([1, 2, 3])
    const stored = cache.set('a', given)
    given[0] = 9
    await stored
    const [one, two] = (await Promise.all([cache.get('a'), cache.get('a')])) as [Uint8Array, Uint8Array]
    one[1] = 9
    expect([...two]).toEqual([1, 2, 3])
    expect([...((await cache.get('a')) as Uint8Array)]).toEqual([1, 2, 3])
  })

  test('what a factory returned is its own, and each concurrent caller’s copy is its own', async () => {
    const cache = site.cache()
    const made = fresh()
    const found = await Promise.all(Array.from({ length: 4 }, () => cache.getOrSet('a', async () => made)))
    expect(new Set([made, ...found]).size).toBe(5)
    expect(new Set([made.bytes.buffer, ...found.map(({ bytes: own }) => own.buffer)]).size).toBe(5)
    spoil(made)
    for (const [i, one] of found.entries()) {
      expect(one, `caller ${i}`).toStrictEqual(fresh())
      spoil(one)
    }
    expect(await cache.get('a')).toStrictEqual(fresh())
  })

  test('getOrSet gives the value shaped as a later hit would be', async () => {
    class Point {
      readonly x = 1
      toJSON(): unknown {
        return { x: this.x }
      }
    }
    const cache = site.cache({ codec: json() })
    const loaded = await cache.getOrSet<unknown>('a', () => ({ at: new Date(0), p: new Point() }))
    expect(loaded).toStrictEqual(await cache.get('a'))
    expect(loaded).toStrictEqual({ at: '1970-01-01T00:00:00.000Z', p: { x: 1 } })
  })
})
