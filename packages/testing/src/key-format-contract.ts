import assert from 'node:assert/strict'
import type { KeyFormat, Random } from '@shale/contracts'
import { createSeededRandom } from './seeded-random.ts'
import type { TestFunction } from './test-function.ts'

/** What a key format can do beside the contract of every one. */
export interface KeyFormatCapabilities {
  /** Whether it has a `parse`; `true` unless stated. Without it nothing can scan. */
  readonly parse?: boolean | undefined
  /** Whether it keeps the `{tag}` of a key, so that related keys stay on one shard; `true` unless stated. */
  readonly hashTags?: boolean | undefined
}

export interface KeyFormatContract {
  readonly test: TestFunction
  /** Called for each test. */
  readonly create: () => KeyFormat | Promise<KeyFormat>
  readonly capabilities?: KeyFormatCapabilities | undefined
  /** The seed of the random keys, which failures name; 1 unless stated. */
  readonly seed?: number | undefined
}

const prefixes = ['', 'shop', 'shop:eu', 'sho', 'p', 'Ünïcode', 'with space', '{tag}'] as const
const versions = [1, 2, 12, 0, -1, Number.MAX_SAFE_INTEGER] as const
const plainKeys = [
  'a',
  'b',
  'ab',
  'user:1',
  'user:12',
  '1',
  '1:a',
  ':',
  '::',
  'a:',
  ':a',
  '-1:2:x',
  '*',
  '[a]',
  '\\',
  '{tag}',
  'a{tag}b',
  '}{',
  ' ',
  '\n',
  '\0',
  'é',
  '日本語',
  '🧂',
  'A',
  'User:1',
  '{a}',
  '{a{',
  'a b',
  'a+b',
  'a%20b',
  'e\u0301',
  'ﬀ',
  'ff',
  '__proto__',
  'shop',
  'shop:1:a',
  '1~lock:a',
  '~',
  'x'.repeat(1024),
  'é'.repeat(512),
] as const
const foreign = [
  '',
  'x',
  ':',
  '::',
  ':::',
  'no such thing',
  'shop',
  'shop:',
  'shop:1',
  'shop:x:a',
  'shop:01:a',
  'shop:1.5:a',
  '\0',
  '{}',
  '{"json":1}',
  '%',
  '%zz',
  'é',
  'x'.repeat(5000),
] as const
const alphabet = ['a', 'b', '1', '-', '~', ':', '{', '}', '*', '?', '[', ']', '\\', '%', '/', '+', '=', ' ', '\n', 'é', '語', '🧂'] as const

/**
 * The contract of `KeyFormat` as a suite: declares one test for each thing that every key format promises. A failed
 * test throws an `AssertionError`.
 */
export function keyFormatContract({ test, create, capabilities = {}, seed = 1 }: KeyFormatContract): void {
  const { parse: scannable = true, hashTags = true } = capabilities
  const keys = [...new Set([...plainKeys, ...randomKeys(createSeededRandom(seed), 200)])]
  const declare = (name: string, run: (format: KeyFormat) => void): void => {
    test(`key format: ${name}`, async () => run(await create()))
  }

  declare('every key has a stored key, a well-formed string, and always the same one', (format) => {
    each(keys, (key, prefix, version) => {
      const stored: unknown = format.format(key, prefix, version)
      assert.ok(
        typeof stored === 'string' && stored !== '' && stored.isWellFormed(),
        about('expected a well-formed string', key, prefix, version, stored),
      )
      assert.equal(format.format(key, prefix, version), stored, about('expected the same again', key, prefix, version, stored))
    })
  })

  declare('no two keys, versions or prefixes share a stored key', (format) => {
    const owners = new Map<string, string>()
    each(keys, (key, prefix, version) => {
      const stored = format.format(key, prefix, version)
      assert.equal(owners.get(stored), undefined, about('expected a stored key of its own', key, prefix, version, stored))
      owners.set(stored, about('', key, prefix, version, stored))
    })
  })

  declare('no stored key is one of the form prefix:version~kind:key, which is reserved', (format) => {
    each(keys, (key, prefix, version) => {
      const stored = format.format(key, prefix, version)
      const reserved = stored.startsWith(`${prefix}:`) && /^-?\d+~[a-z]+:/.test(stored.slice(prefix.length + 1))
      assert.ok(!reserved, about('expected another form', key, prefix, version, stored))
    })
  })

  if (hashTags) {
    declare('the {tag} of a key stays', (format) => {
      for (const key of ['{tag}', 'a{tag}b', 'user:{7}:profile', '{a}{b}']) {
        const stored = format.format(key, 'shop', 1)
        assert.equal(tagOf(stored), tagOf(key), about('expected the same tag', key, 'shop', 1, stored))
      }
    })
  }

  if (!scannable) return

  declare('parse brings back the key and the version', (format) => {
    each(keys, (key, prefix, version) => {
      const stored = format.format(key, prefix, version)
      assert.deepEqual(
        { ...format.parse!(stored, prefix) },
        { key, version },
        about('expected the key and version back', key, prefix, version, stored),
      )
    })
  })

  declare('parse gives undefined for a stored key of another prefix', (format) => {
    each(keys, (key, prefix, version) => {
      const stored = format.format(key, prefix, version)
      for (const other of prefixes) {
        if (other !== prefix)
          assert.equal(
            format.parse!(stored, other),
            undefined,
            about(`expected nothing of prefix ${JSON.stringify(other)}`, key, prefix, version, stored),
          )
      }
    })
  })

  declare('parse never throws, and what it finds in a foreign key would be stored there', (format) => {
    for (const stored of [...foreign, ...keys]) {
      for (const prefix of prefixes) {
        const found = format.parse!(stored, prefix)
        if (found !== undefined)
          assert.equal(
            format.format(found.key, prefix, found.version),
            stored,
            about('expected undefined', found.key, prefix, found.version, stored),
          )
      }
    }
  })

  function about(expected: string, key: string, prefix: string, version: number, stored: unknown): string {
    return `${expected}; key ${JSON.stringify(key)}, prefix ${JSON.stringify(prefix)}, version ${version}: ${JSON.stringify(stored)} (seed ${seed})`
  }
}

function each(keys: readonly string[], run: (key: string, prefix: string, version: number) => void): void {
  for (const prefix of prefixes) for (const version of versions) for (const key of keys) run(key, prefix, version)
}

function randomKeys(random: Random, count: number): string[] {
  const pick = (below: number): number => Math.floor(random() * below)
  return Array.from({ length: count }, () => Array.from({ length: 1 + pick(12) }, () => alphabet[pick(alphabet.length)]!).join(''))
}

/** What a cluster hashes of a key that has a tag. */
function tagOf(key: string): string | undefined {
  const start = key.indexOf('{')
  const end = key.indexOf('}', start + 1)
  return start === -1 || end <= start + 1 ? undefined : key.slice(start + 1, end)
}
