import { describe, type Router, type RouterFactory, type RouterNode } from '@shale/contracts'
import { checkCount, checkNodes, invalid, type WeightedNode } from './check-nodes.ts'
import { hashTag } from './hash-tag.ts'
import { md5 } from './md5.ts'
import { Ring, type RingPoint } from './ring.ts'

/**
 * Consistent hashing as libketama does it, with its points: a key lives on the node whose point comes next on a ring. A
 * node has 160 points times its share by weight times the number of nodes, in steps of four. The order of the
 * nodes does not matter: of two with the same point, the one with the lowest name by UTF-16 code units has it.
 *
 * Source: `ketama_create_continuum` and `ketama_get_server` of libketama's `ketama.c` by Jones and Muehlhaeuser.
 */
export function ketama(): RouterFactory {
  return (nodes) => new KetamaRouter(nodes)
}

class KetamaRouter implements Router {
  readonly nodes: readonly WeightedNode[]
  readonly #names: readonly string[]
  readonly #ring: Ring

  constructor(nodes: readonly RouterNode[]) {
    this.nodes = checkNodes(nodes)
    const sorted = this.nodes.toSorted((a, b) => (a.name < b.name ? -1 : 1))
    this.#names = sorted.map(({ name }) => name)
    this.#ring = new Ring(pointsOf(sorted))
  }

  route(key: string): string {
    return this.#names[this.#ring.successor(positionOf(key))]!
  }

  rank(key: string, count: number): string[] {
    return this.#ring.successors(positionOf(key), checkCount(count)).map((node) => this.#names[node]!)
  }
}

function pointsOf(nodes: readonly WeightedNode[]): RingPoint[] {
  // Sorted, so that the sum of fractions does not depend on the order of the nodes.
  const total = nodes
    .map(({ weight }) => weight)
    .sort((a, b) => a - b)
    .reduce((sum, weight) => sum + weight, 0)
  return nodes.flatMap(({ name, weight }, node) => {
    const digests = digestsOf(weight, total, nodes.length)
    if (digests === 0) {
      throw invalid(
        `nodes: expected each weight to give at least one point of the ring; found ${describe(weight)} for ${describe(name)} where the mean is ${total / nodes.length}, ` +
          'a fortieth of which is the least. Raise it, leave the node out, or use rendezvous().',
      )
    }
    return Array.from({ length: digests }, (_, i) => {
      md5(`${name}-${i}`, digest)
      return Array.from(digest, (word) => ({ position: word >>> 0, node }))
    }).flat()
  })
}

/** How many digests of four points a node has. libketama computes with floats, whose rounding decides between 39 and 40. */
function digestsOf(weight: number, total: number, count: number): number {
  const share = Math.fround(Math.fround(weight) / Math.fround(total))
  return Math.floor(Math.fround(share * 40 * count))
}

function positionOf(key: string): number {
  md5(hashTag(key), digest)
  return digest[0]! >>> 0
}

const digest = new Int32Array(4)
