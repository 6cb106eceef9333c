import type { ShaleError } from '@shale/contracts'

/** What a load came to, for each of its callers to have a copy of its own. */
export interface Loaded {
  readonly bytes: Uint8Array
  /** The value as it was decoded already, for the first who takes it; `undefined` if it was not, or was taken. */
  value: unknown
}

/** A load under way, shared by all callers of its key in this process. */
export class Flight {
  /** Set when the key was written or removed since the load began: its result must not be stored. */
  voided = false
  /** The load, once it was started; `undefined` where there is no value. */
  result!: Promise<Loaded | undefined>
  readonly #abort = new AbortController()
  #callers = 0

  /** Aborted when no caller is left that wants the result. */
  get signal(): AbortSignal {
    return this.#abort.signal
  }

  join(): void {
    this.#callers++
  }

  /** A caller gives up; true if it was the last: then nothing is to be stored. */
  leave(reason: unknown): boolean {
    if (--this.#callers > 0) return false
    this.abandon(reason)
    return true
  }

  abandon(reason: unknown): void {
    this.voided = true
    this.#abort.abort(reason)
  }
}

/** The loads under way, by stored key. */
export class Flights {
  readonly #flights = new Map<string, Flight>()

  get(stored: string): Flight | undefined {
    return this.#flights.get(stored)
  }

  start(stored: string, load: (flight: Flight) => Promise<Loaded | undefined>): Flight {
    const flight = new Flight()
    this.#flights.set(stored, flight)
    flight.result = load(flight).finally(() => this.remove(stored, flight))
    // Callers that gave up hear nothing of it any more.
    flight.result.catch(() => {})
    return flight
  }

  /** Forgets a flight, unless another has taken its place. */
  remove(stored: string, flight: Flight): void {
    if (this.#flights.get(stored) === flight) this.#flights.delete(stored)
  }

  /** The key was written or removed: its load may not be stored, and later callers load anew. */
  void(stored: string): void {
    if (this.#flights.size === 0) return
    const flight = this.#flights.get(stored)
    if (flight === undefined) return
    flight.voided = true
    this.#flights.delete(stored)
  }

  /** As `void`, for every key that `concerns` is true of. */
  voidWhere(concerns: (stored: string) => boolean): void {
    for (const stored of this.#flights.keys()) if (concerns(stored)) this.void(stored)
  }

  /** Nobody may store any more. */
  abandon(reason: ShaleError): void {
    for (const flight of this.#flights.values()) flight.abandon(reason)
    this.#flights.clear()
  }
}
