import { ShaleError, type RouterFactory, type Store } from '@shale/contracts'
import { openShard } from './open-shard.ts'
import type { Servers } from './servers.ts'
import { endpointsOf, parseServers, type ShardLayout } from './servers-layout.ts'
import { Sharded, type Shard } from './sharded.ts'
import { readStoreOptions, type StoreOptions, type StoreSettings } from './store-options.ts'

/**
 * A store over Redis or Valkey servers, which connects when it is first needed.
 *
 * @throws ShaleError `CONFIG_INVALID` for servers or an option that are wrong or unknown.
 */
export function createStore(servers: Servers, options: StoreOptions = {}): Store {
  return openStore(servers, options).store
}

/** A store, and the servers that it is over, by name: what another one over some of the same entries names, too. */
export interface OpenedStore {
  readonly store: Store
  readonly places: readonly string[]
}

/** As `createStore`, for whoever wants to know what stores have in common. */
export function openStore(servers: Servers, options: StoreOptions = {}): OpenedStore {
  const settings = readStoreOptions(options)
  const layout = parseServers(servers, settings.defaults)
  const previous = settings.previous === undefined ? [] : parsePrevious(settings.previous.servers, settings)
  if (previous.length > 0) throw new ShaleError('CONFIG_INVALID', 'previousServers: resharding is not there yet; leave the option out.')
  const shards = layout.map((shard): Shard => ({ ...shard, store: openShard(shard, settings, layout.length === 1) }))
  return { store: sharded(shards, settings.router, settings), places: layout.flatMap(placesOf) }
}

function parsePrevious(servers: unknown, { defaults }: StoreSettings): readonly ShardLayout[] {
  try {
    return parseServers(servers, defaults)
  } catch (error) {
    if (!ShaleError.is(error)) throw error
    throw new ShaleError(error.code, `previousServers: ${error.message}`, { cause: error.cause })
  }
}

function placesOf(shard: ShardLayout): string[] {
  const names = endpointsOf(shard).map(({ name }) => name)
  return shard.kind === 'sentinels' ? names.map((name) => `${shard.master} of ${name}`) : names
}

function sharded(shards: readonly Shard[], router: RouterFactory, { timeout, clock }: StoreSettings): Store {
  return new Sharded({ shards, router, timeout, clock })
}
