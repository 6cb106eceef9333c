import { describe, type Router, type RouterFactory, type RouterNode } from '@shale/contracts'
import { checkCount, checkNodes, invalid, type WeightedNode } from './check-nodes.ts'
import { jumpHash } from './jump-hash.ts'
import { hashKey, mix } from './key-hash.ts'

/**
 * Jump consistent hashing: the nodes are numbered in the order given, and one added at the end, or removed there, moves
 * its share of the keys and no other. Anywhere else most keys move. It knows no weights.
 *
 * The key of 64 bits is `mix(h)` in its low half and `mix(h ^ 0x9e3779b9)` in its high one, where `h` is `hashText(key)`.
 * For the next in rank, `h` grows by 0x9e3779b9 and jumps among the nodes that are left.
 *
 * Source: see `jumpHash`.
 */
export function jump(): RouterFactory {
  return (nodes) => new JumpRouter(nodes)
}

class JumpRouter implements Router {
  readonly nodes: readonly WeightedNode[]

  constructor(nodes: readonly RouterNode[]) {
    this.nodes = checkNodes(nodes)
    const index = this.nodes.findIndex(({ weight }) => weight !== 1)
    if (index === -1) return
    throw invalid(
      `nodes[${index}].weight: expected 1, since jump() knows no weights; found ${describe(this.nodes[index]!.weight)}. Leave it out, or use rendezvous().`,
    )
  }

  route(key: string): string {
    return this.nodes[jumpText(hashKey(key), this.nodes.length)]!.name
  }

  rank(key: string, count: number): string[] {
    const left = this.nodes.map(({ name }) => name)
    const ranked: string[] = []
    let hash = hashKey(key)
    for (let missing = Math.min(checkCount(count), left.length); missing > 0; missing--) {
      ranked.push(...left.splice(jumpText(hash, left.length), 1))
      hash = (hash + step) | 0
    }
    return ranked
  }
}

function jumpText(hash: number, buckets: number): number {
  return jumpHash(mix(hash ^ step), mix(hash), buckets)
}

/** 2^32 over the golden ratio. */
const step = 0x9e3779b9 | 0
