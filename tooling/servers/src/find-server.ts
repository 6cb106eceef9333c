import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const help = [
  'No Redis or Valkey server was found: not in REDIS_SERVER, and neither redis-server nor valkey-server is on the PATH.',
  'Any Redis from 6.2 on or any Valkey will do:',
  '  Debian, Ubuntu:  sudo apt-get install redis-server',
  '  macOS:           brew install redis',
  '  elsewhere:       https://redis.io/docs/latest/operate/oss_and_stack/install/',
  'or set REDIS_SERVER to the path of the program.',
].join('\n')

/** Where `npm start` and `npm test` put a server that they had to install. */
const installed = fileURLToPath(new URL('../../../temp/bin', import.meta.url))

/** The path of a Redis or Valkey server: `REDIS_SERVER`, else the first on the `PATH`, else the one that was installed. Throws an error that says how to get one. */
export function findServer(env: NodeJS.ProcessEnv = process.env, folder: string = installed): string {
  const named = env['REDIS_SERVER']
  if (named !== undefined && named !== '') {
    if (runs(named)) return named
    throw new Error(`REDIS_SERVER is ${JSON.stringify(named)}, which is no program that can be run.`)
  }
  const folders = (env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '')
  const paths = ['redis-server', 'valkey-server'].flatMap((name) => folders.map((one) => join(one, name)))
  const found = [...paths, join(folder, 'redis-server')].find(runs)
  if (found !== undefined) return found
  throw new Error(help)
}

function runs(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
