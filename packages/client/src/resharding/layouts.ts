import type { Store } from '@shale/contracts'

/** Two layouts of the same entries: the one that is in use, and the one that processes of a neighbouring deploy use. */
export interface Layouts {
  readonly current: Store
  readonly previous: Store
  /** Whether a key lives at the same place in both. */
  isSame(key: string): boolean
}

/**
 * Says whether a key lives at the same place in both layouts: in the same store, as far as their parts are known, or on the same server.
 * Stores that are one server must be one store, or say so by its name: a key has to be known to live in one place or in two.
 */
export function comparePlaces(current: Store, previous: Store): (key: string) => boolean {
  const [here, there] = [partsByShard(current), partsByShard(previous)]
  return (key) => {
    const [now, before] = [current.locate(key), previous.locate(key)]
    return (here.get(now.shard) ?? current) === (there.get(before.shard) ?? previous) || now.server === before.server
  }
}

function partsByShard(store: Store): ReadonlyMap<string, Store> {
  return new Map(store.parts?.().map((part) => [part.shard, part.store]))
}
