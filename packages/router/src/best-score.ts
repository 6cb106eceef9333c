import { draw } from './draws.ts'

/** The score of a draw, `-weight / ln((draw + 0.5) / 2^32)`. */
export function score(drawn: number, weight: number): number {
  return -weight / Math.log((drawn + 0.5) / 2 ** 32)
}

/**
 * Finds the node with the best score for a key, and computes only the scores that come close to each other.
 *
 * Let `x` be `1 - (draw + 0.5) / 2^32`. A node's cost is `-ln(1 - x) / weight`: the lowest cost has the best score. It is
 * at least `x / weight`, and at least `x / weight * (1 + x / (2 - x))`; it is at most `x / weight * (1 + x / (2 * (1 - x)))`.
 * Whoever wins among many has a small `x`, for which these are nearly the same, so that they decide; else logarithms do.
 */
export class BestScore {
  /** Heaviest first: a node that is likely to win rules out many, and neighbours share a limit for what they have to draw. */
  readonly #order: Int32Array
  readonly #seeds: Int32Array
  readonly #weights: Float64Array
  readonly #reciprocals: Float64Array

  /** Of each node its seed, folded, and its weight. */
  constructor(seeds: Int32Array, weights: Float64Array) {
    this.#order = Int32Array.from(weights.keys()).sort((a, b) => weights[b]! - weights[a]! || a - b)
    this.#seeds = Int32Array.from(this.#order, (i) => seeds[i]!)
    this.#weights = Float64Array.from(this.#order, (i) => weights[i]!)
    this.#reciprocals = this.#weights.map((weight) => 1 / weight)
  }

  /** The index of the node with the best score for a key's hash, folded; of equal scores the first. */
  choose(folded: number): number {
    const hash = folded | 0
    const seeds = this.#seeds
    const reciprocals = this.#reciprocals
    const count = seeds.length
    let best = 0
    // The cost of the best so far, times 2^32.
    let atLeast = Infinity
    let atMost = Infinity
    for (let start = 0; start < count; start += neighbours) {
      const end = Math.min(start + neighbours, count)
      const least = leastDraw(atMost * this.#weights[start]!)
      for (let i = start; i < end; i++) {
        // `stir` and `fold`, written out: a call into another module is looked up each time.
        const half = Math.imul(hash ^ seeds[i]!, 0x85ebca6b)
        const stirred = Math.imul(half ^ (half >>> 13), 0xc2b2ae35) >>> 0
        if (stirred < least) continue
        const missing = (~(stirred ^ (stirred >>> 16)) >>> 0) + 0.5
        const cost = missing * reciprocals[i]!
        if (cost >= atMost) continue
        const x = missing / 2 ** 32
        const costAtMost = cost * (1 + x / (2 * (1 - x))) * roundings
        if (costAtMost >= atLeast && !this.#beats(i, best, hash)) continue
        best = i
        atLeast = cost * (1 + x / (2 - x))
        atMost = costAtMost
      }
    }
    return this.#order[best]!
  }

  #beats(one: number, other: number, hash: number): boolean {
    const difference = this.#score(one, hash) - this.#score(other, hash)
    return difference > 0 || (difference === 0 && this.#order[one]! < this.#order[other]!)
  }

  #score(node: number, hash: number): number {
    return score(draw(hash, this.#seeds[node]!), this.#weights[node]!)
  }
}

/** How many nodes share a limit, which is that of the heaviest of them. */
const neighbours = 8
/** More than all roundings on the way amount to. */
const roundings = 1 + 2 ** -40

/** Below this, a draw is certain to miss 2^32 by more than `missing`. Its lower half is zero, since that of a draw is not final until it is folded. */
function leastDraw(missing: number): number {
  const drawn = 2 ** 32 - 1 - missing
  return drawn > 0 ? (drawn & 0xffff0000) >>> 0 : 0
}
