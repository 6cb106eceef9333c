import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

interface Report {
  readonly passed: boolean
  readonly problems: readonly string[]
  readonly settledMs: number
  readonly workers: readonly { readonly calls: number; readonly hits: number; readonly degraded: number; readonly lostByFailover: number }[]
}

/** Ten minutes in the long form: set SHALE_LONG_TESTS. */
const seconds = process.env['SHALE_LONG_TESTS'] === undefined ? 30 : 600
const seed = Number(process.env.SHALE_SEED ?? Date.now() % 2 ** 31)

test(`a soak of ${seconds} s: random faults, no wrong value, all healthy within 5 s`, { timeout: (seconds + 120) * 1000 }, async () => {
  console.log(`soak: seed ${seed} (set SHALE_SEED to run it again)`)
  const program = fileURLToPath(new URL('../dist/main.js', import.meta.url))
  const child = spawn(process.execPath, [program, '--seconds', String(seconds), '--seed', String(seed), '--json'])
  let printed = ''
  let complained = ''
  child.stdout.on('data', (chunk: Buffer) => (printed += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (complained += chunk.toString()))
  await once(child, 'close')
  expect(complained).toBe('')
  const { passed, problems, settledMs, workers } = JSON.parse(printed) as Report
  const sum = (name: 'calls' | 'hits' | 'degraded' | 'lostByFailover'): number => workers.reduce((total, one) => total + one[name], 0)
  console.log(
    `note: soak of ${seconds} s, seed ${seed}: ${sum('calls')} calls, ${sum('hits')} hits, ${sum('degraded')} degraded, ` +
      `${sum('lostByFailover')} writes lost by a failover; healthy ${Math.round(settledMs)} ms after the last fault`,
  )
  expect(problems).toEqual([])
  expect(passed).toBe(true)
})
