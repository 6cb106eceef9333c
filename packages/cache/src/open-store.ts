import { createStore, withDeadline } from '@shale/client'
import { describe, ShaleError, type Clock, type Random, type Store } from '@shale/contracts'
import { createMemoryStore, parseMemoryUrl } from '@shale/memory'
import type { CacheOptions } from './options.ts'

/** A store, and whether whoever opened it has to close it. */
export interface OpenStore {
  readonly store: Store
  readonly owned: boolean
  /** What another cache over the same entries would have, too. */
  readonly place: object | string
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

/** The store that a cache's options ask for: in this process, on a server, or the caller's own. */
export function openStore(options: CacheOptions, timeout: number, clock: Clock, random: Random): OpenStore {
  const servers: unknown = options.servers === undefined ? 'memory:' : options.servers
  if (typeof servers === 'string' && !servers.startsWith('memory:')) {
    if (servers === 'memory')
      throw new ShaleError('CONFIG_INVALID', "servers: expected 'memory:' for the embedded store; found 'memory', without its colon.")
    const store = createStore(servers, { ...clientOptions(options), timeout, clock, random })
    return { store, owned: true, place: store.locate('').server }
  }
  checkClientOptions(options)
  if (typeof servers === 'string') {
    const store = createMemoryStore({ ...parseMemoryUrl(servers), clock })
    return { store, owned: true, place: store }
  }
  if (isStore(servers)) return { store: withDeadline(servers, { timeout, clock }), owned: false, place: servers }
  throw new ShaleError(
    'CONFIG_INVALID',
    `servers: expected 'memory:', the address of one server such as 'redis://localhost:6379' or '/var/run/redis.sock', or a Store; found ${describe(servers)}.`,
  )
}

/** What is wrong with the client's options is said even where no server needs them. A user may wait for the password of an address to come. */
function checkClientOptions(options: CacheOptions): void {
  createStore('localhost', { password: 'to come', ...clientOptions(options) })
}

/** What of a cache's options is the client's. */
function clientOptions(options: CacheOptions): Partial<NonNullable<Parameters<typeof createStore>[1]>> {
  const names = ['username', 'password', 'database', 'tls', 'connectTimeout', 'driver', 'connections'] as const
  return Object.fromEntries(names.flatMap((name) => (options[name] === undefined ? [] : [[name, options[name]]])))
}

function isStore(value: unknown): value is Store {
  return (
    typeof value === 'object' &&
    value !== null &&
    storeMethods.every((name) => typeof (value as Record<string, unknown>)[name] === 'function')
  )
}
