/** Numbers from 0 up to 1 that depend on the seed alone (Mulberry32, Tommy Ettinger, public domain). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** Picks among items as readers do: the second is picked half as often as the first, the third a third as often (Zipf's law). */
export function zipf<T>(items: readonly T[], random: () => number): () => T {
  let total = 0
  const sums = items.map((_, rank) => (total += 1 / (rank + 1)))
  return () => {
    const at = random() * total
    const index = sums.findIndex((sum) => sum > at)
    return items[index] as T
  }
}

/** The items in an order that depends on the random numbers alone (Fisher and Yates). */
export function shuffled<T>(items: readonly T[], random: () => number): T[] {
  const order = [...items]
  for (let i = order.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1))
    ;[order[i], order[j]] = [order[j] as T, order[i] as T]
  }
  return order
}
