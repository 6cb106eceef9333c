import type { ShaleError } from '@shale/contracts'

/** Rejects in the next turn of the event loop: whoever asks again at once, for ever, must not keep the loop from what would help. */
export function refuse(error: ShaleError): Promise<never> {
  return new Promise((_, reject) => setImmediate(reject, error))
}
