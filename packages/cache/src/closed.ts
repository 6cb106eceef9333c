import { ShaleError } from '@shale/contracts'

/**
 * Refuses a call on a closed cache, in the next turn of the event loop: whoever asks again at once, for ever, must not keep the loop from
 * what `close` waits for.
 */
export function refuseClosed(call: string): Promise<never> {
  const error = new ShaleError('CLOSED', `${call}: the cache was closed; make a new one with createCache.`)
  return new Promise((_, reject) => setImmediate(reject, error))
}

/** Keys that are refused when they are asked for. */
export function refuseKeys(): AsyncIterable<never> {
  return { [Symbol.asyncIterator]: () => ({ next: () => refuseClosed('keys') }) }
}
