import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

/** How a program ended, and what it printed; `report` is what it wrote to file descriptor 3. */
export interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
  readonly report: string
}

/** Runs a program of the folder `programs` on the built package; kills it after `ms` milliseconds. */
export function runProgram(
  name: string,
  argument: unknown,
  { flags = [], ms = 20_000 }: { readonly flags?: readonly string[]; readonly ms?: number } = {},
): Promise<Ended> {
  const file = fileURLToPath(new URL(`./programs/${name}`, import.meta.url))
  const { NODE_OPTIONS: _, ...env } = process.env
  const child = spawn(process.execPath, ['--unhandled-rejections=strict', ...flags, file, JSON.stringify(argument)], {
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    env,
  })
  const texts = ['', '', '']
  child.stdio.slice(1).forEach((stream, i) => stream?.on('data', (chunk: Buffer) => (texts[i] += chunk.toString())))
  const timer = setTimeout(() => child.kill('SIGKILL'), ms)
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code, signal) => {
      clearTimeout(timer)
      resolve({ code, signal, stdout: texts[0] as string, stderr: texts[1] as string, report: texts[2] as string })
    })
  })
}
