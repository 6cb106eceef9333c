import { readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { members } from '../src/workspace.ts'

/** What a package exports, by its API report. */
interface Surface {
  /** What it declares itself, as text. */
  readonly declared: ReadonlyMap<string, string>
  /** What it has from another package, exported or only named, and from which. */
  readonly imported: ReadonlyMap<string, string>
  readonly exported: ReadonlySet<string>
}

const surfaces = new Map(members('packages').map(({ name, folder }) => [name, surfaceOf(folder)]))

/** What an application is built on: there the types that other packages' types name are at hand, too. */
const entries: ReadonlySet<string> = new Set(['@shale/cache', '@shale/client'])

test.each([...surfaces.keys()])('every type that the signatures of %s name can be imported from it', (name) => {
  const { declared, exported } = surfaces.get(name) as Surface
  const missing = new Set<string>()
  for (const one of entries.has(name) ? exported : declared.keys())
    for (const type of namedBy(name, one)) if (!exported.has(type)) missing.add(`${type}, of ${one}`)
  expect([...missing]).toEqual([])
})

/** The exported types that a declaration names. */
function namedBy(place: string, name: string): string[] {
  const surface = surfaces.get(place)
  if (surface === undefined) return []
  const declaration = surface.declared.get(name)
  if (declaration === undefined) return namedBy(surface.imported.get(name) ?? '', name)
  const words = new Set(declaration.match(/\b[A-Z]\w*/g))
  return [...words].filter((word) => word !== name && (surface.declared.has(word) || surface.imported.has(word)))
}

function surfaceOf(folder: string): Surface {
  const report = readFileSync(path.join(folder, 'etc', `${path.basename(folder)}.api.md`), 'utf8')
  const [, code = ''] = /```ts\n(.*)```/s.exec(report) ?? []
  // What is marked as internal is nobody's to name.
  const lines = code.replace(/^ *\/\/ @internal.*\n.*\n/gm, '').replace(/^ *\/\/.*\n/gm, '')
  const imported = new Map<string, string>()
  for (const [, name, from] of lines.matchAll(/^import (?:type )?\{ (\w+) \} from '(@shale\/\w+)'/gm))
    imported.set(name as string, from as string)
  const declared = new Map<string, string>()
  for (const [text, name] of lines.matchAll(
    /^export (?:abstract )?(?:class|interface|type|function|const) (\w+).*?(?=^export |$(?![^]))/gms,
  )) {
    declared.set(name as string, (declared.get(name as string) ?? '') + text)
  }
  const passedOn = Array.from(lines.matchAll(/^export \{ (\w+) \}/gm), ([, name]) => name as string)
  return { declared, imported, exported: new Set([...declared.keys(), ...passedOn]) }
}
