import type { ShaleError, Store } from '@shale/contracts'
import { failuresOf } from './failure.ts'

/**
 * Which shards of a store were reached once: credentials that a shard never accepted must not look like a cold cache, whatever the others
 * accept.
 */
export class ReachedShards {
  readonly #store: Store
  readonly #shards = new Set<string>()
  readonly #isOne: boolean

  constructor(store: Store, isOne: boolean) {
    this.#store = store
    this.#isOne = isOne
  }

  /** A server of a shard was reached. */
  add(shard: string): void {
    this.#shards.add(shard)
  }

  /** Whether an error, perhaps about a stored key, says that we are refused where we never were let in. */
  neverLetIn(error: ShaleError, stored: string | undefined): boolean {
    const refusing = failuresOf(error).flatMap(({ shard, code }) => (code === 'SERVER_AUTH' ? [shard] : []))
    if (error.code === 'SERVER_AUTH' && stored !== undefined) refusing.push(this.#store.locate(stored).shard)
    if (refusing.length === 0) return false
    if (this.#isOne) return this.#shards.size === 0
    return refusing.some((shard) => !this.#shards.has(shard)) || this.#isOtherLayoutShut()
  }

  /** Of two layouts an error does not say whose it is. */
  #isOtherLayoutShut(): boolean {
    if (this.#store.parts?.().some(({ bring }) => bring !== undefined) !== true) return false
    return this.#store.status?.().some(({ shard, state }) => state === 'down' && !this.#shards.has(shard)) === true
  }
}
