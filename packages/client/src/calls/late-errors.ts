import { ShaleError } from '@shale/contracts'

/**
 * The errors of calls that have no answer in time: one for each server, shared by all that are given up at once. They may come by the
 * hundred thousand, when the process is busy enough.
 */
export class LateErrors {
  readonly #timeout: number
  readonly #errors = new Map<string, ShaleError>()

  /** @param timeout milliseconds that a call has. */
  constructor(timeout: number) {
    this.#timeout = timeout
  }

  /** The error of a call that is given up now; `begins` is called before the first of those that are given up at once. */
  of(server: string, begins?: () => void): ShaleError {
    let error = this.#errors.get(server)
    if (error === undefined) {
      if (this.#errors.size === 0) {
        queueMicrotask(() => this.#errors.clear())
        begins?.()
      }
      error = this.#late(server, '; whether the operation was carried out is not known')
      this.#errors.set(server, error)
    }
    return error
  }

  /** The error of a page of a scan, which carries nothing out; of its own, since there are few. */
  ofPage(server: string): ShaleError {
    return this.#late(server, '')
  }

  #late(server: string, fate: string): ShaleError {
    return new ShaleError('SERVER_TIMEOUT', `${server}: no answer within ${this.#timeout} ms${fate}.`)
  }
}
