import type { RouterFactory, Store } from '@shale/contracts'
import { openShard } from './open-shard.ts'
import type { Servers } from './servers.ts'
import { parseServers } from './servers-layout.ts'
import { Sharded, type Shard } from './sharded.ts'
import { readStoreOptions, type StoreOptions, type StoreSettings } from './store-options.ts'

/**
 * A store over Redis or Valkey servers, which connects when it is first needed.
 *
 * @throws ShaleError `CONFIG_INVALID` for servers or an option that are wrong or unknown.
 */
export function createStore(servers: Servers, options: StoreOptions = {}): Store {
  const settings = readStoreOptions(options)
  const layout = parseServers(servers, settings.defaults)
  const shards = layout.map((shard): Shard => ({ ...shard, store: openShard(shard, settings, layout.length === 1) }))
  return sharded(shards, settings.router, settings)
}

function sharded(shards: readonly Shard[], router: RouterFactory, { timeout, clock }: StoreSettings): Store {
  return new Sharded({ shards, router, timeout, clock })
}
