import {
  describe,
  parsePositiveDuration,
  ShaleError,
  systemClock,
  type Clock,
  type Driver,
  type Duration,
  type Random,
  type Store,
  type TlsOptions,
} from '@shale/contracts'
import { withDeadline } from './deadline.ts'
import { nodeRedis } from './drivers/node-redis.ts'
import { parseServer } from './server-address.ts'
import { ServerStore } from './server-store.ts'

/** How the servers of a store are reached. */
export interface StoreOptions {
  /** For a server that states no user and no password of its own. */
  readonly username?: string | undefined
  readonly password?: string | undefined
  /** For a server that states none; 0. */
  readonly database?: number | undefined
  /** `true` trusts the system's authorities. */
  readonly tls?: boolean | TlsOptions | undefined
  /** TCP, TLS, login and the first reply together; `'2s'`. */
  readonly connectTimeout?: Duration | undefined
  /** Who speaks to the server; `nodeRedis()`. */
  readonly driver?: Driver | undefined
  /** Connections per server, or how many are kept and how many there may be under load; 1. */
  readonly connections?: number | { readonly min: number; readonly max: number } | undefined
  /** How long a call may take, from the call; `'500ms'`. */
  readonly timeout?: Duration | undefined
  readonly clock?: Clock | undefined
  readonly random?: Random | undefined
}

/** What a store is made over: one server, as text. A list holds one. */
export type Servers = string | readonly [string]

const knownOptions = ['username', 'password', 'database', 'tls', 'connectTimeout', 'driver', 'connections', 'timeout', 'clock', 'random']
const knownTlsOptions = ['ca', 'cert', 'key', 'passphrase', 'minVersion', 'ciphers', 'servername', 'rejectUnauthorized']
const mostConnections = 1000

/**
 * A store over one Redis or Valkey server, which connects when it is first needed.
 *
 * @throws ShaleError `CONFIG_INVALID` for a server or an option that is wrong or unknown.
 */
export function createStore(servers: Servers, options: StoreOptions = {}): Store {
  if (typeof options !== 'object' || options === null) throw invalid('options', 'an object', options)
  checkKnown('options', options, knownOptions)
  const clock = options.clock ?? systemClock
  const timeout = parsePositiveDuration(options.timeout === undefined ? '500ms' : options.timeout, 'timeout')
  const endpoint = parseServer(oneServer(servers), {
    username: text(options.username, 'username'),
    password: secret(options.password),
    database: databaseNumber(options.database),
    tls: tlsOptions(options.tls),
  })
  const store = new ServerStore({
    endpoint,
    driver: checkedDriver(options.driver) ?? nodeRedis(),
    connections: connectionCounts(options.connections === undefined ? 1 : options.connections),
    connectTimeout: parsePositiveDuration(options.connectTimeout === undefined ? '2s' : options.connectTimeout, 'connectTimeout'),
    timeout,
    clock,
    random: options.random ?? Math.random,
  })
  return withDeadline(store, { timeout, clock })
}

function oneServer(servers: unknown): string {
  const one = Array.isArray(servers) && servers.length === 1 ? (servers[0] as unknown) : servers
  if (typeof one === 'string') return one
  // The members of a list or an object may hold passwords, and are not shown.
  throw new ShaleError(
    'CONFIG_INVALID',
    `servers: this version takes one server, as a text such as 'redis://localhost:6379'; found ${describe(one)}.`,
  )
}

function checkKnown(where: string, options: object, known: readonly string[]): void {
  const unknown = Object.keys(options).find((name) => !known.includes(name))
  if (unknown === undefined) return
  throw new ShaleError('CONFIG_INVALID', `${where}: unknown option ${JSON.stringify(unknown)}; the known ones are ${known.join(', ')}.`)
}

function text(value: unknown, name: string): string | undefined {
  if (value === undefined || typeof value === 'string') return value
  throw invalid(name, 'a string', value)
}

function secret(value: unknown): string | undefined {
  if (value === undefined || (typeof value === 'string' && value !== '')) return value
  throw new ShaleError(
    'CONFIG_INVALID',
    `password: expected a string that is not empty; found ${value === '' ? 'an empty one' : `a ${typeof value}`}.`,
  )
}

function databaseNumber(value: unknown): number | undefined {
  if (value === undefined || (Number.isSafeInteger(value) && (value as number) >= 0)) return value as number | undefined
  throw invalid('database', 'a whole number from 0', value)
}

function tlsOptions(value: unknown): boolean | TlsOptions | undefined {
  if (value === undefined || typeof value === 'boolean') return value
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw invalid('tls', 'true, false or an object', value)
  checkKnown('tls', value, knownTlsOptions)
  return value
}

function checkedDriver(value: unknown): Driver | undefined {
  if (value === undefined) return undefined
  const { connect, isErrorReply } = (value ?? {}) as Partial<Driver>
  if (typeof connect === 'function' && typeof isErrorReply === 'function') return value as Driver
  throw invalid('driver', 'a driver, such as nodeRedis() or ioredis()', value)
}

function connectionCounts(value: unknown): { min: number; max: number } {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) checkKnown('connections', value, ['min', 'max'])
  const { min, max } = typeof value === 'number' ? { min: value, max: value } : ((value ?? {}) as { min?: unknown; max?: unknown })
  const isCount = (count: unknown): count is number =>
    Number.isInteger(count) && (count as number) >= 1 && (count as number) <= mostConnections
  if (isCount(min) && isCount(max) && min <= max) return { min, max }
  const found = typeof value === 'object' && value !== null ? `{ min: ${describe(min)}, max: ${describe(max)} }` : describe(value)
  throw new ShaleError(
    'CONFIG_INVALID',
    `connections: expected a whole number from 1 to ${mostConnections}, or { min, max } of such; found ${found}.`,
  )
}

function invalid(name: string, expected: string, found: unknown): ShaleError {
  return new ShaleError('CONFIG_INVALID', `${name}: expected ${expected}; found ${describe(found)}.`)
}
