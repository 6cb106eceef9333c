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
  of(server: string | undefined, begins?: () => void): ShaleError {
    const who = server === undefined ? '' : `${server}: `
    let error = this.#errors.get(who)
    if (error === undefined) {
      if (this.#errors.size === 0) {
        queueMicrotask(() => this.#errors.clear())
        begins?.()
      }
      const what = `${who}no answer within ${this.#timeout} ms; whether the operation was carried out is not known.`
      error = new ShaleError('SERVER_TIMEOUT', what)
      this.#errors.set(who, error)
    }
    return error
  }
}
