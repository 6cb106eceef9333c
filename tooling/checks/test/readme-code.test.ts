import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { startRedis } from '@tooling/servers'
import { beforeAll, describe, expect, inject, test } from 'vitest'
import { codeBlocks, type CodeBlock } from '../src/code-blocks.ts'
import { run, tryRun } from '../src/command.ts'

/**
 * The documents' code, as a reader would use it: in a project outside the checkout, against the packed packages. A block
 * that says `redis://localhost:6379` gets a server of its own, whose address is put in that text's place and in SHALE_REDIS_URL.
 */
const redisInText = 'redis://localhost:6379'
const blocks = codeBlocks()
const folder = path.join(inject('consumer'), 'readme-code')
let diagnostics = ''

beforeAll(async () => {
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  for (const block of blocks) writeFileSync(path.join(folder, `${block.slug}.ts`), `${block.code}\n`)
  const compilerOptions = {
    target: 'ES2023',
    lib: ['ES2023', 'ESNext.Disposable'],
    module: 'NodeNext',
    moduleDetection: 'force',
    types: ['node'],
    strict: true,
    skipLibCheck: true,
    outDir: 'out',
  }
  writeFileSync(path.join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['*.ts'] }))
  const compiled = await tryRun('node', [path.join(inject('consumer'), 'node_modules/typescript-7/bin/tsc'), '-p', '.'], { cwd: folder })
  diagnostics = compiled.output
})

test('there is some', () => {
  expect(blocks.length).toBeGreaterThan(0)
})

describe.concurrent('code of the documents', () => {
  test.each(blocks)('$title', async (block) => {
    expect(problemsOf(block)).toEqual([])
    if (!block.runs) return
    const program = path.join(folder, 'out', `${block.slug}.js`)
    const emitted = readFileSync(program, 'utf8')
    if (!emitted.includes(redisInText)) {
      await run('node', [program], { cwd: folder, timeout: 60_000 })
      return
    }
    await using server = await startRedis()
    writeFileSync(program, emitted.replaceAll(redisInText, server.url))
    await run('node', [program], { cwd: folder, timeout: 60_000, env: { SHALE_REDIS_URL: server.url } })
  })
})

/** What the compiler says of a block, by the block's own lines. */
function problemsOf(block: CodeBlock): string[] {
  const lines = diagnostics.split('\n')
  const own = lines.filter((line) => line.startsWith(`${block.slug}.ts(`))
  const general = lines.filter((line) => line.startsWith('error '))
  return [...own, ...general]
}
