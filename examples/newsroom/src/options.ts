import { parseArgs } from 'node:util'

/** What the command line asks for. */
export interface Options {
  readonly help: boolean
  /** Keep the service up instead of driving a load. */
  readonly serve: boolean
  /** 0 takes a free port. */
  readonly port: number
  readonly json: boolean
  /** How long each of the three loads lasts. */
  readonly seconds: number
  readonly clients: number
  readonly seed: number
}

/** A command line that cannot be understood. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

export const usage = `Usage: npm start [-- OPTIONS]

Serves a newspaper archive over HTTP, drives a short load at it without a cache and with one,
and shows what the cache can do.

  --serve        keep the service up instead, until Ctrl-C
  --port=N       the port of --serve (default: a free one)
  --seconds=N    how long each of the three loads lasts, 0.5 to 60 (default 4)
  --clients=N    readers at the same time, 1 to 64 (default 8)
  --seed=N       what readers like (default 1961)
  --json         print the results as one JSON object
  --help         print this

The cache lives in this process, unless SHALE_SERVERS names a server, as in
  SHALE_SERVERS=redis://localhost:6379/1 npm start`

/**
 * Reads the command line.
 *
 * @throws UsageError for a flag that does not exist and a value that is out of range.
 */
export function readOptions(args: readonly string[]): Options {
  const { help = false, serve = false, json = false, port, seconds, clients, seed } = parse(args)
  if (serve && json) throw new UsageError('--json prints the results of a load, and --serve drives none: give one of them.')
  if (port !== undefined && !serve) throw new UsageError('--port is the port of --serve: give both.')
  return {
    help,
    serve,
    json,
    port: numberIn(port ?? '0', '--port', 0, 65_535, true),
    seconds: numberIn(seconds ?? '4', '--seconds', 0.5, 60, false),
    clients: numberIn(clients ?? '8', '--clients', 1, 64, true),
    seed: numberIn(seed ?? '1961', '--seed', 0, 2 ** 32 - 1, true),
  }
}

interface Flags {
  readonly help?: boolean
  readonly serve?: boolean
  readonly json?: boolean
  readonly port?: string
  readonly seconds?: string
  readonly clients?: string
  readonly seed?: string
}

function parse(args: readonly string[]): Flags {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        help: { type: 'boolean', short: 'h' },
        serve: { type: 'boolean' },
        json: { type: 'boolean' },
        port: { type: 'string' },
        seconds: { type: 'string' },
        clients: { type: 'string' },
        seed: { type: 'string' },
      },
    })
    return values
  } catch (error) {
    // The first sentence says what is wrong; the rest is about ways that this program does not have.
    throw new UsageError(`${(error as Error).message.split('. ', 1)[0]}.`)
  }
}

function numberIn(text: string, flag: string, least: number, most: number, whole: boolean): number {
  const number = text.trim() === '' ? Number.NaN : Number(text)
  if (number >= least && number <= most && (!whole || Number.isInteger(number))) return number
  throw new UsageError(`${flag}: expected ${whole ? 'a whole number' : 'a number'} from ${least} to ${most}; found '${text}'.`)
}
