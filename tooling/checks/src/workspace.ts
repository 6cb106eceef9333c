import { existsSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

/** The checkout's root. */
export const root = fileURLToPath(new URL('../../../', import.meta.url))

/** Where checks keep what may be thrown away; not in git. */
export const temp = path.join(root, 'temp')

export interface Manifest {
  readonly name: string
  readonly version: string
  readonly private?: boolean
  readonly exports?: Record<string, unknown>
  readonly dependencies?: Record<string, string>
  readonly devDependencies?: Record<string, string>
  readonly peerDependencies?: Record<string, string>
}

/** A workspace package. */
export interface Member {
  readonly name: string
  readonly folder: string
  readonly manifest: Manifest
}

/** The packages of one group, by name of their folder. */
export function members(group: 'packages' | 'examples'): Member[] {
  return readdirSync(path.join(root, group))
    .map((name) => path.join(root, group, name))
    .filter((folder) => existsSync(path.join(folder, 'package.json')))
    .map((folder) => {
      const manifest = readManifest(folder)
      return { name: manifest.name, folder, manifest }
    })
}

function readManifest(folder: string): Manifest {
  return JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8')) as Manifest
}

/** The version that the workspace's catalog pins. */
export function catalogVersion(name: string): string {
  const catalog = readFileSync(path.join(root, 'pnpm-workspace.yaml'), 'utf8')
  const found = catalog
    .split('\n')
    .map((line) => /^ {2}'?([^':]+)'?: (\S+)$/.exec(line))
    .find((match) => match?.[1] === name)
  if (found?.[2] === undefined) throw new Error(`pnpm-workspace.yaml pins no ${name}`)
  return found[2]
}
