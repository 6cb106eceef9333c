import { spawn } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import process from 'node:process'
import { stripVTControlCharacters } from 'node:util'

const heartbeatMs = 30_000

/** A step that failed and without which nothing that follows makes sense. */
export class StepFailed extends Error {}

/** Runs steps, prints one line for each, and counts what passed and what failed. */
export class Report {
  steps = []
  /** What every step gets in its environment, beside what is there. */
  env = { ...process.env, TURBO_TELEMETRY_DISABLED: '1', TURBO_NO_UPDATE_NOTIFIER: '1', DO_NOT_TRACK: '1' }
  root
  #json

  constructor({ json, root }) {
    // pnpm packs nothing when npm was told to be silent.
    delete this.env.npm_config_loglevel
    this.#json = json
    this.root = root
  }

  /** A line for people; where the output is meant for machines it goes to the error stream. */
  say(line) {
    ;(this.#json ? process.stderr : process.stdout).write(`${line}\n`)
  }

  /** Runs a command that must succeed. */
  async step(name, command, args, options) {
    if (!(await this.check(name, command, args, options))) throw new StepFailed(`Stopped, since the step "${name}" failed.`)
  }

  /**
   * Runs a command and says whether it succeeded. `count` reads how many tests it ran, for a command that runs tests;
   * else it counts as one. Lines of its output that start with `note:`, or name a seed, are shown.
   */
  async check(name, command, args, { env = {}, count } = {}) {
    const started = performance.now()
    const elapsed = () => `${((performance.now() - started) / 1000).toFixed(1)} s`
    const heartbeat = setInterval(() => this.say(`  … ${name}, ${elapsed()} so far`), heartbeatMs)
    const { code, output: coloured } = await run(command, args, { cwd: this.root, env: { ...this.env, NO_COLOR: '1', ...env } })
    clearInterval(heartbeat)
    const output = stripVTControlCharacters(coloured)

    const ok = code === 0
    const counted = count?.() ?? { passed: ok ? 1 : 0, failed: ok ? 0 : 1, skipped: 0 }
    if (!ok && counted.failed === 0) counted.failed = 1
    const notes = [...new Set(output.split('\n').filter((line) => /^note:|^(?!\s).*\bseed \d+/.test(line)))]
    const log = this.#keep(name, output)
    this.steps.push({ name, ok, seconds: Number(((performance.now() - started) / 1000).toFixed(1)), ...counted, notes })

    this.say(`${ok ? '✓' : '✗'} ${name.padEnd(32)} ${elapsed().padStart(8)}${count ? `  ${closing(counted)}` : ''}`)
    for (const note of notes) this.say(`    ${note}`)
    if (!ok) this.say(`\n$ ${[path.relative(this.root, command) || command, ...args].join(' ')}\n${output}\n(also in ${log})\n`)
    return ok
  }

  /** Hands the terminal over to a command; gives its exit code. */
  async handOver(command, args, env = {}) {
    const { code } = await run(command, args, { cwd: this.root, env: { ...this.env, ...env }, stdio: 'inherit' })
    return code
  }

  /** The whole run: prints the closing line and gives the exit code. */
  finish() {
    const total = { passed: 0, failed: 0, skipped: 0 }
    for (const step of this.steps) for (const key of Object.keys(total)) total[key] += step[key]
    if (this.#json) process.stdout.write(`${JSON.stringify({ ...total, steps: this.steps }, null, 2)}\n`)
    this.say(`\n${closing(total)}`)
    return total.failed === 0 ? 0 : 1
  }

  /** A run that stopped for want of something, which counts as a failure of its own. */
  abandon() {
    if (this.steps.every(({ ok }) => ok))
      this.steps.push({ name: 'set-up', ok: false, seconds: 0, passed: 0, failed: 1, skipped: 0, notes: [] })
    this.finish()
  }

  #keep(name, output) {
    const file = path.join('temp', 'logs', `${name.replaceAll(/\W+/g, '-')}.log`)
    mkdirSync(path.join(this.root, 'temp', 'logs'), { recursive: true })
    writeFileSync(path.join(this.root, file), output)
    return file
  }
}

function closing({ passed, failed, skipped }) {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`
}

/** Runs a command to its end; a command that cannot be started ends with 127. */
export function run(command, args, { stdio, ...options } = {}) {
  const child = spawn(command, args, { stdio: stdio ?? ['ignore', 'pipe', 'pipe'], ...options })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8')
    stream?.on('data', (text) => (output += text))
  }
  const forward = (signal) => child.kill(signal)
  process.on('SIGINT', forward)
  process.on('SIGTERM', forward)
  return new Promise((resolve) => {
    const settle = (code) => {
      process.off('SIGINT', forward)
      process.off('SIGTERM', forward)
      resolve({ code, output })
    }
    child.on('error', (error) => {
      output += `${error.message}\n`
      settle(127)
    })
    child.on('close', (code, signal) => settle(code ?? (signal === 'SIGINT' ? 130 : 1)))
  })
}
