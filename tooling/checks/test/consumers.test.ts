import { cpSync, mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { beforeAll, expect, inject, test } from 'vitest'
import { run, tryRun } from '../src/command.ts'

/** A strict TypeScript project, and plain programs, that use the packed packages outside the checkout. */
const folder = path.join(inject('consumer'), 'consumers')

beforeAll(() => {
  mkdirSync(folder, { recursive: true })
  cpSync(fileURLToPath(new URL('../programs', import.meta.url)), folder, { recursive: true })
  const compilerOptions = {
    target: 'ES2023',
    lib: ['ES2023', 'ESNext.Disposable'],
    module: 'NodeNext',
    types: ['node'],
    strict: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    verbatimModuleSyntax: true,
    skipLibCheck: false,
    noEmit: true,
  }
  writeFileSync(path.join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['typed.ts'] }))
})

test.each(['5', '7'])('types hold under TypeScript %s in strict mode', async (version) => {
  const tsc = path.join(inject('consumer'), `node_modules/typescript-${version}/bin/tsc`)
  const { output } = await tryRun('node', [tsc, '-p', '.', '--pretty', 'false'], { cwd: folder })
  expect(output).toBe('')
})

test('every package can be imported and required', async () => {
  await run('node', ['every-package.mjs', ...Object.keys(inject('tarballs'))], { cwd: folder })
})
