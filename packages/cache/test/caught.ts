import { ShaleError } from '@shale/cache'

/** The error with which a call rejects; fails where it does not, or with an error of another kind. */
export async function caught(promise: Promise<unknown>): Promise<ShaleError> {
  const value = await promise.then(
    (given) => ({ given }),
    (error: unknown) => error,
  )
  if (ShaleError.is(value)) return value
  throw new Error(`Expected a ShaleError; found ${String(value instanceof Error ? value.stack : JSON.stringify(value))}`)
}

/** The error that a function throws at once. */
export function thrown(run: () => unknown): ShaleError {
  let value: unknown
  try {
    value = { given: run() }
  } catch (error) {
    value = error
  }
  if (ShaleError.is(value)) return value
  throw new Error(`Expected a ShaleError; found ${String(value)}`)
}
