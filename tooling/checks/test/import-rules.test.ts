import { appendFileSync, cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { run, tryRun } from '../src/command.ts'
import { root } from '../src/workspace.ts'

const upward: [string, string][] = [
  ['contracts', 'keys'],
  ['keys', 'codecs'],
  ['memory', 'client'],
  ['client', 'cache'],
  ['testing', 'memory'],
]
let copy: string

beforeEach(async () => {
  copy = mkdtempSync(path.join(tmpdir(), 'shale-rules-'))
  for (const entry of ['package.json', 'pnpm-lock.yaml', 'pnpm-workspace.yaml', 'turbo.json', 'packages', 'tooling']) {
    cpSync(path.join(root, entry), path.join(copy, entry), {
      recursive: true,
      filter: (file) => !/(^|[\\/])(node_modules|dist|temp|\.turbo)$/.test(path.relative(root, file)),
    })
  }
  symlinkSync(path.join(root, 'node_modules'), path.join(copy, 'node_modules'))
  await run('git', ['init', '--quiet'], { cwd: copy })
})

afterEach(() => rmSync(copy, { recursive: true, force: true }))

test('the packages as they are keep the rules', async () => {
  const { code, output } = await boundaries()
  expect(code, output).toBe(0)
})

test.each(upward)('%s may not depend on %s', async (from, to) => {
  const file = path.join(copy, 'packages', from, 'package.json')
  const manifest = JSON.parse(readFileSync(file, 'utf8')) as { dependencies?: Record<string, string> }
  writeFileSync(file, JSON.stringify({ ...manifest, dependencies: { ...manifest.dependencies, [`@shale/${to}`]: 'workspace:*' } }))
  const { code, output } = await boundaries()
  expect(code, output).toBe(1)
  expect(output).toContain(`@shale/${to}`)
})

test.each(upward)('%s may not import %s behind the back of its package.json', async (from, to) => {
  appendFileSync(path.join(copy, 'packages', from, 'src', 'index.ts'), `\nexport * as upward from '@shale/${to}'\n`)
  const { code, output } = await boundaries()
  expect(code, output).toBe(1)
  expect(output).toContain(`@shale/${to}`)
})

async function boundaries(): Promise<{ code: number | undefined; output: string }> {
  return await tryRun(path.join(root, 'node_modules/.bin/turbo'), ['boundaries', '--no-color'], {
    cwd: copy,
    env: { TURBO_TELEMETRY_DISABLED: '1' },
  })
}
