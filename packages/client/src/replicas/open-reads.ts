/** A read that a replica has not answered. */
export interface OpenRead {
  /** A write of the key is about to be made: what the replica answers may come after it. */
  overtaken(key: string): void
}

/**
 * The reads that replicas have not answered, by key. A write that is made after one of them may reach the replica before it;
 * so that calls on one key take effect in the order made, the read is asked for at the primary first then, ahead of the write.
 */
export class OpenReads {
  readonly #byKey = new Map<string, OpenRead | Set<OpenRead>>()

  begin(keys: readonly string[], read: OpenRead): void {
    for (const key of keys) {
      const others = this.#byKey.get(key)
      if (others === undefined) this.#byKey.set(key, read)
      else if (others instanceof Set) others.add(read)
      else if (others !== read) this.#byKey.set(key, new Set([others, read]))
    }
  }

  end(keys: readonly string[], read: OpenRead): void {
    for (const key of keys) {
      const others = this.#byKey.get(key)
      if (others === read) this.#byKey.delete(key)
      else if (others instanceof Set && others.delete(read) && others.size === 0) this.#byKey.delete(key)
    }
  }

  /** A write of these keys is about to be made. */
  overtake(keys: readonly string[]): void {
    if (this.#byKey.size === 0) return
    for (const key of keys) {
      const reads = this.#byKey.get(key)
      if (reads === undefined) continue
      for (const read of reads instanceof Set ? reads : [reads]) read.overtaken(key)
    }
  }
}
