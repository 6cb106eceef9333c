import { ShaleError } from '@shale/contracts'

/** Whoever knows the members of a set and may change them. */
export interface MemberSource {
  /** Looks again, at once or when it thinks fit; changes the members by `setMembers`. Rejects with why nothing was learnt. */
  look(isUrgent: boolean): Promise<void>
}

/** The questions to a source, one at a time, by the rounds in which they are asked. Without a source all are answered. */
export class SourceQuestions {
  /** The latest round whose question was answered, be it by an error. */
  answeredIn = 0
  /** Why nothing was learnt the last time. */
  error: ShaleError | undefined
  readonly #source: MemberSource | undefined
  #isAsked = false

  constructor(source: MemberSource | undefined) {
    this.#source = source
    if (source === undefined) this.answeredIn = Infinity
  }

  /** Whether the set has all its members from a source. */
  get isThere(): boolean {
    return this.#source !== undefined
  }

  /** Asks, if no question is open, and calls `answered` when that is over. */
  async ask(round: number, isUrgent: boolean, answered: () => void): Promise<void> {
    if (this.#source === undefined || this.#isAsked) return
    this.#isAsked = true
    try {
      await this.#source.look(isUrgent)
      this.error = undefined
    } catch (error) {
      this.error = ShaleError.from(error, 'SERVER_UNAVAILABLE')
    }
    this.#isAsked = false
    this.answeredIn = round
    answered()
  }
}
