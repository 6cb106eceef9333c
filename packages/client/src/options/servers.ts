import type { TlsOptions } from '@shale/contracts'

/** A replica: one server as text, or with its share of the reads against those of the others; 1 unless stated. */
export type ReplicaServer = string | { readonly server: string; readonly weight?: number | undefined }

/** What holds for a shard, whatever it is made of. */
export interface ShardProperties {
  /** What its keys are found by: the router hashes it, so that addresses may change. */
  readonly name?: string | undefined
  /** Its share of the keys, against the weights of the other shards; 1 unless stated. */
  readonly weight?: number | undefined
}

/** A primary and its replicas. */
export interface ReplicaSetServers extends ShardProperties {
  readonly primary: string
  readonly replicas?: readonly ReplicaServer[] | undefined
  readonly sentinels?: never
  readonly cluster?: never
}

/** A replica set that sentinels name. */
export interface SentinelServers extends ShardProperties {
  readonly sentinels: readonly string[]
  /** What the sentinels call it. */
  readonly master: string
  /** TLS to the servers that the sentinels name, where it is another than to the sentinels; as the option `tls`. */
  readonly tls?: boolean | TlsOptions | undefined
  readonly primary?: never
  readonly cluster?: never
}

/** A Redis Cluster, by some of its nodes. */
export interface ClusterServers extends ShardProperties {
  readonly cluster: readonly string[]
  readonly primary?: never
  readonly sentinels?: never
}

/** What a shard is made of: one server as text, or more. */
export type ShardServers = string | ReplicaSetServers | SentinelServers | ClusterServers

/** A shard among others: what is no single server, and has no name by nature, is given one. */
export type ListedShardServers = string | SentinelServers | ((ReplicaSetServers | ClusterServers) & { readonly name: string })

/**
 * What a store is made over: one shard, or several between which the keys are divided. A text may name several servers, with commas, where
 * it stands alone.
 */
export type Servers = ShardServers | readonly [ShardServers] | readonly ListedShardServers[]
