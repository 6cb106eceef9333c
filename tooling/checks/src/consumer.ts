import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { run } from './command.ts'

/** Installs tarballs, and other packages of the registry, into a folder with npm. */
export async function installTarballs(
  folder: string,
  tarballs: Record<string, string>,
  others: Record<string, string> = {},
): Promise<void> {
  mkdirSync(folder, { recursive: true })
  const dependencies: Record<string, string> = { ...others }
  for (const [name, file] of Object.entries(tarballs)) dependencies[name] = `file:${file}`
  writeFileSync(
    path.join(folder, 'package.json'),
    JSON.stringify({ name: 'consumer', private: true, type: 'module', dependencies }, null, 2),
  )
  await npmInstall(folder)
}

export async function npmInstall(folder: string): Promise<void> {
  await run('npm', ['install', '--no-audit', '--no-fund', '--prefer-offline', '--loglevel=error'], { cwd: folder })
}
