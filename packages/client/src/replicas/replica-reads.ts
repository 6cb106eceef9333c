import { ShaleError, type Answer, type BatchOperation, type Clock, type Random } from '@shale/contracts'
import type { Member } from './member.ts'
import type { OpenReads } from './open-reads.ts'
import { PendingCalls } from '../calls/pending-calls.ts'
import type { ReadPolicy } from './read-policy.ts'
import { ReplicaRead, type ReadPrimary } from './replica-read.ts'

/** The members of a set that may be read. */
export interface ReadableMembers {
  readonly primary: Member | undefined
  /** The replicas that may be read now. */
  readable(now: number): readonly Member[]
}

export interface ReplicaReadsOptions {
  /** Milliseconds that a call may take. */
  readonly timeout: number
  readonly clock: Clock
  readonly random: Random
  readonly policy: ReadPolicy
  /** Whether what is missing at a replica is asked for again at the primary; `false` unless stated. */
  readonly confirmsMisses?: boolean
  readonly openReads: OpenReads
  readonly members: ReadableMembers
  /** Whether a replica has every write of a key that it must have to be read. */
  hasWrites(replica: Member, key: string): boolean
  /** Whether calls go straight to the primary. */
  isPrimaryKnown(): boolean
  readonly primary: ReadPrimary
}

const failedToAnswer = (answer: unknown): answer is ShaleError =>
  typeof answer === 'object' && ShaleError.is(answer) && answer.code.startsWith('SERVER_')

/** The part of the time after which a member that has not replied at all is quiet. */
const quietShare = 1 / 4

/**
 * Reads that may go to a replica. One that fails, or has not answered when half of the time is over, is asked for elsewhere as
 * far as the policy says.
 */
export class ReplicaReads {
  readonly #options: ReplicaReadsOptions
  readonly #halfTimes = new WeakMap<Member, PendingCalls>()

  constructor(options: ReplicaReadsOptions) {
    this.#options = options
  }

  /** Reads where the policy says. */
  read<I, T>(operation: BatchOperation<I, T>, items: readonly I[]): Promise<Answer<T>[]> {
    const { members, clock, policy, random, isPrimaryKnown } = this.#options
    const { primary } = members
    const readable = members.readable(clock.now())
    if (readable.length === 0) return this.#options.primary(operation, items)
    const canPrimary = primary !== undefined && isPrimaryKnown() && primary.server.available
    let chosen: Member | undefined
    try {
      chosen = policy.choose(canPrimary ? [primary, ...readable] : readable, random) as Member | undefined
    } catch (error) {
      const failure = ShaleError.from(error, 'CONFIG_INVALID')
      return Promise.resolve(items.map(() => failure))
    }
    return chosen === undefined ? this.#options.primary(operation, items) : this.#readFrom(chosen, operation, items)
  }

  /** Reads from one member; keys whose writes a replica may lack from the primary. */
  #readFrom<I, T>(member: Member, operation: BatchOperation<I, T>, items: readonly I[]): Promise<Answer<T>[]> {
    const { primary, members, hasWrites } = this.#options
    if (member === members.primary) return this.#orElse(member, primary(operation, items), operation, items)
    const lacking = items.filter((item) => !hasWrites(member, operation.keyOf(item)))
    if (lacking.length === 0) return this.#readReplica(member, operation, items, true)
    if (lacking.length === items.length) return primary(operation, items)
    return this.#readParts(member, operation, items, new Set(lacking))
  }

  async #readParts<I, T>(
    member: Member,
    operation: BatchOperation<I, T>,
    items: readonly I[],
    lacking: ReadonlySet<I>,
  ): Promise<Answer<T>[]> {
    const [ofPrimary, ofReplica] = await Promise.all([
      this.#options.primary(
        operation,
        items.filter((item) => lacking.has(item)),
      ),
      this.#readReplica(
        member,
        operation,
        items.filter((item) => !lacking.has(item)),
        true,
      ),
    ])
    let [p, r] = [0, 0]
    return items.map((item) => (lacking.has(item) ? ofPrimary[p++] : ofReplica[r++]) as Answer<T>)
  }

  /** How to read after a member has failed, if there is a way. */
  #next<I, T>(failed: Member, operation: BatchOperation<I, T>, items: readonly I[]): (() => Promise<Answer<T>[]>) | undefined {
    const { members, clock, policy, random, primary, hasWrites } = this.#options
    const others = members.readable(clock.now()).filter((member) => member !== failed)
    const next = policy.chooseAgain(failed, others, random) as Member | undefined
    // Only where it has all of them, and without another way: whoever asks a second time shall not have to ask a third.
    if (next !== undefined && items.every((item) => hasWrites(next, operation.keyOf(item)))) {
      return () => this.#readReplica(next, operation, items, false)
    }
    return failed === members.primary ? undefined : () => primary(operation, items)
  }

  /** Reads from a replica that has all writes of these keys; `orElse`, where it fails, from another. */
  async #readReplica<I, T>(member: Member, operation: BatchOperation<I, T>, items: readonly I[], orElse: boolean): Promise<Answer<T>[]> {
    const { openReads, primary, confirmsMisses } = this.#options
    const read = new ReplicaRead(operation, items, primary)
    openReads.begin(read.keys, read)
    try {
      const asked = operation.call(member.server.store, items)
      const answers = await (orElse ? this.#orElse(member, asked, operation, items) : asked)
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
  async #orElse<I, T>(
    member: Member,
    asked: Promise<Answer<T>[]>,
    operation: BatchOperation<I, T>,
    items: readonly I[],
  ): Promise<Answer<T>[]> {
    const { clock, timeout } = this.#options
    const since = clock.now()
    let isLate = false
    const late = (): Answer<T>[] => {
      isLate = true
      // Nobody waits for it any more.
      if (clock.now() - since >= timeout) return asked as unknown as Answer<T>[]
      // A promise serves as well: what it comes to is the answer.
      return (this.#next(member, operation, items)?.() ?? asked) as unknown as Answer<T>[]
    }
    const answers = await this.#halfTimeOf(member).add<Answer<T>[], undefined, undefined>(asked, late, undefined, undefined, since)
    if (isLate || !answers.some(failedToAnswer)) return answers
    const places = answers.flatMap((answer, i) => (failedToAnswer(answer) ? [i] : []))
    const others = await this.#next(
      member,
      operation,
      places.map((place) => items[place] as I),
    )?.()
    others?.forEach((answer, i) => (answers[places[i] as number] = answer))
    return answers
  }

  /**
   * The reads of a member that have not taken half of the time. When this process is late itself, so that replies lie unread, to ask a
   * second time only makes it later: while the member does answer, what the process was late by does not count.
   */
  #halfTimeOf(member: Member): PendingCalls {
    let halfTime = this.#halfTimes.get(member)
    if (halfTime === undefined) {
      const { timeout, clock } = this.#options
      const { server } = member
      halfTime = new PendingCalls(timeout / 2, clock, {
        get lateness() {
          return server.lateness
        },
        get counts() {
          return server.quietFor < timeout * quietShare
        },
      })
      this.#halfTimes.set(member, halfTime)
    }
    return halfTime
  }
}
