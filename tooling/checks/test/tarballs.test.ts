import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { publint } from 'publint'
import { formatMessage } from 'publint/utils'
import { describe, expect, inject, test } from 'vitest'
import { tryRun } from '../src/command.ts'
import { members, type Manifest } from '../src/workspace.ts'

/** How TypeScript resolves from CommonJS that cannot `require` ES modules, or by the rules before `exports`: both are given up. */
const givenUp = new Set(['node10', 'node16-cjs'])

describe.each(members('packages'))('the tarball of $name', ({ name, folder }) => {
  const tarball = inject('tarballs')[name] as string

  test('publint finds nothing', async () => {
    const { messages, pkg } = await publint({ pack: { tarball: toArrayBuffer(readFileSync(tarball)) }, strict: true })
    expect(messages.map((message) => formatMessage(message, pkg as Record<string, unknown>, { color: false }))).toEqual([])
  })

  test('its types resolve from ES modules and bundlers', async () => {
    const analysis = await checkPackage(createPackageFromTarballData(new Uint8Array(readFileSync(tarball))))
    expect(analysis.types).toBeTruthy()
    const problems = 'problems' in analysis ? analysis.problems : []
    expect(problems.filter((problem) => !('resolutionKind' in problem && givenUp.has(problem.resolutionKind)))).toEqual([])
  })

  test('holds what was built from the source, the README and the licence, and nothing else', async () => {
    const { output } = await tryRun('tar', ['-tzf', tarball])
    const built = readdirSync(path.join(folder, 'src'), { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.ts'))
      .flatMap((file) => ['.js', '.d.ts'].map((extension) => `package/dist/${file.replaceAll(path.sep, '/').replace(/\.ts$/, extension)}`))
    const changelog = existsSync(path.join(folder, 'CHANGELOG.md')) ? ['package/CHANGELOG.md'] : []
    expect(output.trim().split('\n').toSorted()).toEqual(
      [...built, ...changelog, 'package/LICENSE', 'package/README.md', 'package/package.json'].toSorted(),
    )
  })

  test('names neither the source nor the workspace', async () => {
    const { output } = await tryRun('tar', ['-xzOf', tarball, 'package/package.json'])
    const manifest = JSON.parse(output) as Manifest
    expect(Object.keys(manifest.exports?.['.'] as object)).toEqual(['types', 'default'])
    expect(output).not.toContain('workspace:')
    expect(output).not.toContain('catalog:')
  })
})

function toArrayBuffer(buffer: Buffer): ArrayBuffer {
  return new Uint8Array(buffer).buffer
}
