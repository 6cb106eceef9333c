import type { Clock, Random, ServerStatus, Store, StoreObserver } from '@shale/contracts'
import type { ClusterNodes } from './cluster-nodes.ts'
import type { ClusterShard, NodeAddress } from './cluster-topology.ts'
import type { ReadFrom } from '../replicas/read-policy.ts'
import { ReplicaSet } from '../replicas/replica-set.ts'

/** Who is read, as of a replica set. */
export interface ClusterReadOptions {
  /** Who is read; `'primary'` unless stated. */
  readonly readFrom?: ReadFrom | undefined
  /** Whether a key that was written by this store is read from a replica only once that has the write; `true` unless stated. */
  readonly readYourWrites?: boolean | undefined
  /** Milliseconds that a replica may be behind and still be read; 1,000 unless stated. */
  readonly maxReplicaLag?: number | undefined
}

export interface ClusterReplicasOptions extends ClusterReadOptions {
  /** The cluster, by name. */
  readonly name: string
  readonly nodes: ClusterNodes
  /** Looks who serves what; tells it by `learn`. */
  readonly look: () => Promise<void>
  readonly timeout: number
  readonly clock: Clock
  readonly random: Random
}

/** A shard whose replicas are read. */
interface ReadShard {
  readonly set: ReplicaSet
  addresses: ReadonlySet<NodeAddress>
}

/**
 * The shards of a cluster whose replicas are read, each a replica set whose members the cluster names.
 *
 * A key that is on its way to another node is missing at the replicas of the one it leaves, which do not say so: what is missing
 * at a replica is asked for again at the primary. Keys that came from another node count as written just now.
 */
export class ClusterReplicas {
  readonly #options: ClusterReplicasOptions
  readonly #observers: StoreObserver[] = []
  #shards: ReadShard[] = []
  #byPrimary: ReadonlyMap<NodeAddress, ReadShard> = new Map()

  constructor(options: ClusterReplicasOptions) {
    this.#options = options
  }

  /** What serves the slots of the primary at an address. */
  storeAt(address: NodeAddress): Store {
    return this.#byPrimary.get(address)?.set ?? this.#options.nodes.at(address).store
  }

  /** The shards are these from now on. A shard goes on as the one that had its primary, or else another of its nodes. */
  learn(shards: readonly ClusterShard[]): void {
    const { nodes } = this.#options
    const former = new Set(this.#shards)
    const take = (isSame: (one: ReadShard) => boolean): ReadShard | undefined => {
      const found = [...former].find(isSame)
      if (found !== undefined) former.delete(found)
      return found
    }
    const byPrimary = new Map<NodeAddress, ReadShard>()
    for (const { primary } of shards) {
      const same = this.#byPrimary.get(primary)
      if (same !== undefined && former.delete(same)) byPrimary.set(primary, same)
    }
    for (const { primary, replicas } of shards) {
      const addresses = new Set([primary, ...replicas])
      const isRelated = (one: ReadShard): boolean => [...addresses].some((address) => one.addresses.has(address))
      const shard = byPrimary.get(primary) ?? take(isRelated) ?? this.#open()
      shard.addresses = addresses
      const members = [...addresses].map((address) => ({ server: nodes.at(address) }))
      shard.set.setMembers(members, nodes.at(primary))
      byPrimary.set(primary, shard)
    }
    this.#shards = [...byPrimary.values()]
    this.#byPrimary = byPrimary
    const used = new Set(this.#shards.flatMap(({ addresses }) => [...addresses]))
    for (const { set, addresses } of former) {
      // It closes its servers: those that are needed elsewhere are opened anew there.
      nodes.forget([...addresses].filter((address) => !used.has(address)))
      set.close().catch(() => {})
    }
  }

  /** Keys were written, or came, to the shard of a primary by another way than through it. */
  keysArrived(address: NodeAddress): void {
    this.#byPrimary.get(address)?.set.keysArrived()
  }

  observe(observer: StoreObserver): void {
    // What the servers tell their observers hear from themselves.
    const heard: StoreObserver = {
      primary: (...what) => observer.primary?.(...what),
      replica: (...what) => observer.replica?.(...what),
    }
    this.#observers.push(heard)
    for (const { set } of this.#shards) set.observe(heard)
  }

  status(): readonly ServerStatus[] {
    return this.#shards.flatMap(({ set }) => set.status())
  }

  async close(): Promise<void> {
    await Promise.all(this.#shards.map(({ set }) => set.close()))
  }

  #open(): ReadShard {
    const { name, look, timeout, clock, random, readFrom, readYourWrites, maxReplicaLag } = this.#options
    const source = { look: (isUrgent: boolean): Promise<void> => (isUrgent ? look() : Promise.resolve()) }
    const set = new ReplicaSet({
      ...{ name, members: [], readFrom, readYourWrites, maxReplicaLag, confirmsMisses: true, source },
      ...{ timeout, clock, random },
    })
    for (const observer of this.#observers) set.observe(observer)
    // Nobody knows what this process wrote there before.
    set.keysArrived()
    return { set, addresses: new Set() }
  }
}
