/** Where a node stands on a ring: an unsigned integer of 32 bits, and the node's index. */
export interface RingPoint {
  readonly position: number
  readonly node: number
}

/** Positions of nodes on a circle of 2^32, in ascending order; of equal ones, in the order given. */
export class Ring {
  readonly #positions: Uint32Array
  readonly #nodes: Uint32Array

  constructor(points: readonly RingPoint[]) {
    const sorted = points.toSorted((a, b) => a.position - b.position)
    this.#positions = Uint32Array.from(sorted, ({ position }) => position)
    this.#nodes = Uint32Array.from(sorted, ({ node }) => node)
  }

  /** The node of the first point at or after a position, or of the first of all beyond the last. */
  successor(position: number): number {
    return this.#nodes[this.#before(position) % this.#nodes.length]!
  }

  /** The node of the last point at or before a position, or of the last of all before the first. */
  predecessor(position: number): number {
    return this.#nodes.at(this.#before(position + 1) - 1)!
  }

  /** Up to `count` distinct nodes, as they are met clockwise from `successor`. */
  successors(position: number, count: number): number[] {
    return this.#walk(this.#before(position), 1, count)
  }

  /** Up to `count` distinct nodes, as they are met counter-clockwise from `predecessor`. */
  predecessors(position: number, count: number): number[] {
    return this.#walk(this.#before(position + 1) - 1, -1, count)
  }

  #walk(start: number, step: number, count: number): number[] {
    const size = this.#nodes.length
    const met = new Set<number>()
    for (let i = 0; i < size && met.size < count; i++) met.add(this.#nodes[(start + step * i + 2 * size) % size]!)
    return [...met]
  }

  /** How many points lie before a position. */
  #before(position: number): number {
    let low = 0
    let high = this.#positions.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#positions[middle]! < position) low = middle + 1
      else high = middle
    }
    return low
  }
}
