import type { ShaleError } from '@shale/contracts'

/**
 * An error that is made once for each `K` and shared by all that are refused: they may come by the hundred thousand, and an error
 * with its stack costs more than the command that it refuses.
 */
export function oneErrorFor<K extends object>(make: (of: K) => ShaleError): (of: K) => ShaleError {
  const made = new WeakMap<K, ShaleError>()
  return (of) => {
    let error = made.get(of)
    if (error === undefined) {
      error = make(of)
      made.set(of, error)
    }
    return error
  }
}
