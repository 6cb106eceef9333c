import type { Answer, BatchOperation } from '@shale/contracts'
import type { OpenRead } from './open-reads.ts'

/** Reads from the primary. */
export type ReadPrimary = <I, T>(operation: BatchOperation<I, T>, items: readonly I[]) => Promise<Answer<T>[]>

/** One read of a replica, and those of its items that the primary was asked for instead since a write came after them. */
export class ReplicaRead<I, T> implements OpenRead {
  readonly keys: readonly string[]
  instead: Map<number, Promise<Answer<T>[]>> | undefined
  readonly #operation: BatchOperation<I, T>
  readonly #items: readonly I[]
  readonly #primary: ReadPrimary

  constructor(operation: BatchOperation<I, T>, items: readonly I[], primary: ReadPrimary) {
    this.keys = items.map((item) => operation.keyOf(item))
    this.#operation = operation
    this.#items = items
    this.#primary = primary
  }

  overtaken(key: string): void {
    this.instead ??= new Map()
    const { instead, keys } = this
    for (let i = keys.indexOf(key); i >= 0; i = keys.indexOf(key, i + 1)) {
      if (!instead.has(i)) instead.set(i, this.#primary(this.#operation, [this.#items[i] as I]))
    }
  }
}
