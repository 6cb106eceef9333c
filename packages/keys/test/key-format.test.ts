import { createKeyspace, keyFormat, type Keyspace } from '@shale/keys'
import { keyFormatContract } from '@shale/testing'
import type { KeyFormat } from '@shale/contracts'
import { describe, expect, test } from 'vitest'

keyFormatContract({ test, create: () => keyFormat })

const reversed: Required<KeyFormat> = {
  format: (key, prefix, version) => `${key}@${version}@${prefix}`,
  parse(stored, prefix) {
    if (!stored.endsWith(`@${prefix}`)) return undefined
    const rest = stored.slice(0, -prefix.length - 1)
    const at = rest.lastIndexOf('@')
    return { key: rest.slice(0, at), version: Number(rest.slice(at + 1)) }
  },
}

const create = (format: KeyFormat): Keyspace => createKeyspace({ prefix: 'shop', format })

describe('a custom format', () => {
  test('decides how keys are stored and read', () => {
    const keyspace = create(reversed)
    expect(keyspace.format('a@b')).toBe('a@b@1@shop')
    expect(keyspace.parse('a@b@7@shop')).toEqual({ key: 'a@b', version: 7 })
    expect(keyspace.pattern('a*')).toBe('*')
    expect(keyspace.pattern('a*', 'any')).toBe('*')
    const matches = keyspace.matcher('a*')
    expect(['a@1@shop', 'b@1@shop', 'a@2@shop', 'a@1@other', 'shop:1~lock:a'].map(matches)).toEqual([
      'a',
      undefined,
      undefined,
      undefined,
      undefined,
    ])
  })

  test('does not decide where bookkeeping lies', () => {
    const keyspace = create(reversed)
    expect(keyspace.bookkeeping('lock', 'a')).toBe('shop:1~lock:a')
    expect(keyspace.parseBookkeeping('shop:1~lock:a')).toEqual({ kind: 'lock', key: 'a', version: 1 })
    const into = create({ format: (key) => `shop:1~lock:${key}`, parse: () => ({ key: 'a', version: 1 }) })
    expect(() => into.format('a')).toThrow(
      expect.objectContaining({ code: 'KEY_INVALID', message: expect.stringContaining('prefix:version~kind:key') }),
    )
    expect(into.parse('shop:1~lock:a')).toBeUndefined()
  })

  test('is asked only for keys and versions that are valid', () => {
    const asked: unknown[] = []
    const keyspace = create({ format: (key, prefix, version) => (asked.push([key, prefix, version]), `${prefix}/${version}/${key}`) })
    expect(() => keyspace.format('')).toThrow(expect.objectContaining({ code: 'KEY_INVALID' }))
    expect(() => keyspace.format('a', 1.5)).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }))
    expect(asked).toEqual([])
    expect(keyspace.format('a')).toBe('shop/1/a')
    expect(asked).toEqual([['a', 'shop', 1]])
  })

  test.each([undefined, null, '', 7, '\ud83e', Buffer.from('a'), Promise.resolve('a')])('that gives %s is refused', (stored) => {
    expect(() => create({ format: () => stored as string }).format('a')).toThrow(
      expect.objectContaining({
        code: 'KEY_INVALID',
        message: expect.stringMatching(/^keyFormat\.format: expected a non-empty, well-formed string/),
      }),
    )
  })

  test('that throws is KEY_INVALID with its error as the cause', () => {
    const cause = new RangeError('no such tenant')
    const keyspace = create({
      format() {
        throw cause
      },
      parse() {
        throw cause
      },
    })
    for (const call of [() => keyspace.format('a'), () => keyspace.parse('a'), () => keyspace.matcher('*')('a')]) {
      expect(call).toThrow(expect.objectContaining({ code: 'KEY_INVALID', cause }))
    }
  })

  test('without parse cannot be scanned', () => {
    const keyspace = create({ format: (key, prefix, version) => `${prefix}/${version}/${key}` })
    for (const call of [() => keyspace.parse('a'), () => keyspace.pattern('*'), () => keyspace.matcher('*')]) {
      expect(call).toThrow(
        expect.objectContaining({ code: 'CONFIG_INVALID', message: expect.stringMatching(/^keyFormat\.parse: expected a function/) }),
      )
    }
  })

  test.each([
    undefined,
    null,
    {},
    { key: '', version: 1 },
    { key: 'a', version: '1' },
    { key: 'a', version: 1.5 },
    { key: 7, version: 1 },
    { key: 'other', version: 1 },
    { key: 'a', version: 2 },
  ])('whose parse gives %j for a stored key it would not write so is not believed', (parsed) => {
    expect(create({ ...reversed, parse: () => parsed as never }).parse('a@1@shop')).toBeUndefined()
  })
})
