import type { ErrorCode } from './error-codes.ts'

const brand: unique symbol = Symbol.for('@shale/error') as never

/** What a `ShaleError` may be told beside its code and message. */
export interface ShaleErrorOptions {
  /** What led to this error; never holds a secret. */
  readonly cause?: unknown
  /** What had been done when the operation failed; its shape is the operation's own. */
  readonly partial?: unknown
}

/**
 * The one error of all Shale packages. Its message says what was expected, what was found and what to do.
 * Recognise it with `ShaleError.is`, which also knows the errors of another copy of this package.
 */
export class ShaleError extends Error {
  /** True of a `ShaleError` of any copy of this package in the process. */
  static is(error: unknown): error is ShaleError {
    return typeof error === 'object' && error !== null && (error as { [brand]?: unknown })[brand] === true
  }

  /** The error itself if it is a `ShaleError`; otherwise a new one with `code`, whose cause it is. */
  static from(error: unknown, code: ErrorCode): ShaleError {
    if (ShaleError.is(error)) return error
    const message = error instanceof Error ? error.message : String(error)
    return new ShaleError(code, message, { cause: error })
  }

  override readonly name: string = 'ShaleError'
  readonly code: ErrorCode
  /** What had been done when the operation failed; `undefined` where nothing can be said. */
  readonly partial: unknown

  constructor(code: ErrorCode, message: string, options: ShaleErrorOptions = {}) {
    super(message, 'cause' in options ? { cause: options.cause } : undefined)
    this.code = code
    this.partial = options.partial
    Object.defineProperty(this, brand, { value: true })
    // A name and an absent `partial` are no news in a printed error.
    Object.defineProperty(this, 'name', { enumerable: false })
    if (options.partial === undefined) Object.defineProperty(this, 'partial', { enumerable: false })
  }
}
