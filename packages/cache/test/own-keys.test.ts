import { describe, expect, test } from 'vitest'
import { createKeyspace } from '@shale/keys'
import { createOwnKeys } from '../src/own-keys.ts'

const keyspace = (prefix: string) => createKeyspace({ prefix })

describe('the keys of a cache', () => {
  test('are those of its prefix and of its namespaces, without bookkeeping', () => {
    const root = keyspace('p')
    const own = createOwnKeys(root, undefined, 1)
    own.opened(root.namespace('inner'))
    expect(own.pattern).toBe('p:*')
    for (const stored of ['p:1:a', 'p:-7:a:5:b', 'p:inner:2:a', 'p:1:{t}']) expect(own.concerns(stored), stored).toBe(true)
    for (const stored of [
      'p:1~lock:a',
      'p:1~lease:a',
      'p:other:1:a',
      'q:1:a',
      ':1:a',
      'p:a',
      'p:1:',
      'p',
      '',
      'p:1x:a',
      'p:1~lock:a:5:b',
    ]) {
      expect(own.concerns(stored), stored).toBe(false)
    }
  })

  test('with an empty prefix are not those of every other prefix', () => {
    const root = keyspace('')
    const own = createOwnKeys(root, undefined, 1)
    expect(own.pattern).toBe('*')
    expect(own.concerns(':1:a')).toBe(true)
    expect(own.concerns('session:1:a')).toBe(false)
    own.opened(root.namespace('session'))
    expect(own.concerns('session:1:a')).toBe(true)
    expect(own.concerns('session:inner:1:a')).toBe(false)
  })

  test('a prefix with signs of globs is literal in the pattern', () => {
    expect(createOwnKeys(keyspace('p*[a]'), undefined, 1).pattern).toBe('p\\*\\[a\\]:*')
  })

  test('of a format of one’s own are those that it parses, in any namespace', () => {
    const format = {
      format: (key: string, prefix: string, version: number) => `${prefix}/${version}/${key}`,
      parse(stored: string, prefix: string) {
        const [head, version, key] = stored.split('/')
        return head !== prefix || key === undefined ? undefined : { key, version: Number(version) }
      },
    }
    const root = createKeyspace({ prefix: 'p', format })
    const own = createOwnKeys(root, format, 1)
    own.opened(root.namespace('inner'))
    expect(own.pattern).toBe('*')
    expect(['p/1/a', 'p:inner/1/a', 'q/1/a', 'p:1~lock:a'].map(own.concerns)).toEqual([true, true, false, false])
  })

  test('of a format that does not parse cannot be told from those of others', () => {
    const format = { format: (key: string, prefix: string, version: number) => `${prefix}/${version}/${key}` }
    const own = createOwnKeys(createKeyspace({ prefix: 'p', format }), format, 1)
    expect(own.pattern).toBe(undefined)
    expect(['p/1/a', 'p:1~lock:a'].map(own.concerns)).toEqual([true, false])
  })
})

test('leases are bookkeeping of their keys, which go with clear and are listed by nobody', () => {
  const root = keyspace('p')
  const own = createOwnKeys(root, undefined, 1)
  expect(own.leaseKey('p:1:a:5:b')).toBe('p:1~lease:a:5:b')
  expect(root.parseBookkeeping(own.leaseKey('p:1:a'))).toEqual({ kind: 'lease', key: 'a', version: 1 })
  expect(root.parse(own.leaseKey('p:1:a'))).toBe(undefined)
  expect(own.leaseKey('p:inner:2:a')).toBe('p:inner:2~lease:a')
  const format = { format: (key: string, prefix: string, version: number) => `${prefix}/${version}/${key}` }
  const custom = createKeyspace({ prefix: 'p', format })
  expect(custom.parseBookkeeping(createOwnKeys(custom, format, 1).leaseKey('p/1/a'))).toEqual({ kind: 'lease', key: 'p/1/a', version: 1 })
})
