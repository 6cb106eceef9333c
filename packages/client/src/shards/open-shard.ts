import type { Endpoint, Store } from '@shale/contracts'
import { admitPrimary } from './admit-primary.ts'
import { Cluster } from '../cluster/cluster.ts'
import { withDeadline } from '../calls/deadline.ts'
import { withDoubts } from '../doubts/doubts.ts'
import { inSlotOfKey, type LeaseNaming } from '../server/lease-naming.ts'
import { admitBy, type KnownServers } from './known-servers.ts'
import { OneServer } from './one-server.ts'
import { ReplicaSet } from '../replicas/replica-set.ts'
import { openSentinel } from '../sentinel/sentinel.ts'
import { Server, type OpenServer } from '../server/server.ts'
import type { ShardLayout } from '../options/shard-layout.ts'
import { slotOf } from '../cluster/slot.ts'
import type { StoreSettings } from '../options/store-options.ts'

/** What is beside a shard. */
export interface Company {
  /** Whether there is no other shard in its layout: then a lone server is used as it is, be it a replica. */
  readonly isAlone: boolean
  /** The servers of all shards of both layouts. */
  readonly known: KnownServers
}

/**
 * The store of one shard, with its guards: no call takes longer than the deadline, and no entry is served that is older than a write that
 * failed.
 *
 * @param company the other shards of its layout and of the other one.
 */
export function openShard(shard: ShardLayout, settings: StoreSettings, company: Company): Store {
  const { timeout, clock, random, keys } = settings
  const regionOf = shard.kind === 'cluster' ? slotOf : undefined
  return withDeadline(withDoubts(openServers(shard, settings, company), { shard: shard.name, keys, regionOf, clock, random }), {
    timeout,
    clock,
  })
}

function openServers(shard: ShardLayout, settings: StoreSettings, { isAlone, known }: Company): Store {
  const { name } = shard
  const { timeout, connectTimeout, clock, random, readFrom, readYourWrites, maxReplicaLag, leaseKey } = settings
  const open: OpenServer = (endpoint, found) => new Server({ ...ofServers(endpoint, settings), ...found })
  const replication = { name, timeout, connectTimeout, clock, random, readFrom, readYourWrites, maxReplicaLag }
  switch (shard.kind) {
    case 'server':
      return new OneServer(
        new Server({
          ...ofServers(shard.endpoint, settings),
          shard: name,
          admit: isAlone ? known.admit(shard.endpoint) : admitBy(admitPrimary(shard.endpoint), known.admit(shard.endpoint)),
        }),
      )
    case 'replicas': {
      const { primary, replicas } = shard
      if (replicas.length === 0) {
        const admit = admitBy(admitPrimary(primary), known.admit(primary))
        return new OneServer(new Server({ ...ofServers(primary, settings), shard: name, admit }))
      }
      const members = [{ endpoint: primary, weight: 1 }, ...replicas]
      return new ReplicaSet({
        ...replication,
        members: members.map(({ endpoint, weight }) => ({ server: open(endpoint, { shard: name }), weight })),
      })
    }
    case 'sentinels':
      return openSentinel({ ...replication, sentinels: shard.sentinels, master: shard.master, servers: shard.servers, open })
    case 'cluster':
      return new Cluster({
        ...replication,
        seeds: shard.seeds,
        tls: shard.tls,
        open: leaseKey === undefined ? open : withLeases(open, inSlotOfKey(leaseKey)),
      })
  }
}

function withLeases(open: OpenServer, leaseKey: LeaseNaming): OpenServer {
  return (endpoint, found) => open(endpoint, { ...found, leaseKey })
}

/** What holds for all servers of a store. */
function ofServers(endpoint: Endpoint, { driver, connections, connectTimeout, timeout, breaker, leaseKey, clock, random }: StoreSettings) {
  return { endpoint, driver, connections, connectTimeout, timeout, breaker, leaseKey, clock, random }
}
