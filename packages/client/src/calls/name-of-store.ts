import type { Store } from '@shale/contracts'

/** What a store is called that is asked as a whole: its shard by name, where it is one. */
export function nameOfStore(store: Store): string {
  const [only = store.locate(''), ...others] = store.parts?.() ?? []
  return others.length === 0 ? only.shard : 'the servers'
}
