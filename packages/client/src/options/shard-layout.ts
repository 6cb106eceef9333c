import type { Endpoint, TlsOptions } from '@shale/contracts'
import type { ServerDefaults } from './server-address.ts'

/** A replica, and its share of the reads. */
export interface ReplicaLayout {
  readonly endpoint: Endpoint
  readonly weight: number
}

/** What a shard is made of. */
export type ShardParts =
  | { readonly kind: 'server'; readonly endpoint: Endpoint }
  | { readonly kind: 'replicas'; readonly primary: Endpoint; readonly replicas: readonly ReplicaLayout[] }
  | {
      readonly kind: 'sentinels'
      readonly sentinels: readonly Endpoint[]
      readonly master: string
      /** What holds for the servers that the sentinels name. */
      readonly servers: ServerDefaults
    }
  | {
      readonly kind: 'cluster'
      readonly seeds: readonly Endpoint[]
      /** TLS to nodes that are no seeds, where those speak it. */
      readonly tls: TlsOptions | undefined
    }

/** A shard: its name, its share of the keys, and what it is made of. */
export type ShardLayout = ShardParts & { readonly name: string; readonly weight: number | undefined }

/** Whether two layouts mean shards that hold the same entries: they have a server, or a database of one, in common. */
export function areOneShard(one: ShardLayout, other: ShardLayout): boolean {
  if (one.kind === 'sentinels' || other.kind === 'sentinels') {
    if (one.kind !== 'sentinels' || other.kind !== 'sentinels' || one.master !== other.master) return false
  }
  const places = new Set(endpointsOf(one).map(({ name }) => name))
  return endpointsOf(other).some(({ name }) => places.has(name))
}

/** The servers of a shard that its layout names. */
export function endpointsOf(shard: ShardLayout): readonly Endpoint[] {
  switch (shard.kind) {
    case 'server':
      return [shard.endpoint]
    case 'replicas':
      return [shard.primary, ...shard.replicas.map(({ endpoint }) => endpoint)]
    case 'sentinels':
      return shard.sentinels
    case 'cluster':
      return shard.seeds
  }
}

/** Where a server is, whatever the database. */
export function placeOf({ path, host, port }: Endpoint): string {
  return path ?? `${host}:${port}`
}
