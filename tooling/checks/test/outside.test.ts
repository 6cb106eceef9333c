import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { note, run, tryRun } from '../src/command.ts'
import { npmInstall } from '../src/consumer.ts'
import { catalogVersion, root, type Manifest } from '../src/workspace.ts'

/** The examples of extension points, each as a project of its own: the packed packages from npm, TypeScript, node:test. */
describe.each(['custom-codec', 'custom-key-format'])('%s outside the checkout', (name) => {
  let folder: string

  beforeAll(async () => {
    folder = mkdtempSync(path.join(tmpdir(), `shale-${name}-`))
    const from = path.join(root, 'examples', name)
    for (const part of ['src', 'test']) cpSync(path.join(from, part), path.join(folder, part), { recursive: true })
    const { dependencies, devDependencies, ...manifest } = JSON.parse(readFileSync(path.join(from, 'package.json'), 'utf8')) as Manifest
    const tarballs = Object.entries(inject('tarballs')).map(([dependency, file]) => [dependency, `file:${file}`])
    const others = Object.entries({ ...dependencies, ...devDependencies }).filter(([, version]) => !version.startsWith('workspace:'))
    const tools = { typescript: catalogVersion('typescript'), '@types/node': catalogVersion('@types/node') }
    writeFileSync(
      path.join(folder, 'package.json'),
      JSON.stringify({ ...manifest, dependencies: { ...Object.fromEntries([...others, ...tarballs]), ...tools } }, null, 2),
    )
    const compilerOptions = {
      target: 'ES2023',
      lib: ['ES2023', 'ES2024.String', 'ESNext.Disposable'],
      module: 'NodeNext',
      types: ['node'],
      strict: true,
      noUncheckedIndexedAccess: true,
      rewriteRelativeImportExtensions: true,
      rootDir: '.',
      outDir: 'dist',
    }
    writeFileSync(path.join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['src', 'test'] }))
    await npmInstall(folder)
    await run(path.join(folder, 'node_modules/.bin/tsc'), ['-p', '.'], { cwd: folder })
  })

  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  test('passes the public contract suite', async () => {
    const { code, output } = await tryRun('node', ['--test', '--test-reporter=tap', 'dist/test/'], { cwd: folder })
    expect(code, output).toBe(0)
    const passed = Number(/^# pass (\d+)$/m.exec(output)?.[1])
    expect(passed, output).toBeGreaterThan(5)
    note(`${name}: ${passed} tests passed under node:test outside the checkout`)
  })

  test('runs', async () => {
    expect(await run('node', ['dist/src/main.js'], { cwd: folder, timeout: 60_000 })).not.toBe('')
  })
})
