import type { ClusterNode, RedisCluster } from '@tooling/servers'
import { slotOf } from '../src/cluster/slot.ts'

/** Moves the slots of these tags to and fro until it is told to end; gives how many it moved. */
export async function moveAround(
  cluster: RedisCluster,
  tags: readonly string[],
  isOver: () => boolean,
  move: (slot: number, to: ClusterNode, from: ClusterNode) => Promise<unknown> = (slot, to) => cluster.migrateSlot(slot, to),
): Promise<number> {
  for (let moves = 0; ; moves++) {
    if (isOver()) return moves
    const slot = slotOf(tags[moves % tags.length] as string)
    const from = await cluster.ownerOf(slot)
    const to = (await cluster.primaries()).filter((node) => node !== from)[moves % 2] as ClusterNode
    await move(slot, to, from)
  }
}
