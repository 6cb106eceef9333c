import { isIPv6 } from 'node:net'
import type { Reply } from '@shale/contracts'
import { text } from '../server/replies.ts'
import { slotCount } from './slot.ts'

/** A node of a cluster as its clients reach it: `host:port`, with brackets around an IPv6 address. */
export type NodeAddress = string

/** The nodes that hold the same slots. */
export interface ClusterShard {
  readonly primary: NodeAddress
  readonly replicas: readonly NodeAddress[]
}

/** Who serves which slot, as one node saw it. */
export interface Topology {
  readonly shards: readonly ClusterShard[]
  /** By slot; `undefined` where nobody serves it. */
  readonly slots: readonly (ClusterShard | undefined)[]
}

export function addressOf(host: string, port: number): NodeAddress {
  return isIPv6(host) ? `[${host}]:${port}` : `${host}:${port}`
}

export function placeOf(address: NodeAddress): { host: string; port: number } {
  const colon = address.lastIndexOf(':')
  return { host: address.slice(0, colon).replace(/^\[|\]$/g, ''), port: Number(address.slice(colon + 1)) }
}

/**
 * What `CLUSTER SLOTS` says. A node that does not know its own host stands for the one that was asked.
 *
 * Source: the documentation of `CLUSTER SLOTS`.
 *
 * @param askedHost where the node was reached that replied.
 */
export function readTopology(reply: Reply, askedHost: string): Topology {
  const shards = new Map<NodeAddress, ClusterShard>()
  const slots = new Array<ClusterShard | undefined>(slotCount).fill(undefined)
  for (const range of reply as Reply[][]) {
    const [first, last, ...nodes] = range as [number, number, ...Reply[][]]
    const [primary, ...replicas] = nodes.map((node) => readNode(node, askedHost))
    if (primary === undefined) continue
    let shard = shards.get(primary)
    if (shard === undefined) {
      shard = { primary, replicas: replicas.filter((replica) => replica !== undefined) }
      shards.set(primary, shard)
    }
    slots.fill(shard, first, last + 1)
  }
  return { shards: [...shards.values()], slots }
}

function readNode([host = null, port = 0, , metadata = null]: Reply[], askedHost: string): NodeAddress | undefined {
  const name = host === null ? '' : text(host)
  // The node is to be known by a name that it was not given: its address stands beside it.
  const known = name === '?' ? (addressIn(metadata) ?? '') : name
  if (port === 0) return undefined
  return addressOf(known === '' ? askedHost : known, port as number)
}

/** Pairs of names and values, flat. */
function addressIn(metadata: Reply): string | undefined {
  if (!Array.isArray(metadata)) return undefined
  const at = metadata.findIndex((name, i) => i % 2 === 0 && name !== null && text(name) === 'ip')
  const value = at < 0 ? undefined : metadata[at + 1]
  return value === undefined || value === null ? undefined : text(value)
}

/** The topology with one slot at another node. */
export function withSlotAt(topology: Topology, slot: number, address: NodeAddress): Topology {
  const known = topology.shards.find(({ primary }) => primary === address)
  const shard = known ?? { primary: address, replicas: [] }
  const slots = topology.slots.slice()
  slots[slot] = shard
  return { shards: known === undefined ? [...topology.shards, shard] : topology.shards, slots }
}

/** Of several views the one that has most slots at nodes that can be reached; the first of these. */
export function bestOf(views: readonly Topology[], isReachable: (address: NodeAddress) => boolean): Topology | undefined {
  const served = (view: Topology): number => {
    const reachable = new Set(view.shards.filter(({ primary }) => isReachable(primary)))
    return view.slots.reduce((count, shard) => (shard !== undefined && reachable.has(shard) ? count + 1 : count), 0)
  }
  let best: Topology | undefined
  let most = -1
  for (const view of views) {
    const count = served(view)
    if (count > most) [best, most] = [view, count]
  }
  return best
}

/** The primaries that were none before, and whose slots each has, if that one is none any more. */
export function newPrimaries(
  before: Topology | undefined,
  after: Topology,
): { readonly primary: NodeAddress; readonly previous: NodeAddress | undefined }[] {
  const serving = new Set(after.shards.map(({ primary }) => primary))
  const served = new Set(before?.shards.map(({ primary }) => primary))
  return after.shards
    .filter(({ primary }) => !served.has(primary))
    .map((shard) => {
      // By its slots: a replica that was away when it was looked last is not known as one.
      const slot = after.slots.findIndex((owner, i) => owner === shard && !serving.has(before?.slots[i]?.primary ?? shard.primary))
      return { primary: shard.primary, previous: before?.slots[slot]?.primary }
    })
}
