import { createKeyspace } from '@shale/keys'
import { describe, expect, test } from 'vitest'

const configInvalid = (message: RegExp): unknown =>
  expect.objectContaining({ code: 'CONFIG_INVALID', message: expect.stringMatching(message) })
const keyInvalid = (message: RegExp): unknown => expect.objectContaining({ code: 'KEY_INVALID', message: expect.stringMatching(message) })

describe('format', () => {
  test('is that of Django', () => {
    const keyspace = createKeyspace({ prefix: 'shop', version: 2 })
    expect(keyspace.format('user:7')).toBe('shop:2:user:7')
    expect(keyspace.format('user:7', 1)).toBe('shop:1:user:7')
    expect(keyspace.format('user:7', -3)).toBe('shop:-3:user:7')
    expect(keyspace.format('user:7', -0)).toBe('shop:0:user:7')
    expect(createKeyspace().format('user:7')).toBe(':1:user:7')
    expect(keyspace).toMatchObject({ prefix: 'shop', version: 2 })
  })

  test('takes a key of 1 KiB as UTF-8, and no longer one', () => {
    const keyspace = createKeyspace()
    for (const key of ['x'.repeat(1024), 'é'.repeat(512), '語'.repeat(341), '🧂'.repeat(256)])
      expect(keyspace.format(key)).toBe(`:1:${key}`)
    for (const key of ['x'.repeat(1025), 'é'.repeat(513), '語'.repeat(342), '🧂'.repeat(257), 'x'.repeat(1_000_000)]) {
      expect(() => keyspace.format(key)).toThrow(keyInvalid(/expected at most 1024 bytes .*; found .* of \d+ bytes/))
    }
  })

  test.each([
    ['', /found an empty one/],
    ['a\ud83e', /lone surrogate/],
    ['\udcc2', /lone surrogate/],
    [undefined, /found undefined/],
    [null, /found null/],
    [7, /found the number 7/],
    [['a'], /found an array/],
    [{ toString: () => 'a' }, /found an object/],
    [Object('a'), /found an object of class String/],
  ])('refuses the key %j', (key, message) => {
    const keyspace = createKeyspace()
    expect(() => keyspace.format(key as string)).toThrow(keyInvalid(message))
    expect(() => keyspace.format(key as string, 2)).toThrow(keyInvalid(message))
    expect(() => keyspace.bookkeeping('lock', key as string)).toThrow(keyInvalid(message))
  })

  test.each([1.5, NaN, Infinity, 2 ** 53, '1', null, 1n, {}])('refuses the version %s', (version) => {
    const keyspace = createKeyspace()
    for (const call of [
      () => createKeyspace({ version: version as number }),
      () => keyspace.format('a', version as number),
      () => keyspace.pattern('*', version as number),
      () => keyspace.matcher('*', version as number),
      () => keyspace.bookkeeping('lock', 'a', version as number),
      () => keyspace.namespace('n', { version: version as number }),
    ]) {
      expect(call).toThrow(configInvalid(/^version: expected an integer/))
    }
  })
})

describe('parse', () => {
  test('brings back key and version', () => {
    const keyspace = createKeyspace({ prefix: 'shop' })
    expect(keyspace.parse('shop:1:user:7')).toEqual({ key: 'user:7', version: 1 })
    expect(keyspace.parse('shop:-12::')).toEqual({ key: ':', version: -12 })
    expect(createKeyspace().parse(':1:a')).toEqual({ key: 'a', version: 1 })
  })

  test.each([
    '',
    ':',
    'shop',
    'shop:',
    'shop:1',
    'shop:1:',
    'shop::a',
    'shop:x:a',
    'shop:01:a',
    'shop:-0:a',
    'shop:+1:a',
    'shop: 1:a',
    'shop:1.0:a',
    'shop:1e3:a',
    'shop:0x1:a',
    'shop:9007199254740992:a',
    'shop:99999999999999999999:a',
    'shop:Infinity:a',
    'shop:١:a',
    'shopp:1:a',
    'sho:1:a',
    'Shop:1:a',
    ':1:a',
    '1:a',
    'shop:eu:1:a',
    'xshop:1:a',
    'shop:1~lock:a',
    'shop:1~:a',
    `shop:1:${'x'.repeat(1025)}`,
    'shop:1:\ud83e',
  ])('finds nothing in %j', (stored) => {
    expect(createKeyspace({ prefix: 'shop' }).parse(stored)).toBeUndefined()
  })
})

describe('patterns', () => {
  test('keep the prefix literal whatever it contains', () => {
    const keyspace = createKeyspace({ prefix: 'a*[b]?\\' })
    expect(keyspace.pattern('user:*')).toBe('a\\*\\[b\\]\\?\\\\:1:user:*')
    expect(createKeyspace({ prefix: 'shop' }).pattern('[a-z]*', 3)).toBe('shop:3:[a-z]*')
    expect(createKeyspace({ prefix: 'shop' }).pattern('a?', 'any')).toBe('shop:*:a?')
  })

  test('for all keys find the bookkeeping too', () => {
    const keyspace = createKeyspace({ prefix: 'shop' })
    expect(keyspace.pattern('*')).toBe('shop:1[:~]*')
    expect(keyspace.pattern('*', 'any')).toBe('shop:*')
  })

  test('a matcher gives the key of what matches', () => {
    const keyspace = createKeyspace({ prefix: 'shop' })
    const matches = keyspace.matcher('user:?')
    expect(['shop:1:user:7', 'shop:2:user:7', 'shop:1:user:77', 'other:1:user:7', 'shop:1~lock:user:7', 'user:7'].map(matches)).toEqual([
      'user:7',
      undefined,
      undefined,
      undefined,
      undefined,
      undefined,
    ])
    const any = keyspace.matcher('*', 'any')
    expect(['shop:1:a', 'shop:2:a', 'shop:x:a', 'shop:1~lock:a'].map(any)).toEqual(['a', 'a', undefined, undefined])
  })

  test.each([undefined, null, 7, /a/, '\ud83e'])('%s is no glob', (glob) => {
    const keyspace = createKeyspace()
    for (const call of [() => keyspace.pattern(glob as string), () => keyspace.matcher(glob as string)])
      expect(call).toThrow(keyInvalid(/^pattern: expected/))
  })
})

describe('bookkeeping', () => {
  test('lies under the prefix and keeps the tag', () => {
    const keyspace = createKeyspace({ prefix: 'shop' })
    expect(keyspace.bookkeeping('lock', 'user:{7}')).toBe('shop:1~lock:user:{7}')
    expect(keyspace.bookkeeping('lease', 'a', 2)).toBe('shop:2~lease:a')
    expect(keyspace.parseBookkeeping('shop:2~lease:a:b')).toEqual({ kind: 'lease', key: 'a:b', version: 2 })
    expect(
      ['shop:1:a', 'shop:1~lock:', 'shop:1~LOCK:a', 'shop:1~lock~x:a', 'shop:x~lock:a', 'other:1~lock:a', ''].map((stored) =>
        keyspace.parseBookkeeping(stored),
      ),
    ).toEqual(Array(7).fill(undefined))
  })

  test.each(['', 'a:b', 'a~b', 'Lock', 'lock1', undefined])('%j is no kind', (kind) => {
    expect(() => createKeyspace().bookkeeping(kind as string, 'a')).toThrow(configInvalid(/^kind: /))
  })
})

describe('prefixes', () => {
  test.each(['1', '-1', '007', 'p:1', '1:p', 'p:1:q', '0', '12345678901234567890', '1~lock', 'p:1~lock:x', '-2~', '-2~x'])(
    '%j is refused, since its keys could be read as of another prefix',
    (prefix) => {
      const refused = configInvalid(/expected no segment .* integer.* prefix:version:key/)
      expect(() => createKeyspace({ prefix })).toThrow(refused)
      expect(() => createKeyspace().namespace(prefix)).toThrow(refused)
      expect(() => createKeyspace({ prefix: 'shop' }).namespace(prefix)).toThrow(refused)
    },
  )

  test.each(['', 'v1', '1a', 'a:', ':', 'a::b', '+1', '1.5', '~1', 'a b', 'é語🧂', '*', '[a]', '{tag}', 'x'.repeat(512)])(
    '%j is allowed',
    (prefix) => {
      expect(createKeyspace({ prefix }).parse(`${prefix}:1:a`)).toEqual({ key: 'a', version: 1 })
    },
  )

  test.each([
    ['x'.repeat(513), /at most 512 bytes/],
    ['é'.repeat(257), /of 514 bytes/],
    ['\ud83e', /lone surrogate/],
    [7, /found the number 7/],
    [null, /found null/],
  ])('%j is refused', (prefix, message) => {
    expect(() => createKeyspace({ prefix: prefix as string })).toThrow(configInvalid(message))
  })

  test('options that are unknown or of another kind are refused', () => {
    expect(() => createKeyspace({ keyPrefix: 'a' } as never)).toThrow(configInvalid(/unknown option the string "keyPrefix"|unknown option/))
    expect(() => createKeyspace(null as never)).toThrow(configInvalid(/expected an object/))
    expect(() => createKeyspace('a' as never)).toThrow(configInvalid(/expected an object/))
    expect(() => createKeyspace().namespace('n', { prefix: 'a' } as never)).toThrow(configInvalid(/unknown option/))
    for (const format of [null, 7, {}, { format: 'x' }, { format: () => 'x', parse: 1 }])
      expect(() => createKeyspace({ format: format as never })).toThrow(configInvalid(/^format: /))
  })
})

describe('namespaces', () => {
  test('have the prefix before their name, and version and format unless stated', () => {
    const format = { format: (key: string, prefix: string, version: number) => `${version}/${prefix}/${key}` }
    const parent = createKeyspace({ prefix: 'shop', version: 3, format })
    expect(parent.namespace('eu').format('a')).toBe('3/shop:eu/a')
    expect(parent.namespace('eu').namespace('de', { version: 4 }).format('a')).toBe('4/shop:eu:de/a')
    expect(createKeyspace().namespace('eu').format('a')).toBe('eu:1:a')
  })

  test.each(['', undefined, null, 7])('%j is no name', (name) => {
    expect(() => createKeyspace().namespace(name as string)).toThrow(configInvalid(/^namespace: /))
  })
})
