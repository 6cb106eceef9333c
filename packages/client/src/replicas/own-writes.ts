import type { BatchOperation, StoreMove } from '@shale/contracts'

/**
 * What this process has written: the ground of `readYourWrites`.
 *
 * Writes that were answered belong to a generation, the current one. When a primary is asked for its offset the generation
 * closes: whatever was answered before the question was sent is in that offset (see `WriteMarks`). A replica that has passed a
 * generation has all its writes, and those of all generations before it. So a key costs one entry of a map, and no command.
 *
 * Keys are forgotten once the replicas that are read have passed them, or when there are too many; a replica that has not
 * passed the latest generation that was forgotten is not read at all.
 */
export class OwnWrites {
  readonly #mostKeys: number
  /** How many writes of each key have no answer yet. */
  readonly #pending = new Map<string, number>()
  /** The generation of each key's latest write that was answered, oldest first. */
  readonly #written = new Map<string, number>()
  #generation = 0
  #forgotten = -1
  /** Operations on every key that have no answer yet. */
  #pendingForAll = 0

  /** @param mostKeys how many keys that were written are kept; 0 where no replica is read. */
  constructor(mostKeys = 100_000) {
    this.#mostKeys = mostKeys
  }

  /** Gives `work`, a write of these keys. From now until it settles the keys are read from the primary, and after that until a replica has it. */
  during<T>(keys: readonly string[], work: Promise<T>): Promise<T> {
    for (const key of keys) this.#pending.set(key, (this.#pending.get(key) ?? 0) + 1)
    return work.finally(() => this.#end(keys))
  }

  /** The same for a write that concerns every key. */
  async duringAll<T>(work: Promise<T>): Promise<T> {
    this.#pendingForAll++
    try {
      return await work
    } finally {
      this.#pendingForAll--
      this.#forgetAll()
    }
  }

  /** Whether any write of a key has no answer yet. */
  get isPending(): boolean {
    return this.#pending.size > 0
  }

  /** Whether a write of this key, or of every key, has no answer yet. */
  isPendingFor(key: string): boolean {
    return this.#pendingForAll > 0 || this.#pending.has(key)
  }

  /** How many keys are kept. */
  get size(): number {
    return this.#pending.size + this.#written.size
  }

  /** The current generation: a replica that has passed it has all that was answered until now. */
  get generation(): number {
    return this.#generation
  }

  /** A primary is about to be asked for its offset: gives the generation that closes with the answer. */
  close(): number {
    return this.#generation++
  }

  /** Whether a replica that has passed a generation has every write of the key. */
  has(passed: number, key: string): boolean {
    return passed >= this.#forgotten && this.#pendingForAll === 0 && !this.#pending.has(key) && (this.#written.get(key) ?? -1) <= passed
  }

  /** Forgets the keys that every replica that is read has passed. */
  passed(generation: number): void {
    for (const [key, written] of this.#written) {
      if (written > generation) return
      this.#written.delete(key)
      this.#forgotten = Math.max(this.#forgotten, written)
    }
  }

  #end(keys: readonly string[]): void {
    for (const key of keys) {
      const others = (this.#pending.get(key) ?? 1) - 1
      if (others === 0) this.#pending.delete(key)
      else this.#pending.set(key, others)
      if (this.#written.get(key) === this.#generation) continue
      // Taken out first, so that it comes last.
      this.#written.delete(key)
      this.#written.set(key, this.#generation)
    }
    if (this.#written.size > this.#mostKeys) this.#forgetAll()
  }

  #forgetAll(): void {
    this.#written.clear()
    this.#forgotten = this.#generation
  }
}

/** The keys that a batch is about. */
export function keysOf<I, T>(operation: BatchOperation<I, T>, items: readonly I[]): string[] {
  const keys = items.map((item) => operation.keyOf(item))
  return operation.name === 'move' ? [...keys, ...items.map((item) => (item as StoreMove).to)] : keys
}
