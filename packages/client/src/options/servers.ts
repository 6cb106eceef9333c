/** A replica: one server as text, or with its share of the reads against those of the others; 1 unless stated. */
export type ReplicaServer = string | { readonly server: string; readonly weight?: number | undefined }

/** What holds for a shard, whatever it is made of. */
interface ShardProperties {
  /** What its keys are found by: the router hashes it, so that addresses may change. */
  readonly name?: string | undefined
  /** Its share of the keys, against the weights of the other shards; 1 unless stated. */
  readonly weight?: number | undefined
}

/** A primary and its replicas. */
export interface ReplicaSetServers extends ShardProperties {
  readonly primary: string
  readonly replicas?: readonly ReplicaServer[] | undefined
}

/** A replica set that sentinels name. */
export interface SentinelServers extends ShardProperties {
  readonly sentinels: readonly string[]
  /** What the sentinels call it. */
  readonly master: string
}

/** A Redis Cluster, by some of its nodes. */
export interface ClusterServers extends ShardProperties {
  readonly cluster: readonly string[]
}

/** What a shard is made of: one server as text, or more. */
export type ShardServers = string | ReplicaSetServers | SentinelServers | ClusterServers

/** What a store is made over: one shard, or several between which the keys are divided. A text may name several servers, with commas. */
export type Servers = ShardServers | readonly ShardServers[]
