import { StoreDecorator, type Endpoint, type Store } from '@shale/contracts'
import { ReplicaSet, type ReplicaSetOptions } from '../replicas/replica-set.ts'
import { SentinelPeer } from './sentinel-peer.ts'
import { SentinelSource } from './sentinel-source.ts'
import { parseServer, type ServerDefaults } from '../options/server-address.ts'
import type { OpenServer, Server } from '../server/server.ts'

export interface SentinelOptions extends Omit<ReplicaSetOptions, 'members' | 'source'> {
  /** At least one. Each with its own credentials, if it states any; one that asks for a password without is told that of `servers`. */
  readonly sentinels: readonly Endpoint[]
  /** What the sentinels call the replica set. */
  readonly master: string
  /** What holds for the servers that the sentinels name: who we are to them, the database, TLS. */
  readonly servers: ServerDefaults
  /** Opens sentinels and servers. */
  readonly open: OpenServer
}

/**
 * A replica set whose members sentinels name, as a store. Sentinels are asked once a second while the store is in use, and at
 * once when the primary does not serve; that a server which they name is the primary it must say itself.
 *
 * Errors beside those of a `ReplicaSet`: `CONFIG_INVALID` for a sentinel that does not know the master or is none,
 * `SERVER_*` while no sentinel answers and none has before.
 */
export function openSentinel(options: SentinelOptions): Store {
  const { name, sentinels, master, open, servers: defaults, clock } = options
  const peers = sentinels.map((endpoint) => new SentinelPeer(endpoint, { shard: name, master, open, credentials: defaults }))
  const servers = new Map<string, Server>()
  const source = new SentinelSource({
    shard: name,
    peers,
    clock,
    found(places) {
      const members = places.map((place) => {
        const server = servers.get(place) ?? open(parseServer(place, defaults), { shard: name })
        servers.set(place, server)
        return { server }
      })
      set.setMembers(members, members[0]?.server)
      for (const [place, server] of servers) {
        if (set.hasMember(server)) continue
        servers.delete(place)
        void server.close().catch(() => {})
      }
    },
  })
  const set = new ReplicaSet({ ...options, members: [], source })
  return new SentinelStore(set, source, peers)
}

class SentinelStore extends StoreDecorator {
  readonly #source: SentinelSource
  readonly #peers: readonly SentinelPeer[]
  #isClosed = false

  constructor(set: ReplicaSet, source: SentinelSource, peers: readonly SentinelPeer[]) {
    super(set)
    this.#source = source
    this.#peers = peers
  }

  /** Reaches a sentinel and the primary; rejects also if a sentinel that answers does not know the master. */
  override async connect(): Promise<void> {
    if (!this.#isClosed) await this.#source.check()
    await this.store.connect()
  }

  override async close(): Promise<void> {
    this.#isClosed = true
    await this.store.close()
    await Promise.all(this.#peers.map((peer) => peer.close()))
  }
}
