import type { ChildProcess } from 'node:child_process'
import { join } from 'node:path'
import { certs } from './certs.ts'
import { createFolder, killChild, removeFolder, spawnChild } from './children.ts'
import { findServer } from './find-server.ts'
import { freePort } from './free-port.ts'
import { userRules, type Logins } from './logins.ts'
import { RawConnection, type RawReply } from './raw-connection.ts'
import { tlsSettings } from './tls-settings.ts'

export interface StartRedisOptions extends Logins {
  /** Speaks TLS alone on its port, and to the servers that it replicates or is clustered with. */
  readonly tls?: boolean
  /** Has no port; `url` is that of its Unix socket. */
  readonly unixSocket?: boolean
  /** Further arguments for the server, such as `['--maxmemory', '2mb']`. */
  readonly args?: readonly string[]
  /** The port to bind; a free one otherwise. */
  readonly port?: number
}

/** A real server, started for a test. */
export interface RedisServer extends AsyncDisposable {
  /** How a client reaches it, with the password if there is one. */
  readonly url: string
  readonly host: string
  /** 0 where it listens on a Unix socket alone. */
  readonly port: number
  /** Its Unix socket; every server has one. */
  readonly path: string
  /** The authority that signed its certificate. */
  readonly tlsCa: string
  readonly pid: number
  /** Whether its process runs, be it paused. */
  readonly isRunning: boolean
  /** Sends a command over a connection of the test's own, as the default user. */
  command(...args: (string | number | Uint8Array)[]): Promise<RawReply>
  /** Ends it and removes its folder. May be called again. */
  stop(): Promise<void>
  /** Kills it (SIGKILL); `restart` brings it back on the same port. */
  kill(): Promise<void>
  /** Stops it (SIGSTOP): it accepts connections and answers nothing until `resume`. */
  pause(): void
  resume(): void
  /** Kills it if it runs, and starts it again on the same port, empty. */
  restart(): Promise<void>
}

const host = '127.0.0.1'

/** Starts a server in a temporary folder, without persistence. It dies with this process. */
export async function startRedis(options: StartRedisOptions = {}): Promise<RedisServer> {
  const program = findServer()
  const folder = createFolder()
  const path = join(folder, 'redis.sock')
  let child: ChildProcess
  let admin: RawConnection
  let port = 0

  const launch = async (onPort: number): Promise<void> => {
    child = spawnChild(program, serverArgs(options, onPort, path), folder)
    admin = await ready(child, path, options.password)
    port = onPort
  }

  for (let attempt = 1; ; attempt++) {
    try {
      await launch(options.unixSocket === true ? 0 : (options.port ?? (await freePort())))
      break
    } catch (error) {
      // Another program may have taken the port since it was found free.
      if (attempt < 5 && options.port === undefined && /in use/i.test(String(error))) continue
      removeFolder(folder)
      throw error
    }
  }

  const end = async (): Promise<void> => {
    admin.close()
    await killChild(child)
  }

  const secret = options.password === undefined ? '' : `:${encodeURIComponent(options.password)}@`
  const server: RedisServer = {
    get url() {
      if (options.unixSocket === true) return `unix://${secret}${path}`
      return `${options.tls === true ? 'rediss' : 'redis'}://${secret}${host}:${port}`
    },
    host,
    get port() {
      return port
    },
    path,
    tlsCa: certs.ca,
    get pid() {
      return child.pid as number
    },
    get isRunning() {
      return child.exitCode === null && child.signalCode === null
    },
    async command(...args) {
      // A sentinel that changes a server's role ends the connections of its clients.
      if (admin.closed && server.isRunning) admin = await ready(child, path, options.password)
      return admin.command(...args)
    },
    async stop() {
      await end()
      removeFolder(folder)
    },
    kill: end,
    pause: () => void child.kill('SIGSTOP'),
    resume: () => void child.kill('SIGCONT'),
    async restart() {
      await end()
      for (let attempt = 1; ; attempt++) {
        try {
          return await launch(port)
        } catch (error) {
          if (attempt === 50 || !/in use/i.test(String(error))) throw error
          await new Promise((resolve) => setTimeout(resolve, 100))
        }
      }
    },
    [Symbol.asyncDispose]: () => server.stop(),
  }
  return server
}

function serverArgs(options: StartRedisOptions, port: number, path: string): string[] {
  const args = ['--save', '', '--appendonly', 'no', '--unixsocket', path]
  // What follows it need not wait 5 s for others that may want the same snapshot.
  args.push('--repl-diskless-sync', 'yes', '--repl-diskless-sync-delay', '0')
  if (port === 0) args.push('--port', '0')
  else if (options.tls === true) args.push('--port', '0', '--tls-port', String(port), ...tlsArgs)
  else args.push('--port', String(port))
  if (port !== 0) args.push('--bind', host)
  if (options.password !== undefined) args.push('--requirepass', options.password)
  if (options.acl !== undefined) args.push('--user', ...userRules(options.acl))
  return [...args, ...(options.args ?? [])]
}

const tlsArgs: readonly string[] = [...tlsSettings(), ['tls-cluster', 'yes']].flatMap(([name, value]) => [`--${name}`, value as string])

/** Waits until the server answers on its socket; throws what it printed when it ends instead. */
async function ready(child: ChildProcess, path: string, password: string | undefined): Promise<RawConnection> {
  let printed = ''
  let failure: Error | undefined
  const listen = (chunk: Buffer): void => {
    printed = (printed + chunk.toString()).slice(-4000)
  }
  child.stdout?.on('data', listen)
  child.stderr?.on('data', listen)
  child.once('error', (error) => (failure = error))
  child.once('close', () => (failure ??= new Error(`The server ended while it started:\n${printed}`)))
  for (let left = 2000; left > 0; left--) {
    if (failure !== undefined) throw failure
    const connection = new RawConnection({ path })
    try {
      if (password !== undefined) await connection.command('AUTH', password)
      await connection.command('PING')
      return connection
    } catch (error) {
      // A replica without its primary may refuse everything, and is there all the same.
      if (/^MASTERDOWN/.test((error as Error).message)) return connection
      connection.close()
    }
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  child.kill('SIGKILL')
  throw new Error(`The server did not answer within 20 s:\n${printed}`)
}
