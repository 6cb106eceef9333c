import { existsSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { members, root } from './workspace.ts'

/** A ```ts block of a document. */
export interface CodeBlock {
  /** The document and the line of the block's first line of code, for people. */
  readonly title: string
  /** A name for a file, without extension. */
  readonly slug: string
  readonly code: string
  /** Whether it is a whole program; a block marked `ts no-run` is only checked for its types. */
  readonly runs: boolean
}

/** The TypeScript in the READMEs and in docs. */
export function codeBlocks(): CodeBlock[] {
  return documents().flatMap((file) => blocksOf(file, readFileSync(path.join(root, file), 'utf8')))
}

function documents(): string[] {
  const docs = path.join(root, 'docs')
  return [
    'README.md',
    ...members('packages').map(({ folder }) => path.relative(root, path.join(folder, 'README.md'))),
    ...(existsSync(docs) ? readdirSync(docs) : []).filter((name) => name.endsWith('.md')).map((name) => path.join('docs', name)),
  ].filter((file) => existsSync(path.join(root, file)))
}

function blocksOf(file: string, text: string): CodeBlock[] {
  const blocks: CodeBlock[] = []
  let open: { line: number; runs: boolean; code: string[] } | undefined
  for (const [index, line] of text.split('\n').entries()) {
    if (open === undefined) {
      const fence = /^```(?:ts|typescript)\b *(.*)$/.exec(line)
      if (fence !== null) open = { line: index + 2, runs: !/\bno-run\b/.test(fence[1] ?? ''), code: [] }
    } else if (line.startsWith('```')) {
      const slug = `${file.replaceAll(/\W+/g, '-')}-${open.line}`
      blocks.push({ title: `${file}:${open.line}`, slug, code: open.code.join('\n'), runs: open.runs })
      open = undefined
    } else {
      open.code.push(line)
    }
  }
  return blocks
}
