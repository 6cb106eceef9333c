import { readFileSync } from 'node:fs'
import { cbor, createSerializer, gzip, json, type SerializerOptions } from '@shale/codecs'
import { describe, expect, test } from 'vitest'

const rows = readFileSync(new URL('../../../docs/format.md', import.meta.url), 'utf8')
  .split('## Examples')[1]!
  .split('\n')
  .filter((line) => /`[0-9a-f]{4,}` \|$/.test(line))
  .map((line) => ({ setting: line.split('|')[2]!.trim(), entry: Buffer.from(/`([0-9a-f]+)` \|$/.exec(line)![1]!, 'hex') }))

const tags = ['a', 'b']
const value = { id: 7, name: 'Zoë', tags }
const clock = { now: () => 1_700_000_000_000 }
const key = Uint8Array.from({ length: 32 }, (_, i) => i)

describe('the examples of docs/format.md', () => {
  const expected: [unknown, SerializerOptions][] = [
    [42, {}],
    [value, { codec: cbor({ protocol: 1 }) }],
    [value, { codec: cbor({ protocol: 2 }) }],
    [[value, { ...value }], { codec: cbor({ protocol: 2 }) }],
    [value, { codec: json() }],
    ['a'.repeat(100), { codec: json(), compression: gzip({ threshold: 1 }) }],
    [42, { encryption: { keys: { k1: key }, current: 'k1' } }],
  ]

  test('are as many as are tested', () => expect(rows).toHaveLength(expected.length))

  test.each(expected)('%# are what is written and read', (input, options) => {
    const row = rows[expected.findIndex(([, other]) => other === options)]!
    const context = { prefix: 'shop', key: 'n' }
    const serializer = createSerializer({ ...options, clock })
    expect(serializer.decode(row.entry, context)).toEqual(input)
    // The nonce is new each time, and what gzip gives is the library's own.
    if (options.encryption === undefined && options.compression === undefined)
      expect(Buffer.from(serializer.encode(input)).toString('hex')).toBe(row.entry.toString('hex'))
  })
})
