import { addressOf, placeOf, type NodeAddress } from './cluster-topology.ts'

/** A slot on its way from one node to another, as one of them sees it. */
export interface MovingSlot {
  readonly slot: number
  readonly way: 'out' | 'in'
  /** The other node: one that has no slot yet is named nowhere else. */
  readonly other: NodeAddress | undefined
}

/** A node of a cluster as it sees itself. */
export interface NodeView {
  readonly address: NodeAddress
  readonly id: string
  readonly isPrimary: boolean
  /** Grows when it is given a slot or becomes primary. */
  readonly epoch: number
  /** Changes whenever what it holds may no longer be what it held: it became primary, follows another one, or began anew. */
  readonly history: string
  readonly slots: ReadonlySet<number>
  /** The slots on their way from it or to it. */
  readonly moving: readonly MovingSlot[]
}

/**
 * What a node says of itself.
 *
 * Source: the documentation of `CLUSTER NODES` and of `INFO`.
 *
 * @param nodes the reply to `CLUSTER NODES`.
 * @param replication the reply to `INFO replication`.
 */
export function readNodeView(address: NodeAddress, nodes: string, replication: string): NodeView {
  const lines = nodes.split('\n').map((line) => line.trim().split(' '))
  const own = lines.find((line) => line[2]?.split(',').includes('myself')) ?? []
  const [id = '', , flags = '', , , , epoch = '0', , ...held] = own
  const slots = new Set<number>()
  const moving: MovingSlot[] = []
  for (const part of held) {
    const [, slot, way, other] = /^\[(\d+)-([<>])-(\w+)\]$/.exec(part) ?? []
    if (slot !== undefined) {
      const announced = lines.find(([one]) => one === other)?.[1]
      moving.push({ slot: Number(slot), way: way === '>' ? 'out' : 'in', other: reachedAt(announced, own[1], placeOf(address).host) })
      continue
    }
    const [first = 0, last = first] = part.split('-').map(Number)
    for (let one = first; one <= last; one++) slots.add(one)
  }
  return {
    address,
    id,
    isPrimary: flags.split(',').includes('master'),
    epoch: Number(epoch),
    history: /^master_replid:(\w+)/m.exec(replication)?.[1] ?? '',
    slots,
    moving,
  }
}

/**
 * Where a node is that is known by what `CLUSTER NODES` says of it (`ip:port@bus,name`): as the node that says it is reached, by its
 * name, by its address or, where it is reached by neither, beside it.
 */
function reachedAt(announced = '', own = '', ownHost: string): NodeAddress | undefined {
  const [, ip = '', port, name = ''] = placePattern.exec(announced) ?? []
  if (port === undefined || port === '0') return undefined
  const [, ownIp, , ownName] = placePattern.exec(own) ?? []
  const host = ownHost === ownName ? name : ownHost === ownIp ? ip : ''
  return addressOf(host === '' ? ownHost : host, Number(port))
}

const placePattern = /^(.*):(\d+)@\d+(?:,([^,]*))?/

/** What happened to slots while nobody looked. */
export interface SlotChanges {
  /** The nodes that may have held keys of a slot that was moved, each before the one it went to. */
  readonly moved: ReadonlyMap<number, readonly NodeAddress[]>
  /** Nodes whose slots another one serves that took their place as a whole: that one by the former. */
  readonly takenOver: ReadonlyMap<NodeAddress, NodeAddress>
  /** Whether slots may have gone and come back. */
  readonly unclear: boolean
}

/** What happened between two views of a cluster's primaries, and what is under way in the second. */
export function slotChanges(before: readonly NodeView[], after: readonly NodeView[]): SlotChanges {
  const moved = new Map<number, Set<NodeAddress>>()
  const takenOver = new Map<NodeAddress, NodeAddress>()
  const move = (slot: number, from: NodeAddress | undefined, to: NodeAddress | undefined): void => {
    const nodes = moved.get(slot) ?? new Set()
    for (const node of [from, to]) if (node !== undefined) nodes.add(node)
    moved.set(slot, nodes)
  }
  const primaries = after.filter(({ isPrimary }) => isPrimary)
  for (const old of before) {
    const now = primaries.find(({ id }) => id === old.id)
    for (const slot of old.slots) {
      if (now?.slots.has(slot) === true) continue
      const next = primaries.find(({ slots }) => slots.has(slot))
      if (next === undefined) continue
      if (now === undefined) takenOver.set(old.address, next.address)
      else move(slot, old.address, next.address)
    }
  }
  for (const { address, moving } of primaries) {
    for (const { slot, way, other } of moving) {
      if (way === 'out') move(slot, address, other)
      else move(slot, other, address)
    }
  }
  const unclear = primaries.some((now) => {
    const old = before.find(({ id }) => id === now.id)
    return (
      old !== undefined &&
      old.epoch !== now.epoch &&
      old.slots.size === now.slots.size &&
      [...old.slots].every((slot) => now.slots.has(slot))
    )
  })
  return { moved: new Map([...moved].map(([slot, nodes]) => [slot, [...nodes]])), takenOver, unclear }
}
