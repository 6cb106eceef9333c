/**
 * A set of keys that remembers 64 bits of each instead of the key: an open-addressing table with linear probing, at
 * most three quarters full. Two keys are taken for one with a probability of about n² / 2^65.
 */
export class SeenKeys {
  readonly #seed: number
  #slots: Uint32Array = new Uint32Array(2 * 1024)
  #size = 0
  /** The hash of the key that was asked for last. */
  #low = 0
  #high = 0

  /** @param seed makes collisions unpredictable to whoever chooses the keys. */
  constructor(seed: number) {
    this.#seed = seed | 0
  }

  get size(): number {
    return this.#size
  }

  /** Adds a key; false if it was there. */
  add(key: string): boolean {
    this.#hash(key)
    if (!this.#insert(this.#slots, this.#low, this.#high)) return false
    this.#size++
    if (this.#size > (this.#slots.length / 2) * 0.75) this.#grow()
    return true
  }

  has(key: string): boolean {
    this.#hash(key)
    return this.#slots[this.#find(this.#slots, this.#low, this.#high) + 1] !== 0
  }

  #hash(key: string): void {
    let low = this.#seed
    let high = this.#seed ^ 0x9e3779b9
    for (let i = 0; i < key.length; i++) {
      const unit = key.charCodeAt(i)
      low = Math.imul(low ^ unit, 0x85ebca6b)
      high = Math.imul(high ^ unit, 0xc2b2ae35)
      low ^= low >>> 15
      high ^= high >>> 13
    }
    low = Math.imul(low ^ (high >>> 16), 0x27d4eb2f)
    high = Math.imul(high ^ (low >>> 15), 0x165667b1)
    this.#low = (low ^ (low >>> 13)) >>> 0
    // Zero in both halves marks a free slot.
    this.#high = ((high ^ (high >>> 16)) | 1) >>> 0
  }

  /** The slot that holds a hash, or the free one where it would be. */
  #find(slots: Uint32Array, low: number, high: number): number {
    const mask = slots.length / 2 - 1
    for (let slot = low & mask; ; slot = (slot + 1) & mask) {
      const at = slot * 2
      if (slots[at + 1] === 0 || (slots[at] === low && slots[at + 1] === high)) return at
    }
  }

  #insert(slots: Uint32Array, low: number, high: number): boolean {
    const at = this.#find(slots, low, high)
    if (slots[at + 1] !== 0) return false
    slots[at] = low
    slots[at + 1] = high
    return true
  }

  #grow(): void {
    const old = this.#slots
    this.#slots = new Uint32Array(old.length * 2)
    for (let at = 0; at < old.length; at += 2) {
      if (old[at + 1] !== 0) this.#insert(this.#slots, old[at] as number, old[at + 1] as number)
    }
  }
}
