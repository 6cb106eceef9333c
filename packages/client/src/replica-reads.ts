import { ShaleError, type Answer, type BatchOperation, type Clock } from '@shale/contracts'
import type { Member } from './member.ts'
import type { OpenRead, OpenReads } from './open-reads.ts'
import { PendingCalls } from './pending-calls.ts'

export interface ReplicaReadsOptions {
  /** Milliseconds that a call may take. */
  readonly timeout: number
  readonly clock: Clock
  readonly openReads: OpenReads
  /** Whether what is missing at a replica is asked for again at the primary. */
  readonly confirmsMisses: boolean
  /** Reads from the primary. */
  primary<I, T>(operation: BatchOperation<I, T>, items: readonly I[]): Promise<Answer<T>[]>
  /** How to read after a member has failed, if there is a way. */
  next<I, T>(failed: Member, operation: BatchOperation<I, T>, items: readonly I[]): (() => Promise<Answer<T>[]>) | undefined
}

/** One read of a replica, and those of its items that the primary was asked for instead since a write came after them. */
class ReplicaRead<I, T> implements OpenRead {
  readonly keys: readonly string[]
  instead: Map<number, Promise<Answer<T>[]>> | undefined
  readonly #operation: BatchOperation<I, T>
  readonly #items: readonly I[]
  readonly #primary: ReplicaReadsOptions['primary']

  constructor(operation: BatchOperation<I, T>, items: readonly I[], primary: ReplicaReadsOptions['primary']) {
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

const failedToAnswer = (answer: unknown): answer is ShaleError =>
  typeof answer === 'object' && ShaleError.is(answer) && answer.code.startsWith('SERVER_')

/**
 * Reads that may go to a replica. One that fails, or has not answered when half of the time is over, is asked for elsewhere as
 * far as the policy says.
 */
export class ReplicaReads {
  readonly #options: ReplicaReadsOptions
  readonly #halfTime: PendingCalls

  constructor(options: ReplicaReadsOptions) {
    this.#options = options
    this.#halfTime = new PendingCalls(options.timeout / 2, options.clock)
  }

  /** Reads from a replica that has all writes of these keys. */
  async read<I, T>(member: Member, operation: BatchOperation<I, T>, items: readonly I[]): Promise<Answer<T>[]> {
    const { openReads, primary, confirmsMisses } = this.#options
    const read = new ReplicaRead(operation, items, primary)
    openReads.begin(read.keys, read)
    try {
      const answers = await this.orElse(member, operation.call(member.server.store, items), operation, items)
      if (confirmsMisses) await this.#confirmMisses(answers, operation, items)
      if (read.instead !== undefined) {
        for (const [place, answer] of read.instead) answers[place] = (await answer)[0] as Answer<T>
      }
      return answers
    } finally {
      openReads.end(read.keys, read)
    }
  }

  async #confirmMisses<I, T>(answers: Answer<T>[], operation: BatchOperation<I, T>, items: readonly I[]): Promise<void> {
    const places = answers.flatMap((answer, place) => (answer === undefined || answer === false ? [place] : []))
    if (places.length === 0) return
    const missing = places.map((place) => items[place] as I)
    const confirmed = await this.#options.primary(operation, missing)
    confirmed.forEach((answer, i) => (answers[places[i] as number] = answer))
  }

  /** The answers of a member; of what it fails to answer, those of another. */
  async orElse<I, T>(
    member: Member,
    asked: Promise<Answer<T>[]>,
    operation: BatchOperation<I, T>,
    items: readonly I[],
  ): Promise<Answer<T>[]> {
    const { next } = this.#options
    const late = (): Answer<T>[] | Promise<Answer<T>[]> => next(member, operation, items)?.() ?? asked
    let isLate = false
    const answers = await this.#halfTime.add<Answer<T>[], undefined, undefined>(
      asked,
      () => {
        isLate = true
        return late() as Answer<T>[]
      },
      undefined,
      undefined,
    )
    if (isLate || !answers.some(failedToAnswer)) return answers
    const places = answers.flatMap((answer, i) => (failedToAnswer(answer) ? [i] : []))
    const others = await next(
      member,
      operation,
      places.map((place) => items[place] as I),
    )?.()
    others?.forEach((answer, i) => (answers[places[i] as number] = answer))
    return answers
  }
}
