import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { TestProject } from 'vitest/node'
import { run } from './command.ts'
import { installTarballs } from './consumer.ts'
import { catalogVersion, members, root, temp } from './workspace.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** The packed packages, by name. */
    tarballs: Record<string, string>
    /** A project outside the checkout, into which npm installed all of them. */
    consumer: string
  }
}

/** Packs every package and installs the tarballs into an empty folder, once for all checks. */
export default async function prepare(project: TestProject): Promise<() => void> {
  const tarballs = await packAll()
  const consumer = mkdtempSync(path.join(tmpdir(), 'shale-consumer-'))
  await installTarballs(consumer, tarballs, {
    '@types/node': catalogVersion('@types/node'),
    ioredis: catalogVersion('ioredis'),
    msgpackr: catalogVersion('msgpackr'),
    'typescript-5': 'npm:typescript@5.9.3',
    'typescript-7': `npm:typescript@${catalogVersion('typescript')}`,
  })
  project.provide('tarballs', tarballs)
  project.provide('consumer', consumer)
  return () => rmSync(consumer, { recursive: true, force: true })
}

async function packAll(): Promise<Record<string, string>> {
  const folder = path.join(temp, 'tarballs')
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  const { packageManager } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as { packageManager: string }
  await run('npx', ['--yes', packageManager, '--recursive', '--filter', './packages/*', 'pack', '--pack-destination', folder], {
    cwd: root,
  })
  const tarballs: Record<string, string> = {}
  for (const { name, manifest } of members('packages')) {
    tarballs[name] = path.join(folder, `${name.replace('@', '').replace('/', '-')}-${manifest.version}.tgz`)
  }
  return tarballs
}
