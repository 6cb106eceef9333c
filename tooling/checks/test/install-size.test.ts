import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { note, run } from '../src/command.ts'
import { installTarballs } from '../src/consumer.ts'

const limitKiB = 18_000_000 / 1024
const foreseen = [
  '@cbor-extract',
  '@redis',
  '@shale',
  'cbor-extract',
  'cbor-x',
  'cluster-key-slot',
  'detect-libc',
  'node-gyp-build-optional-packages',
]
let folder: string

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'shale-size-'))
  const { '@shale/testing': _, ...needed } = inject('tarballs')
  await installTarballs(folder, needed)
})

afterAll(() => rmSync(folder, { recursive: true, force: true }))

test('a full install of the facade stays under 18 MB', async () => {
  const used = Number.parseInt(await run('du', ['-sk', 'node_modules'], { cwd: folder }), 10)
  note(`a full install of @shale/cache takes ${((used * 1024) / 1e6).toFixed(1)} MB`)
  expect(used).toBeLessThan(limitKiB)
})

test('and brings only the dependencies that its README accounts for', () => {
  const installed = readdirSync(path.join(folder, 'node_modules')).filter((name) => !name.startsWith('.'))
  expect(installed.filter((name) => !foreseen.includes(name))).toEqual([])
})
