import type { ShaleError, Tally } from '@shale/contracts'

/** What of a batch concerns one shard; `places` are its places in the batch. */
export interface Part<I> {
  readonly items: I[]
  readonly places: number[]
}

/** A batch by shards, in the order of the items. */
export function partition<I>(items: readonly I[], shardOf: (item: I) => number): Map<number, Part<I>> {
  const parts = new Map<number, Part<I>>()
  for (let place = 0; place < items.length; place++) {
    const item = items[place] as I
    const shard = shardOf(item)
    let part = parts.get(shard)
    if (part === undefined) parts.set(shard, (part = { items: [], places: [] }))
    part.items.push(item)
    part.places.push(place)
  }
  return parts
}

/** How several batches went together. */
export function sumOfTallies(tallies: readonly Tally[]): Tally {
  let count = 0
  const failed = new Map<string, ShaleError>()
  for (const tally of tallies) {
    count += tally.count
    for (const [key, error] of tally.failed ?? []) failed.set(key, error)
  }
  return { count, failed: failed.size === 0 ? undefined : failed }
}
