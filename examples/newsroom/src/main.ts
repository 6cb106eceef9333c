import { ShaleError } from '@shale/cache'
import { demonstrate } from './demo.ts'
import { readOptions, usage, UsageError } from './options.ts'
import { gathering, printing } from './report/listeners.ts'
import { serve } from './serve.ts'
import { chooseServers } from './servers.ts'

/** The exit code of a program that was told to stop. */
const interrupted = 130

const stop = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => stop.abort())
// Nobody reads any more, as in `npm start | head`: clear up and go.
process.stdout.on('error', () => stop.abort())

process.exitCode = await main(process.argv.slice(2)).catch(explain)

async function main(args: readonly string[]): Promise<number> {
  const options = readOptions(args)
  if (options.help) {
    print(usage)
    return 0
  }
  const servers = chooseServers(process.env)
  if (options.serve) await serve(servers, options.port, print, stop.signal)
  else if (options.json) {
    const listener = gathering()
    await demonstrate(servers, options, listener, stop.signal)
    print(JSON.stringify(listener.results))
  } else await demonstrate(servers, options, printing(print), stop.signal)
  return 0
}

/** Says in a line what went wrong, where that is the user's to mend; gives the exit code. */
function explain(error: unknown): number {
  if (stop.signal.aborted) return interrupted
  if (error instanceof UsageError) return complain(`${error.message} See: npm start -- --help`, 2)
  if (ShaleError.is(error)) {
    const from = process.env.SHALE_SERVERS ? 'SHALE_SERVERS: ' : ''
    return complain(`${from}${error.message} (${error.code})`, error.code === 'CONFIG_INVALID' ? 2 : 1)
  }
  const { code, message } = error as NodeJS.ErrnoException
  if (code === 'EADDRINUSE' || code === 'EACCES') return complain(`--port: ${message}. Give another port, or none for a free one.`, 1)
  throw error
}

function complain(message: string, exitCode: number): number {
  process.stderr.write(`newsroom: ${message}\n`)
  return exitCode
}

function print(line: string): void {
  process.stdout.write(`${line}\n`)
}
