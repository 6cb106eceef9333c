import { createHash } from 'node:crypto'
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import process from 'node:process'
import { run, StepFailed } from './report.mjs'

/** Installs the dependencies with the pnpm that package.json names, unless they are there already, and puts that pnpm on the path. */
export async function install(report) {
  const pnpm = JSON.parse(readFileSync(path.join(report.root, 'package.json'), 'utf8')).packageManager
  const path_ = await run('npx', ['--yes', '--package', pnpm, '--', 'node', '-p', 'process.env.PATH'], {
    cwd: report.root,
    env: report.env,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  if (path_.code !== 0) throw new StepFailed(`npm could not get ${pnpm}, which installs the dependencies. What it said is above.`)
  report.env.PATH = path_.output.trim()

  const stamp = path.join(report.root, 'node_modules', '.installed')
  const state = fingerprint(report.root)
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === state) return
  await report.step('install', 'pnpm', ['install', '--frozen-lockfile'])
  writeFileSync(stamp, state)
}

/** Changes whenever the lockfile or a package.json does, or when packages are installed for another platform. */
function fingerprint(root) {
  const hash = createHash('sha256').update(`${process.platform} ${process.arch}`)
  const add = (file) => hash.update(file).update(existsSync(file) ? readFileSync(file) : '')
  for (const file of ['package.json', 'pnpm-lock.yaml', 'pnpm-workspace.yaml']) add(path.join(root, file))
  for (const group of ['packages', 'tooling', 'examples']) {
    for (const name of existsSync(path.join(root, group)) ? readdirSync(path.join(root, group)).toSorted() : []) {
      const file = path.join(root, group, name, 'package.json')
      if (!existsSync(file)) continue
      add(file)
      hash.update(String(existsSync(path.join(root, group, name, 'node_modules'))))
    }
  }
  return hash.digest('hex')
}
