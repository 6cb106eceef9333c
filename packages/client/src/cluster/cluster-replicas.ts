import type { Clock, Random, StoreObserver } from '@shale/contracts'
import type { ClusterNodes } from './cluster-nodes.ts'
import type { ClusterShard, NodeAddress } from './cluster-topology.ts'
import { OpenReads } from '../replicas/open-reads.ts'
import type { OwnWrites } from '../replicas/own-writes.ts'
import type { ReadFrom, ReadPolicy } from '../replicas/read-policy.ts'
import type { ReplicaReads } from '../replicas/replica-reads.ts'
import { ReadShard } from './read-shard.ts'
import type { Server } from '../server/server.ts'

/** Who is read, as of a replica set. */
export interface ClusterReadOptions {
  /** Who is read; `'primary'` unless stated. */
  readonly readFrom?: ReadFrom | undefined
  /** Whether a key that was written by this store is read from a replica only once that has the write; `true` unless stated. */
  readonly readYourWrites?: boolean | undefined
  /** Milliseconds that a replica may be behind and still be read; 1,000 unless stated. */
  readonly maxReplicaLag?: number | undefined
}

export interface ClusterReplicasOptions extends Pick<ClusterReadOptions, 'readYourWrites' | 'maxReplicaLag'> {
  /** The cluster, by name. */
  readonly name: string
  readonly nodes: ClusterNodes
  readonly policy: ReadPolicy
  /** What was written to the cluster. */
  readonly own: OwnWrites
  /** Looks who serves what; tells it by `learn`. */
  readonly look: () => Promise<void>
  /** Milliseconds that a call may take. */
  readonly timeout: number
  readonly clock: Clock
  readonly random: Random
}

/** The shards of a cluster whose replicas are read. What was written counts for all of them: keys move from one to another. */
export class ClusterReplicas {
  readonly #options: ClusterReplicasOptions
  readonly #openReads = new OpenReads()
  readonly #observers: StoreObserver[] = []
  #shards: ReadonlyMap<NodeAddress, ReadShard> = new Map()

  constructor(options: ClusterReplicasOptions) {
    this.#options = options
  }

  /** What reads the keys of the primary at an address; `undefined` where its replicas are not known. */
  readsAt(primary: NodeAddress): ReplicaReads | undefined {
    const shard = this.#shards.get(primary)
    shard?.use()
    return shard?.reads
  }

  /** A write of these keys is about to be sent. */
  overtake(keys: readonly string[]): void {
    this.#openReads.overtake(keys)
  }

  /** The shards are these from now on. */
  learn(shards: readonly ClusterShard[]): void {
    const { nodes } = this.#options
    const gone = new Map(this.#shards)
    const next = new Map<NodeAddress, ReadShard>()
    for (const { primary, replicas } of shards) {
      const shard = this.#shards.get(primary) ?? this.#open(nodes.at(primary))
      gone.delete(primary)
      next.set(primary, shard)
      shard.setReplicas(replicas.map((address) => nodes.readerAt(address)))
    }
    this.#shards = next
    for (const shard of gone.values()) shard.dissolve()
    nodes.keepReaders(new Set(shards.flatMap(({ replicas }) => replicas)))
  }

  /** A slot came to the shard of a primary from another one. */
  slotArrived(primary: NodeAddress, slot: number): void {
    this.#shards.get(primary)?.slotArrived(slot)
  }

  observe(observer: StoreObserver): void {
    this.#observers.push(observer)
  }

  /** How many milliseconds a server is behind its primary; `undefined` where that is not known, or it has none. */
  lagOf(server: Server): number | undefined {
    for (const shard of this.#shards.values()) {
      const lag = shard.lagOf(server)
      if (lag !== undefined) return lag
    }
    return undefined
  }

  close(): void {
    for (const shard of this.#shards.values()) shard.close()
  }

  #open(primary: Server): ReadShard {
    const { name, policy, own, look, timeout, clock, random, readYourWrites = true, maxReplicaLag = 1000 } = this.#options
    return new ReadShard(primary, {
      ...{ name, policy, own, readYourWrites, maxReplicaLag, openReads: this.#openReads, timeout, clock, random },
      lost: () => void look(),
      caughtUp: () => this.#forgetPassed(),
      tell: (what) => this.#observers.forEach(what),
    })
  }

  /** What all replicas of all shards have need not be known any more. */
  #forgetPassed(): void {
    const passed = Math.min(...[...this.#shards.values()].map((shard) => shard.passed))
    if (passed < Infinity) this.#options.own.passed(passed)
  }
}
