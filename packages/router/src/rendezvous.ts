import type { Router, RouterFactory, RouterNode } from '@shale/contracts'
import { checkCount, checkNodes, type WeightedNode } from './check-nodes.ts'
import { hashTag } from './hash-tag.ts'
import { hashText, mix } from './key-hash.ts'

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
  readonly #equal: boolean

  constructor(nodes: readonly RouterNode[]) {
    this.nodes = checkNodes(nodes)
    const sorted = this.nodes.toSorted((a, b) => (a.name < b.name ? -1 : 1))
    this.#names = sorted.map(({ name }) => name)
    this.#seeds = Int32Array.from(sorted, ({ name }) => mix(hashText(name)))
    this.#weights = Float64Array.from(sorted, ({ weight }) => weight)
    this.#equal = sorted.every(({ weight }) => weight === sorted[0]!.weight)
  }

  route(key: string): string {
    const hash = hashText(hashTag(key))
    return this.#names[this.#equal ? highestDraw(hash, this.#seeds) : bestScore(hash, this.#seeds, this.#weights)]!
  }

  rank(key: string, count: number): string[] {
    checkCount(count)
    const hash = hashText(hashTag(key))
    const scores = Array.from(this.#seeds, (seed, i) => (this.#equal ? draw(hash, seed) : score(draw(hash, seed), this.#weights[i]!)))
    const order = Array.from(scores.keys()).sort((a, b) => scores[b]! - scores[a]! || a - b)
    return order.slice(0, count).map((i) => this.#names[i]!)
  }
}

/** With equal weights the score grows with the draw, so that the draws alone decide. */
function highestDraw(hash: number, seeds: Int32Array): number {
  let best = 0
  let highest = -(2 ** 31)
  for (let i = 0; i < seeds.length; i++) {
    // With their first bit turned over, signed integers compare as unsigned ones do.
    const drawn = mix(hash ^ seeds[i]!) ^ 0x80000000
    if (drawn > highest) {
      highest = drawn
      best = i
    }
  }
  return best
}

function bestScore(hash: number, seeds: Int32Array, weights: Float64Array): number {
  let best = 0
  let highest = 0
  for (let i = 0; i < seeds.length; i++) {
    const drawn = draw(hash, seeds[i]!)
    const weight = weights[i]!
    // Since ln(u) < u - 1, no score reaches weight / (1 - u): most nodes are out without a logarithm.
    if (highest * (1 - unit(drawn)) >= weight) continue
    const scored = score(drawn, weight)
    if (scored > highest) {
      highest = scored
      best = i
    }
  }
  return best
}

function draw(hash: number, seed: number): number {
  return mix(hash ^ seed) >>> 0
}

/** A draw as a number between 0 and 1, neither included. */
function unit(drawn: number): number {
  return (drawn + 0.5) / 2 ** 32
}

function score(drawn: number, weight: number): number {
  return -weight / Math.log(unit(drawn))
}
