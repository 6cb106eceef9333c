/** An entry as it is held. */
export interface Entry {
  readonly key: string
  /** One character for each byte: compact, and immutable, so that nobody can change it from outside. */
  value: string
  /** The moment from which on it is gone, in milliseconds since the epoch; `Infinity` never expires. */
  expiresAt: number
  /** What it counts for. */
  bytes: number
}

interface Node extends Entry {
  slot: number
  older: Node
  newer: Node
}

/**
 * Entries by key, in order of use, and in numbered slots. The slots are kept dense: the last entry takes the
 * place of one that leaves. So whoever walks them downwards meets every entry that stays, whatever else comes and
 * goes meanwhile, and needs to remember no more than a number.
 */
export class EntryTable {
  /** The sum of what the entries count for. */
  bytes = 0
  readonly #byKey = new Map<string, Node>()
  readonly #slots: Node[] = []
  /** Where the ring of use begins and ends: its `newer` is the entry used least recently, its `older` the one used last. */
  readonly #ring: Node = createRing()
  #hand = 0

  get size(): number {
    return this.#slots.length
  }

  /** The entry of a key, expired or not. Does not count as use. */
  get(key: string): Entry | undefined {
    return this.#byKey.get(key)
  }

  /** The entry in a slot from 0 up to `size`. */
  at(slot: number): Entry | undefined {
    return this.#slots[slot]
  }

  /** Puts a new entry under a key that has none. */
  add(key: string, value: string, expiresAt: number, bytes: number): void {
    const node: Node = { key, value, expiresAt, bytes, slot: this.#slots.length, older: this.#ring, newer: this.#ring }
    this.#byKey.set(key, node)
    this.#slots.push(node)
    this.#link(node)
    this.bytes += bytes
  }

  /** Gives an entry another value. Counts as use. */
  replace(entry: Entry, value: string, expiresAt: number, bytes: number): void {
    this.bytes += bytes - entry.bytes
    entry.value = value
    entry.expiresAt = expiresAt
    entry.bytes = bytes
    this.use(entry)
  }

  /** Makes an entry the most recently used one. */
  use(entry: Entry): void {
    const node = entry as Node
    unlink(node)
    this.#link(node)
  }

  remove(entry: Entry): void {
    const node = entry as Node
    this.#byKey.delete(node.key)
    unlink(node)
    const last = this.#slots.pop()!
    if (last !== node) {
      this.#slots[node.slot] = last
      last.slot = node.slot
    }
    this.bytes -= node.bytes
  }

  removeLeastRecentlyUsed(): void {
    if (this.#slots.length > 0) this.remove(this.#ring.newer)
  }

  /** Looks at the next few slots and removes what has expired; calls that follow one another go round all of them. */
  sweep(now: number, slots: number): void {
    for (let left = Math.min(slots, this.#slots.length); left > 0; left--) {
      if (this.#hand === 0) this.#hand = this.#slots.length
      this.#hand = Math.min(this.#hand, this.#slots.length) - 1
      const node = this.#slots[this.#hand]!
      if (node.expiresAt <= now) this.remove(node)
      if (this.#slots.length === 0) return
    }
  }

  clear(): void {
    this.#byKey.clear()
    this.#slots.length = 0
    this.#ring.older = this.#ring.newer = this.#ring
    this.bytes = 0
  }

  #link(node: Node): void {
    const last = this.#ring.older
    node.older = last
    node.newer = this.#ring
    last.newer = this.#ring.older = node
  }
}

function unlink(node: Node): void {
  node.older.newer = node.newer
  node.newer.older = node.older
}

function createRing(): Node {
  const ring = { key: '', value: '', expiresAt: Infinity, bytes: 0, slot: -1 } as Node
  ring.older = ring.newer = ring
  return ring
}
