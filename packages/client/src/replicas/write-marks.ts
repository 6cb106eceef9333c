/**
 * Which offset of a primary has which generations of own writes (see `OwnWrites`): a replica whose own offset has passed it has
 * them too.
 */
export class WriteMarks {
  /** Generations that are closed, and the offset of the primary that has them; both only grow. */
  #closed: { readonly generation: number; readonly offset: number }[] = []

  /** What the primary said when a generation closed. */
  closed(generation: number, offset: number): void {
    this.#closed.push({ generation, offset })
    if (this.#closed.length > mostClosed) this.#closed.shift()
  }

  /** The latest generation that a server with this offset has; -1 if none is known. */
  passedAt(offset: number): number {
    return this.#closed.findLast((closed) => closed.offset <= offset)?.generation ?? -1
  }

  /** Another history of writes begins, whose offsets have nothing to do with those so far: what was written must be passed anew. */
  restart(): void {
    this.#closed = []
  }
}

/** How many offsets of the primary are kept: with one each round of questions, more than any replica that is read needs. */
const mostClosed = 1024
