import { ShaleError, type Store } from '@shale/contracts'
import { openShard } from './shards/open-shard.ts'
import { KnownServers } from './shards/known-servers.ts'
import { Resharding } from './resharding/resharding.ts'
import type { Servers } from './options/servers.ts'
import { parseServers } from './options/servers-layout.ts'
import { areOneShard, endpointsOf, type ShardLayout } from './options/shard-layout.ts'
import { Sharded, type Shard } from './shards/sharded.ts'
import { readStoreOptions, type StoreOptions, type StoreSettings } from './options/store-options.ts'

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
  const { router, previous, timeout, clock, random } = settings
  const layout = parseServers(servers, settings.defaults)
  const known = new KnownServers()
  const company = { isAlone: layout.length === 1, known }
  const shards = layout.map((shard): OpenShard => ({ ...shard, store: openShard(shard, settings, company) }))
  const current = new Sharded({ shards, router, timeout, clock })
  if (previous === undefined) return { store: current, places: layout.flatMap(placesOf) }
  const before = parsePrevious(previous.servers, settings)
  // A shard that is in both layouts is one store: a key that stays there then has one place, and each server one set of connections.
  const others = before.map((shard): Shard => {
    const same = shards.find((one) => areOneShard(one, shard))
    return same === undefined
      ? { ...shard, store: openShard(shard, settings, { isAlone: before.length === 1, known }) }
      : { ...shard, store: same.store, shared: true }
  })
  const earlier = new Sharded({ shards: others, router: previous.router, timeout, clock })
  const store = new Resharding({ current, previous: earlier, timeout, clock, random })
  return { store, places: [...layout, ...before].flatMap(placesOf) }
}

type OpenShard = ShardLayout & Shard

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
