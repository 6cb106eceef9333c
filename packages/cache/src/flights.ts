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
  /** When it began, in the turns of its `Flights`. */
  readonly since: number
  /** The load, once it was started; `undefined` where there is no value. */
  result!: Promise<Loaded | undefined>
  readonly #abort = new AbortController()
  #callers = 0

  constructor(since: number) {
    this.since = since
  }

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

/** How many changed keys are remembered while loads are under way; beyond, every key counts as changed. */
const mostChanges = 100_000

/** The caches over one and the same place: what one cache writes there, voids the loads of all. */
const cachesByStore = new WeakMap<object, Set<Flights>>()
const cachesByServer = new Map<string, Set<Flights>>()

/** The loads under way, by stored key, and what was changed meanwhile. */
export class Flights {
  readonly #flights = new Map<string, Flight>()
  readonly #places: readonly (object | string)[]
  /** The caches that have a place in common with this one, and itself. */
  readonly #peers = new Set<Flights>()
  /** Grows with every load and every change, so that the two can be told apart in time. */
  #turn = 0
  /** When keys were changed last, as far back as loads are under way that may want to know. */
  readonly #changes = new Map<string, number>()
  #sweeps: { readonly turn: number; readonly concerns: (stored: string) => boolean }[] = []
  #forgotten = 0

  /** @param places the store, or the servers by name, that are written to. */
  constructor(places: readonly (object | string)[]) {
    this.#places = places
    for (const place of places) for (const peer of cachesAt(place).add(this)) this.#peers.add(peer)
    for (const peer of this.#peers) peer.#peers.add(this)
  }

  get(stored: string): Flight | undefined {
    return this.#flights.get(stored)
  }

  start(stored: string, load: (flight: Flight) => Promise<Loaded | undefined>): Flight {
    const flight = new Flight(++this.#turn)
    this.#flights.set(stored, flight)
    flight.result = load(flight).finally(() => this.remove(stored, flight))
    // Callers that gave up hear nothing of it any more.
    flight.result.catch(() => {})
    return flight
  }

  /** Forgets a flight, unless another has taken its place. */
  remove(stored: string, flight: Flight): void {
    if (this.#flights.get(stored) === flight) this.#flights.delete(stored)
    if (this.#flights.size === 0) this.#forgetChanges()
  }

  /** The key was written or removed: its load may not be stored, and later callers load anew. */
  void(stored: string): void {
    for (const peer of this.#peers) if (peer.#flights.size > 0) peer.#changed(stored)
  }

  /** As `void`, for every key that `concerns` is true of. */
  voidWhere(concerns: (stored: string) => boolean): void {
    for (const peer of this.#peers) if (peer.#flights.size > 0) peer.#swept(concerns)
  }

  /** Whether a key was written or removed since a load began: for a result that is to be stored under another key than its own. */
  changedSince({ since }: Flight, stored: string): boolean {
    if (since < this.#forgotten || (this.#changes.get(stored) ?? 0) > since) return true
    return this.#sweeps.some(({ turn, concerns }) => turn > since && concerns(stored))
  }

  /** Nobody may store any more. */
  abandon(reason: ShaleError): void {
    for (const flight of this.#flights.values()) flight.abandon(reason)
    this.#flights.clear()
    for (const peer of this.#peers) peer.#peers.delete(this)
    for (const place of this.#places) {
      const caches = cachesAt(place)
      caches.delete(this)
      if (typeof place === 'string' && caches.size === 0) cachesByServer.delete(place)
    }
  }

  #changed(stored: string): void {
    if (this.#changes.size >= mostChanges) this.#forgetChanges()
    this.#changes.set(stored, ++this.#turn)
    const flight = this.#flights.get(stored)
    if (flight === undefined) return
    flight.voided = true
    this.#flights.delete(stored)
  }

  #swept(concerns: (stored: string) => boolean): void {
    this.#sweeps.push({ turn: ++this.#turn, concerns })
    for (const stored of this.#flights.keys()) if (concerns(stored)) this.#changed(stored)
  }

  #forgetChanges(): void {
    this.#changes.clear()
    this.#sweeps = []
    this.#forgotten = this.#turn
  }
}

function cachesAt(place: object | string): Set<Flights> {
  const known = typeof place === 'string' ? cachesByServer.get(place) : cachesByStore.get(place)
  if (known !== undefined) return known
  const caches = new Set<Flights>()
  if (typeof place === 'string') cachesByServer.set(place, caches)
  else cachesByStore.set(place, caches)
  return caches
}
