import { describe, type BreakerState, type ErrorCode, type ShaleError } from '@shale/contracts'

/** Every event of a cache and what its listeners are told. The list is closed. */
export interface CacheEvents {
  /** A server was reached: at first, and again after its connection was lost. */
  connect: { readonly server: string }
  /** A connection was lost; the cache goes on trying to get it back. */
  disconnect: { readonly server: string; readonly error: ShaleError }
  /** An operation gave its safe answer instead of the server's; told once a call. */
  degraded: { readonly operation: string; readonly keys: readonly string[]; readonly error: ShaleError }
  /** An entry could not be read, and was a miss: unknown or corrupt codec, another key's, another Redis type. */
  'decode-error': { readonly key: string; readonly stored: string; readonly error: ShaleError & { readonly code: ErrorCode } }
  /** A server's breaker changed: `'open'` calls are refused at once, `'half-open'` it is being tried, `'closed'` it serves. */
  breaker: { readonly server: string; readonly state: BreakerState }
  /** Another server is the primary of a shard now; `previous` is `undefined` for the first that was found. */
  primary: { readonly shard: string; readonly server: string; readonly previous: string | undefined }
  /** A replica is read from now on, or is not any more; `lag` in milliseconds, `undefined` where it is not known. */
  replica: { readonly shard: string; readonly server: string; readonly readable: boolean; readonly lag: number | undefined }
  /** A shard is back, and the keys whose last write had failed there were removed: how many, `undefined` for all of this cache. */
  repaired: { readonly shard: string; readonly keys: number | undefined }
}

/** The name of an event. */
export type CacheEventName = keyof CacheEvents

/** All event names. */
export const eventNames: readonly CacheEventName[] = [
  'connect',
  'disconnect',
  'degraded',
  'decode-error',
  'breaker',
  'primary',
  'replica',
  'repaired',
]

/** Listeners by event. A listener that throws or rejects is reported as a process warning and harms nobody. */
export class Emitter {
  readonly #listeners = new Map<CacheEventName, Set<(event: never) => void>>()

  /** Adds a listener; the result removes it. */
  on<Name extends CacheEventName>(name: Name, listener: (event: CacheEvents[Name]) => void): () => void {
    const listeners = this.#listeners.get(name) ?? new Set()
    this.#listeners.set(name, listeners.add(listener))
    return () => void listeners.delete(listener)
  }

  emit<Name extends CacheEventName>(name: Name, event: CacheEvents[Name]): void {
    for (const listener of this.#listeners.get(name) ?? []) {
      try {
        const result: unknown = listener(event as never)
        if (result instanceof Promise) result.catch((error: unknown) => warn(name, error))
      } catch (error) {
        warn(name, error)
      }
    }
  }
}

function warn(name: CacheEventName, error: unknown): void {
  process.emitWarning(
    `A listener of the cache event '${name}' failed: ${error instanceof Error ? error.message : describe(error)}`,
    'ShaleWarning',
  )
}
