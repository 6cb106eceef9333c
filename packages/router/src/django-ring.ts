import { describe, type Router, type RouterFactory, type RouterNode } from '@shale/contracts'
import { checkKey } from './check-key.ts'
import { checkCount, checkNodes, invalid, type WeightedNode } from './check-nodes.ts'
import { md5 } from './md5.ts'
import { Ring } from './ring.ts'

/**
 * The ring of django-redis-cache from 2.0 on: a stored key lives where a Django application finds it, if each node is named
 * by its `djangoIdentity`. A node has 16 points per unit of weight, which has to be an integer; a key lives on the node
 * of the last point at or before it. The whole key is hashed, whatever braces it holds. The order of the nodes
 * matters for nodes with a point in common only, where the last given has it, as in Django.
 *
 * Source: `redis_cache/sharder.py` of django-redis-cache.
 */
export function djangoRing(): RouterFactory {
  return (nodes) => new DjangoRouter(nodes)
}

const pointsPerWeight = 16
/** Keeps the ring within memory. */
const maxRingWeight = 1000

class DjangoRouter implements Router {
  readonly nodes: readonly WeightedNode[]
  readonly #ring: Ring

  constructor(nodes: readonly RouterNode[]) {
    this.nodes = checkNodes(nodes)
    for (const [index, { weight }] of this.nodes.entries()) {
      if (Number.isInteger(weight) && weight <= maxRingWeight) continue
      throw invalid(
        `nodes[${index}].weight: expected an integer up to ${maxRingWeight}, since djangoRing() has ${pointsPerWeight} points for each unit; found ${describe(weight)}. ` +
          'Leave it out: a Django application gives all its servers the weight 1.',
      )
    }
    this.#ring = new Ring(
      this.nodes.flatMap(({ name, weight }, node) =>
        Array.from({ length: pointsPerWeight * weight }, (_, i) => ({ position: positionOf(`${i}:${name}`), node })),
      ),
    )
  }

  route(key: string): string {
    checkKey(key)
    return this.nodes[this.#ring.predecessor(positionOf(key))]!.name
  }

  rank(key: string, count: number): string[] {
    checkKey(key)
    return this.#ring.predecessors(positionOf(key), checkCount(count)).map((node) => this.nodes[node]!.name)
  }
}

/** The last eight hexadecimal digits of a text's MD5, as a number: its last integer, read the other way round. */
function positionOf(text: string): number {
  md5(text, digest)
  const word = digest[3]!
  return ((word << 24) | ((word & 0xff00) << 8) | ((word >>> 8) & 0xff00) | (word >>> 24)) >>> 0
}

const digest = new Int32Array(4)
