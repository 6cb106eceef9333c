import { accessSync, constants, existsSync, mkdirSync, rmSync, symlinkSync } from 'node:fs'
import path from 'node:path'
import process from 'node:process'
import { run, StepFailed } from './report.mjs'

const need = 'The tests need a Redis server, 6.2 or later, or a Valkey server: they start their own from its program.'

/** The path of a server program; installs one where it may, and otherwise stops with what to do. */
export async function findRedis(report) {
  const named = process.env.REDIS_SERVER
  if (named) {
    const version = await versionOf(named)
    if (version === undefined) throw new StepFailed(`REDIS_SERVER is ${named}, which is no Redis or Valkey server of 6.2 or later. ${need}`)
    return named
  }
  return (await findInstalled(report)) ?? (await installServer(report))
}

async function findInstalled(report) {
  const candidates = [onPath('redis-server'), onPath('valkey-server'), linked(report)]
  for (const program of candidates) {
    if (program && existsSync(program) && (await versionOf(program))) return program
  }
  return undefined
}

async function installServer(report) {
  if (onPath('apt-get')) return await installFromDebian(report)
  if (onPath('brew')) {
    report.say(`${need}\nNone is here: installing one with "brew install redis". It is not started as a service.`)
    await report.step('install redis', 'brew', ['install', 'redis'])
    return await installed(report, 'brew install redis')
  }
  throw new StepFailed(
    `${need}\nInstall one with the system's package manager, or set REDIS_SERVER to the path of its program, and run this again.`,
  )
}

/**
 * Debian and Ubuntu keep the program in redis-tools, under the name of the check that it can also do; the package
 * redis-server adds a link and a service that would be started. The link is all that is needed.
 */
async function installFromDebian(report) {
  const sudo = process.getuid?.() === 0 ? [] : ['sudo', '-n']
  const manual = `${process.getuid?.() === 0 ? '' : 'sudo '}apt-get install -y redis-server`
  if (sudo.length > 0 && (await run('sudo', ['-n', 'true'])).code !== 0) {
    throw new StepFailed(`${need}\nNone is here, and installing one needs a password. Run this, then try again:\n\n  ${manual}\n`)
  }
  const [command, ...prefix] = [...sudo, 'env', 'DEBIAN_FRONTEND=noninteractive', 'apt-get']
  const getTools = () => run(command, [...prefix, 'install', '-y', '--no-install-recommends', 'redis-tools'])

  report.say(`${need}\nNone is here: installing one with "apt-get install redis-tools". That starts no service.`)
  if ((await getTools()).code === 0) {
    report.say('✓ install redis')
  } else {
    await report.step('update package lists', command, [...prefix, 'update'])
    await report.step('install redis', command, [...prefix, 'install', '-y', '--no-install-recommends', 'redis-tools'])
  }
  return await installed(report, manual)
}

async function installed(report, manual) {
  const program = onPath('redis-check-rdb')
  if (program && !onPath('redis-server')) {
    mkdirSync(path.dirname(linked(report)), { recursive: true })
    rmSync(linked(report), { force: true })
    symlinkSync(program, linked(report))
  }
  const found = await findInstalled(report)
  if (found === undefined) throw new StepFailed(`${need}\nWhat was installed is none. Run this, then try again:\n\n  ${manual}\n`)
  return found
}

/** The server's own link to what redis-tools brought: the program goes by the name that it is called by. */
function linked(report) {
  return path.join(report.root, 'temp', 'bin', 'redis-server')
}

/** The version of a server program; `undefined` where it is none, or too old. */
async function versionOf(program) {
  const { code, output } = await run(program, ['--version'])
  const found = /^(?:Redis|Valkey) server v=(\d+)\.(\d+)/.exec(output)
  if (code !== 0 || found === null) return undefined
  const [major, minor] = [Number(found[1]), Number(found[2])]
  return major > 6 || (major === 6 && minor >= 2) ? `${major}.${minor}` : undefined
}

function onPath(name) {
  for (const folder of (process.env.PATH ?? '').split(path.delimiter)) {
    const file = path.join(folder, name)
    try {
      accessSync(file, constants.X_OK)
      return file
    } catch {
      // not here
    }
  }
  return undefined
}
