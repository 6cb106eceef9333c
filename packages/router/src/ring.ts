/** Where a node stands on a ring: an unsigned integer of 32 bits, and the node's index. */
export interface RingPoint {
  readonly position: number
  readonly node: number
}

/** Positions of nodes on a circle of 2^32, in ascending order; of equal ones, in the order given. */
export class Ring {
  readonly #positions: Uint32Array
  readonly #nodes: Uint32Array
  /** The circle is cut into equal arcs, about one for each point. How many points lie before each arc. */
  readonly #before: Uint32Array
  /** A position's arc is what remains of it after a shift by this. */
  readonly #shift: number

  constructor(points: readonly RingPoint[]) {
    const sorted = points.toSorted((a, b) => a.position - b.position)
    this.#positions = Uint32Array.from(sorted, ({ position }) => position)
    this.#nodes = Uint32Array.from(sorted, ({ node }) => node)
    const bits = Math.max(1, 32 - Math.clz32(points.length - 1))
    this.#shift = 32 - bits
    this.#before = new Uint32Array(2 ** bits)
    for (let arc = 0, point = 0; arc < 2 ** bits; arc++) {
      while (point < sorted.length && sorted[point]!.position < arc * 2 ** this.#shift) point++
      this.#before[arc] = point
    }
  }

  /** The node of the first point at or after a position, or of the first of all beyond the last. */
  successor(position: number): number {
    const point = this.#from(position)
    return this.#nodes[point === this.#nodes.length ? 0 : point]!
  }

  /** The node of the last point at or before a position, or of the last of all before the first. */
  predecessor(position: number): number {
    const point = this.#after(position)
    return this.#nodes[(point === 0 ? this.#nodes.length : point) - 1]!
  }

  /** Up to `count` distinct nodes, as they are met clockwise from `successor`. */
  successors(position: number, count: number): number[] {
    return this.#walk(this.#from(position), 1, count)
  }

  /** Up to `count` distinct nodes, as they are met counter-clockwise from `predecessor`. */
  predecessors(position: number, count: number): number[] {
    return this.#walk(this.#after(position) - 1, -1, count)
  }

  #walk(start: number, step: number, count: number): number[] {
    const size = this.#nodes.length
    const met = new Set<number>()
    for (let i = 0; i < size && met.size < count; i++) met.add(this.#nodes[(start + step * i + 2 * size) % size]!)
    return [...met]
  }

  /** How many points lie before a position. */
  #from(position: number): number {
    let point = this.#before[position >>> this.#shift]!
    while (point < this.#positions.length && this.#positions[point]! < position) point++
    return point
  }

  /** How many points lie at a position or before it. */
  #after(position: number): number {
    let point = this.#before[position >>> this.#shift]!
    while (point < this.#positions.length && this.#positions[point]! <= position) point++
    return point
  }
}
