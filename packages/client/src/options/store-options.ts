import {
  describe,
  isRecord,
  kindOf,
  parsePositiveDuration,
  readRecord,
  ShaleError,
  systemClock,
  type Clock,
  type Driver,
  type Duration,
  type Random,
  type RouterFactory,
  type TlsOptions,
} from '@shale/contracts'
import { rendezvous } from '@shale/router'
import type { BreakerOptions } from '../server/breaker.ts'
import type { DoubtedKeys } from '../doubts/doubtful-keys.ts'
import { nodeRedis } from '../drivers/node-redis.ts'
import type { LeaseNaming } from '../server/lease-naming.ts'
import { readPolicy, type ReadFrom } from '../replicas/read-policy.ts'
import type { Servers } from './servers.ts'
import type { ServerDefaults } from './server-address.ts'
import { readTlsOptions } from './tls-options.ts'

/** Another layout of the same entries: its servers, and its router where that differs. */
export type PreviousServers = Servers | { readonly servers: Servers; readonly router?: RouterFactory | undefined }

/** How the servers of a store are reached. */
export interface StoreOptions {
  /** For a server whose address states no user and no password of its own. */
  readonly username?: string | undefined
  readonly password?: string | undefined
  /** For a server that states none; 0. */
  readonly database?: number | undefined
  /** `true` trusts the system's authorities; or what `node:tls` takes. `rediss://` turns it on, too. */
  readonly tls?: boolean | TlsOptions | undefined
  /** TCP, TLS, login and the first reply together; `'2s'`. */
  readonly connectTimeout?: Duration | undefined
  /** Who speaks to a server: `nodeRedis()`, `ioredis()`, or your own; `nodeRedis()`. */
  readonly driver?: Driver | undefined
  /** Connections per server, or how many are kept and how many there may be under load; 1. */
  readonly connections?: number | { readonly min: number; readonly max: number } | undefined
  /** How long a call may take, from the call; `'500ms'`. */
  readonly timeout?: Duration | undefined
  /** Says which shard of a list a key lives on: `rendezvous()`, `ketama()`, `jump()`, `djangoRing()`, or your own; `rendezvous()`. */
  readonly router?: RouterFactory | undefined
  /** The other layout, `servers` or `{ servers, router }`, while entries are moved from one to the other; none. */
  readonly previousServers?: PreviousServers | undefined
  /**
   * Which server of a replica set is read: `'primary'`, `'primary-preferred'`, `'replica'`, `'replica-preferred'`, `'any'`, `'nearest'`,
   * or a function; `'primary'`.
   */
  readonly readFrom?: ReadFrom | undefined
  /** Whether a key that was written here is read from a replica only once that has the write; `true`. */
  readonly readYourWrites?: boolean | undefined
  /** Replicas further behind are not read; `'1s'`. */
  readonly maxReplicaLag?: Duration | undefined
  /**
   * After how many calls without an answer a server is taken for down, and how often it is tried then. `false` turns that off; while there
   * is no connection, and the attempt to make one has failed, calls are refused all the same: there is nothing to send them over.
   */
  readonly breaker?: boolean | BreakerOptions | undefined
  /** Which keys of the servers this store may have written: no other is removed after an outage. All unless stated. */
  readonly keys?: DoubtedKeys | undefined
  /** Where the lease of a stored key is kept. */
  readonly leaseKey?: LeaseNaming | undefined
  /** Where time comes from; the system's. */
  readonly clock?: Clock | undefined
  /** Where chance comes from; `Math.random`. */
  readonly random?: Random | undefined
}

/** The options of a store, checked, with what holds where nothing is stated. */
export interface StoreSettings {
  readonly defaults: ServerDefaults
  readonly driver: Driver
  readonly connections: { readonly min: number; readonly max: number }
  readonly connectTimeout: number
  readonly timeout: number
  readonly router: RouterFactory
  readonly readFrom: ReadFrom
  readonly readYourWrites: boolean
  readonly maxReplicaLag: number
  readonly breaker: BreakerOptions | false
  readonly keys: DoubtedKeys | undefined
  readonly leaseKey: LeaseNaming | undefined
  readonly clock: Clock
  readonly random: Random
  readonly previous: { readonly servers: unknown; readonly router: RouterFactory } | undefined
}

const knownOptions: readonly (keyof StoreOptions)[] = [
  ...(['username', 'password', 'database', 'tls', 'connectTimeout', 'driver', 'connections', 'timeout'] as const),
  ...(['router', 'previousServers', 'readFrom', 'readYourWrites', 'maxReplicaLag', 'breaker'] as const),
  ...(['keys', 'leaseKey', 'clock', 'random'] as const),
]
const mostConnections = 1000
const mostFailures = 1_000_000

/** @throws ShaleError `CONFIG_INVALID` for an option that is unknown or does not fit. */
export function readStoreOptions(given: StoreOptions): StoreSettings {
  const options = readRecord(given, knownOptions, 'createStore', 'option') as StoreOptions
  const { router = rendezvous(), readFrom = 'primary', readYourWrites = true, previousServers } = options
  checkRouter(router, 'router')
  readPolicy(readFrom)
  if (typeof readYourWrites !== 'boolean') throw invalid('readYourWrites', 'true or false', readYourWrites)
  return {
    defaults: {
      username: text(options.username, 'username'),
      password: secret(options.password),
      database: databaseNumber(options.database),
      tls: readTlsOptions(options.tls, 'tls'),
    },
    driver: checkedDriver(options.driver) ?? nodeRedis(),
    connections: connectionCounts(options.connections === undefined ? 1 : options.connections),
    connectTimeout: duration(options.connectTimeout, '2s', 'connectTimeout'),
    timeout: duration(options.timeout, '500ms', 'timeout'),
    router,
    readFrom,
    readYourWrites,
    maxReplicaLag: duration(options.maxReplicaLag, '1s', 'maxReplicaLag'),
    breaker: breakerOptions(options.breaker),
    keys: doubtedKeys(options.keys),
    leaseKey: leaseNaming(options.leaseKey),
    clock: options.clock ?? systemClock,
    random: options.random ?? Math.random,
    previous: previousServers === undefined ? undefined : previous(previousServers, router),
  }
}

function previous(value: unknown, router: RouterFactory): StoreSettings['previous'] {
  if (!isRecord(value) || !('servers' in value)) return { servers: value, router }
  const read = readRecord(value, ['servers', 'router'], 'previousServers')
  return { servers: read.servers, router: checkRouter(read.router === undefined ? router : read.router, 'previousServers.router') }
}

function checkRouter(value: unknown, name: string): RouterFactory {
  if (typeof value === 'function') return value as RouterFactory
  throw invalid(name, 'a RouterFactory, such as rendezvous(), ketama(), jump() or djangoRing()', value)
}

function breakerOptions(value: unknown): BreakerOptions | false {
  if (value === undefined || value === true) return {}
  if (value === false) return false
  const { failures, probe } = readRecord(value, ['failures', 'probe'], 'breaker')
  if (failures !== undefined && !(Number.isSafeInteger(failures) && (failures as number) >= 1 && (failures as number) <= mostFailures)) {
    throw invalid('breaker.failures', `a whole number from 1 to ${mostFailures}`, failures)
  }
  if (probe !== undefined) parsePositiveDuration(probe as Duration, 'breaker.probe')
  return { failures: failures as number | undefined, probe: probe as Duration | undefined }
}

function doubtedKeys(value: unknown): DoubtedKeys | undefined {
  const { pattern, concerns } = (value ?? {}) as Partial<DoubtedKeys>
  const isPattern = pattern === undefined || typeof pattern === 'string'
  if (value === undefined || (isPattern && typeof concerns === 'function')) return value as DoubtedKeys | undefined
  throw invalid('keys', 'an object with pattern, a glob or undefined, and concerns, a function', value)
}

function leaseNaming(value: unknown): LeaseNaming | undefined {
  if (value === undefined || typeof value === 'function') return value as LeaseNaming | undefined
  throw invalid('leaseKey', 'a function that names the lease of a stored key', value)
}

function duration(value: Duration | undefined, usual: Duration, name: string): number {
  return parsePositiveDuration(value === undefined ? usual : value, name)
}

function text(value: unknown, name: string): string | undefined {
  if (value === undefined || typeof value === 'string') return value
  throw invalid(name, 'a string', value)
}

function secret(value: unknown): string | undefined {
  if (value === undefined || (typeof value === 'string' && value !== '')) return value
  throw new ShaleError('CONFIG_INVALID', `password: expected a string that is not empty; found ${kindOf(value)}.`)
}

function databaseNumber(value: unknown): number | undefined {
  if (value === undefined || (Number.isSafeInteger(value) && (value as number) >= 0)) return value as number | undefined
  throw invalid('database', 'a whole number from 0', value)
}

function checkedDriver(value: unknown): Driver | undefined {
  if (value === undefined) return undefined
  const { connect, isErrorReply } = (value ?? {}) as Partial<Driver>
  if (typeof connect === 'function' && typeof isErrorReply === 'function') return value as Driver
  throw invalid('driver', 'a driver, such as nodeRedis() or ioredis()', value)
}

function connectionCounts(value: unknown): { min: number; max: number } {
  const { min, max } = isRecord(value) ? readRecord(value, ['min', 'max'], 'connections', 'option') : { min: value, max: value }
  const isCount = (count: unknown): count is number =>
    Number.isInteger(count) && (count as number) >= 1 && (count as number) <= mostConnections
  if (isCount(min) && isCount(max) && min <= max) return { min, max }
  const found = isRecord(value) ? `{ min: ${describe(min)}, max: ${describe(max)} }` : describe(value)
  throw new ShaleError(
    'CONFIG_INVALID',
    `connections: expected a whole number from 1 to ${mostConnections}, or { min, max } of such; found ${found}.`,
  )
}

function invalid(name: string, expected: string, found: unknown): ShaleError {
  return new ShaleError('CONFIG_INVALID', `${name}: expected ${expected}; found ${describe(found)}.`)
}
