import type { Endpoint, ShaleError } from '@shale/contracts'
import { connectionError, type Coded } from './reply-error.ts'

/** What the commands get that were in flight when a connection ended: one error for all of them, unless the driver gives them different reasons. */
export class Unanswered {
  readonly #endpoint: Endpoint
  /** The reason that was given last, and the error that stands for it. */
  #last: { readonly reason: unknown; readonly error: ShaleError } | undefined

  constructor(endpoint: Endpoint) {
    this.#endpoint = endpoint
  }

  errorOf(reason: unknown): ShaleError {
    if (this.#last === undefined || !saysTheSame(this.#last.reason, reason)) {
      const what = 'the connection ended before the reply came; whether the command was run is not known'
      this.#last = { reason, error: connectionError(this.#endpoint, reason, what) }
    }
    return this.#last.error
  }
}

function saysTheSame(one: unknown, other: unknown): boolean {
  if (one === other) return true
  if (!(one instanceof Error && other instanceof Error)) return false
  return one.message !== '' && one.message === other.message && (one as Coded).code === (other as Coded).code
}
