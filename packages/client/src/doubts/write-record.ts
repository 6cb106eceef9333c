import { ShaleError, type BatchOperation, type StoreMove } from '@shale/contracts'
import { doubtRules } from './doubt-rules.ts'
import type { DoubtfulKeys } from './doubtful-keys.ts'
import type { WritesUnderWay } from './writes-under-way.ts'

export interface WriteRecordParts {
  readonly doubts: DoubtfulKeys
  readonly underWay: WritesUnderWay
  /** Told of each key that is put in doubt. */
  readonly doubted: () => void
}

/** Keeps account of the writes through a store: of each key that they concern what is under way, and whether it is in doubt. */
export class WriteRecord {
  readonly #parts: WriteRecordParts

  constructor(parts: WriteRecordParts) {
    this.#parts = parts
  }

  /** A batch was asked for. */
  begin<I, T>(operation: BatchOperation<I, T>, items: readonly I[], start: number): void {
    const { underWay } = this.#parts
    for (const item of items) {
      underWay.begin(operation.keyOf(item), start)
      if (operation.name === 'move') underWay.begin((item as StoreMove).to, start)
    }
  }

  /**
   * An item of it has its answer.
   *
   * @param failed whether it may not have been carried out, or may yet be.
   * @param isSpoilt whether what it was done to was out of date: what it left is so too, perhaps under another key.
   */
  end<I, T>(operation: BatchOperation<I, T>, item: I, start: number, answer: unknown, failed: boolean, isSpoilt: boolean): void {
    const { marks, ends } = doubtRules[operation.name]
    const key = operation.keyOf(item)
    const isMove = operation.name === 'move'
    const hasEnded = !ShaleError.is(answer) && ends(answer) && !(isMove && isSpoilt)
    this.endKey(key, start, marks && (failed || (isSpoilt && !hasEnded)), hasEnded)
    const { to } = item as StoreMove
    if (isMove && to !== key) this.endKey(to, start, failed || isSpoilt, answer === true)
  }

  /** A write of a key is over: it failed, or ended what was older, or neither. */
  endKey(key: string, start: number, failed: boolean, hasEnded: boolean): void {
    const { doubts, underWay, doubted } = this.#parts
    if (failed && !underWay.isOvertaken(key, start)) {
      doubts.add(key, start, underWay.last)
      doubted()
    }
    if (hasEnded && !failed && !doubts.isEmpty) doubts.end(key, start)
    underWay.settle(key, start, failed ? 'failed' : hasEnded ? 'ended' : 'done')
  }
}
