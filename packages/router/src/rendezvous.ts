import type { Router, RouterFactory, RouterNode } from '@shale/contracts'
import { BestScore, score } from './best-score.ts'
import { checkCount, checkNodes, type WeightedNode } from './check-nodes.ts'
import { draw, highestDraw } from './draws.ts'
import { fold, hashKey, hashText, mix } from './key-hash.ts'

/**
 * Rendezvous hashing, weighted: each node draws a number for each key, and the best score owns it. A node gets its share
 * by weight; one that is added takes keys from all others in proportion and moves none between them; the order of
 * the nodes does not matter.
 *
 * The draw of a node is `mix(hashText(key) ^ mix(hashText(name)))`, read as unsigned. It becomes a score
 * `-weight / ln((draw + 0.5) / 2^32)`; of equal scores the lowest name by UTF-16 code units wins.
 *
 * Source: Thaler and Ravishankar, "Using name-based mappings to increase hit rates" (1998), for the highest draw; Schindler
 * and Schomaker, "Weighted distributed hash tables" (2005), and Resch, "New hashing algorithms for data storage" (2015), for
 * the score.
 */
export function rendezvous(): RouterFactory {
  return (nodes) => new RendezvousRouter(nodes)
}

class RendezvousRouter implements Router {
  readonly nodes: readonly WeightedNode[]
  /** Sorted, so that the first of equal scores is the one of the lowest name. */
  readonly #names: readonly string[]
  readonly #seeds: Int32Array
  readonly #weights: Float64Array
  /** None with equal weights: the score grows with the draw then, so that the draws alone decide. */
  readonly #scores: BestScore | undefined

  constructor(nodes: readonly RouterNode[]) {
    this.nodes = checkNodes(nodes)
    const sorted = this.nodes.toSorted((a, b) => (a.name < b.name ? -1 : 1))
    this.#names = sorted.map(({ name }) => name)
    this.#seeds = Int32Array.from(sorted, ({ name }) => fold(mix(hashText(name))))
    this.#weights = Float64Array.from(sorted, ({ weight }) => weight)
    const equal = sorted.every(({ weight }) => weight === sorted[0]!.weight)
    this.#scores = equal ? undefined : new BestScore(this.#seeds, this.#weights)
  }

  route(key: string): string {
    const folded = fold(hashKey(key))
    return this.#names[this.#scores === undefined ? highestDraw(folded, this.#seeds) : this.#scores.choose(folded)]!
  }

  rank(key: string, count: number): string[] {
    checkCount(count)
    const folded = fold(hashKey(key))
    const equal = this.#scores === undefined
    const scores = Float64Array.from(this.#seeds, (seed, i) => {
      const drawn = draw(folded, seed)
      return equal ? drawn : score(drawn, this.#weights[i]!)
    })
    const order = Array.from(scores.keys()).sort((a, b) => scores[b]! - scores[a]! || a - b)
    return order.slice(0, count).map((i) => this.#names[i]!)
  }
}
