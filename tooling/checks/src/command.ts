import { spawn } from 'node:child_process'

export interface CommandOptions {
  readonly cwd?: string
  readonly env?: Record<string, string>
  /** Milliseconds until it is killed. */
  readonly timeout?: number
}

export interface CommandResult {
  /** `undefined` when it was killed. */
  readonly code: number | undefined
  /** What it wrote to both streams, in order. */
  readonly output: string
}

/** Runs a command to its end, without standard input. */
export async function tryRun(command: string, args: readonly string[], options: CommandOptions = {}): Promise<CommandResult> {
  const child = spawn(command, args, {
    cwd: options.cwd,
    env: { ...outerEnvironment(), ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: options.timeout ?? 240_000,
    killSignal: 'SIGKILL',
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8')
    stream.on('data', (text: string) => (output += text))
  }
  return await new Promise((resolve) => {
    child.on('error', (error) => resolve({ code: undefined, output: `${output}${error.message}` }))
    child.on('close', (code) => resolve({ code: code ?? undefined, output }))
  })
}

/** Runs a command that must succeed; gives what it wrote. */
export async function run(command: string, args: readonly string[], options: CommandOptions = {}): Promise<string> {
  const { code, output } = await tryRun(command, args, options)
  if (code === 0) return output
  throw new Error(`$ ${command} ${args.join(' ')}\nended with ${code === undefined ? 'a signal or a time-out' : code}\n\n${output}`)
}

/** Tells the person who runs the checks something that is no failure. */
export function note(text: string): void {
  process.stdout.write(`\nnote: ${text}\n`)
}

/** The environment without what an enclosing npm script or test runner put there. */
function outerEnvironment(): NodeJS.ProcessEnv {
  const env = { ...process.env }
  for (const name of Object.keys(env)) {
    if (
      /^(npm_(package|lifecycle|command|config_local_prefix|config_loglevel|execpath)|VITEST|NODE_ENV$|NODE_OPTIONS$|NODE_PATH$|TEST$|MODE$|DEV$|PROD$|SSR$|BASE_URL$)/.test(
        name,
      )
    ) {
      delete env[name]
    }
  }
  return env
}
