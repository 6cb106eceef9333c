import { createStore, openStore as openServers, withDeadline, type Servers, type StoreOptions } from '@shale/client'
import { isRecord, kindOf, ShaleError, type Clock, type Random, type Store } from '@shale/contracts'
import { createMemoryStore, parseMemoryUrl } from '@shale/memory'
import { clientOptions, type CacheOptions } from './options.ts'
import type { OwnKeys } from './own-keys.ts'

/** A store, and whether whoever opened it has to close it. */
export interface OpenStore {
  readonly store: Store
  readonly owned: boolean
  /** What another cache over some of the same entries would have, too. */
  readonly places: readonly (object | string)[]
}

/** What a cache tells the store that it works on. */
export interface StoreNeeds {
  readonly timeout: number
  readonly clock: Clock
  readonly random: Random
  readonly ownKeys: OwnKeys
}

const storeMethods = [
  'get',
  'set',
  'add',
  'swap',
  'delete',
  'has',
  'ttl',
  'touch',
  'incr',
  'move',
  'getWithTtl',
  'take',
  'lease',
  'fill',
  'release',
  'scan',
  'flush',
  'locate',
  'connect',
  'close',
] as const

/** The store that a cache's options ask for: in this process, on servers, or the caller's own. */
export function openStore(options: CacheOptions, { timeout, clock, random, ownKeys }: StoreNeeds): OpenStore {
  const servers: unknown = options.servers === undefined ? 'memory:' : options.servers
  if (typeof servers === 'string' && servers.startsWith('memory:')) {
    checkClientOptions(options)
    const store = createMemoryStore({ ...parseMemoryUrl(servers), clock })
    return { store, owned: true, places: [store] }
  }
  if (isStore(servers)) {
    checkClientOptions(options)
    return { store: withDeadline(servers, { timeout, clock }), owned: false, places: [servers] }
  }
  checkServers(servers)
  const keys = { pattern: ownKeys.pattern, concerns: ownKeys.concerns }
  const opened = openServers(servers, { ...ofClient(options), keys, leaseKey: ownKeys.leaseKey, timeout, clock, random })
  return { ...opened, owned: true }
}

/** What is none of the shapes of servers may have been meant to be a store. */
function checkServers(servers: unknown): asserts servers is Servers {
  if (servers === 'memory')
    throw new ShaleError('CONFIG_INVALID', "servers: expected 'memory:' for the embedded store; found 'memory', without its colon.")
  if (typeof servers === 'string' || Array.isArray(servers)) return
  if (isRecord(servers) && ['primary', 'sentinels', 'cluster'].some((name) => name in servers)) return
  throw new ShaleError(
    'CONFIG_INVALID',
    "servers: expected 'memory:', the address of a server such as 'redis://localhost:6379' or '/var/run/redis.sock', { primary, replicas }, " +
      `{ sentinels, master }, { cluster }, a list of these, or a Store; found ${kindOf(servers)}.`,
  )
}

/** What is wrong with the client's options is said even where no server needs them. A user may wait for the password of an address to come. */
function checkClientOptions(options: CacheOptions): void {
  createStore('localhost', { password: 'to come', ...ofClient(options) })
  if (options.previousServers === undefined) return
  throw new ShaleError(
    'CONFIG_INVALID',
    'previousServers: expected servers from which to move entries, or to which; found an embedded store, or one of your own, as `servers`. Leave it out.',
  )
}

/** What of a cache's options is the client's. */
function ofClient(options: CacheOptions): StoreOptions {
  return Object.fromEntries(Object.entries(options).filter(([name, value]) => name in clientOptions && value !== undefined))
}

function isStore(value: unknown): value is Store {
  return (
    typeof value === 'object' &&
    value !== null &&
    storeMethods.every((name) => typeof (value as Record<string, unknown>)[name] === 'function')
  )
}
