import type { KeyFormat } from '@shale/contracts'
import { keyFormatContract, type KeyFormatCapabilities } from '@shale/testing'
import { expect, test } from 'vitest'
import { runSuite, type SuiteOutcome } from './run-suite.ts'

const sound: Required<KeyFormat> = {
  format: (key, prefix, version) => `v${version}|${prefix}|${key}`,
  parse(stored, prefix) {
    const [, version, rest] = /^v(-?\d+)\|(.*)$/s.exec(stored) ?? []
    if (version === undefined || rest === undefined || !rest.startsWith(`${prefix}|`)) return undefined
    const key = rest.slice(prefix.length + 1)
    return key === '' || String(Number(version)) !== version ? undefined : { key, version: Number(version) }
  },
}

const tryOn = (format: KeyFormat, capabilities?: KeyFormatCapabilities): Promise<SuiteOutcome> =>
  runSuite((run) => keyFormatContract({ test: run, create: () => format, capabilities }))

test('a format that keeps the contract passes', async () => {
  const { passed, failed } = await tryOn(sound)
  expect([...failed]).toEqual([])
  expect(passed).toHaveLength(7)
})

test('a format without parse passes where that is declared', async () => {
  const { failed } = await tryOn({ format: sound.format }, { parse: false })
  expect([...failed]).toEqual([])
  const undeclared = await tryOn({ format: sound.format })
  expect(undeclared.failed.size).toBe(3)
})

const broken: [what: string, format: KeyFormat, caughtBy: string][] = [
  [
    'forgets the version',
    { ...sound, format: (key, prefix) => `v1|${prefix}|${key}` },
    'no two keys, versions or prefixes share a stored key',
  ],
  [
    'forgets the prefix',
    { ...sound, format: (key, _, version) => `v${version}||${key}` },
    'no two keys, versions or prefixes share a stored key',
  ],
  [
    'takes two characters for one',
    { ...sound, format: (key, prefix, version) => sound.format(key.normalize('NFC').replaceAll('}', '{'), prefix, version) },
    'no two keys, versions or prefixes share a stored key',
  ],
  [
    'gives bytes',
    { ...sound, format: ((key: string) => Buffer.from(key)) as never },
    'every key has a stored key, a well-formed string, and always the same one',
  ],
  [
    'cuts surrogate pairs',
    { ...sound, format: (key, prefix, version) => sound.format(key, prefix, version).slice(0, 5) },
    'every key has a stored key, a well-formed string, and always the same one',
  ],
  [
    'takes the reserved form',
    { format: (key, prefix, version) => `${prefix}:${version}~lock:${key}` },
    'no stored key is one of the form prefix:version~kind:key, which is reserved',
  ],
  [
    'encodes tags',
    { ...sound, format: (key, prefix, version) => sound.format(encodeURIComponent(key), prefix, version) },
    'the {tag} of a key stays',
  ],
  [
    'parses other prefixes',
    { ...sound, parse: (stored) => sound.parse(stored, 'shop') ?? sound.parse(stored, 'p') },
    'parse gives undefined for a stored key of another prefix',
  ],
  [
    'throws on foreign keys',
    { ...sound, parse: (stored, prefix) => (stored.startsWith('{"') ? JSON.parse('{') : sound.parse(stored, prefix)) },
    'parse never throws, and what it finds in a foreign key would be stored there',
  ],
  [
    'gives versions as text',
    { ...sound, parse: (stored, prefix) => sound.parse(stored, prefix) && ({ ...sound.parse(stored, prefix), version: '1' } as never) },
    'parse brings back the key and the version',
  ],
]

test.each(broken)('a format of which this is true fails: %s', async (_, format, caughtBy) => {
  const { failed } = await tryOn(format)
  expect([...failed.keys()]).toContain(`key format: ${caughtBy}`)
})

test('a failure names the seed', async () => {
  const { failed } = await runSuite((run) =>
    keyFormatContract({ test: run, create: () => ({ format: () => 'same' }), capabilities: { parse: false }, seed: 42 }),
  )
  expect(String([...failed.values()][0])).toContain('seed 42')
})
