import assert from 'node:assert/strict'
import { test } from 'node:test'
import { codecContract } from '@shale/testing'
import { columnar } from '../src/columnar.ts'

codecContract({
  test,
  create: columnar,
  capabilities: { oddStrings: 'kept', protoKeys: 'kept', sharedReferences: 'changed' },
})

const rows = Array.from({ length: 100 }, (_, id) => ({ id, section: ['news', 'sport'][id % 2], score: id / 8 }))

test('a table comes back, and is smaller than its JSON', () => {
  const bytes = columnar().encode(rows)
  assert.deepEqual(columnar().decode(bytes, 1), rows)
  assert.ok(bytes.length < JSON.stringify(rows).length / 3, `${bytes.length} bytes`)
})

test('a table that announces more rows than it can have is refused', () => {
  assert.throws(() => columnar().decode(Uint8Array.of(1, 0xff, 0xff, 0xff, 0x7f, 1, 1, 97, 0), 1), { code: 'CODEC_CORRUPT' })
})
