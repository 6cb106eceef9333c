interface Lease {
  readonly token: string
  readonly expiresAt: number
}

/** Beyond so many the oldest go: whoever held them fills nothing. */
const mostLeases = 10_000

/** Who holds the right to fill a key. Times are milliseconds of one clock; a key has one lease without a name, and one of each name. */
export class Leases {
  readonly #leases = new Map<string, Lease>()

  /** Takes a lease of a key unless somebody holds it. */
  take(key: string, name: string | undefined, token: string, expiresAt: number, now: number): boolean {
    const place = placeOf(key, name)
    if (this.#holder(place, now) !== undefined) return false
    this.#leases.delete(place)
    this.#leases.set(place, { token, expiresAt })
    if (this.#leases.size > mostLeases) {
      const [oldest] = this.#leases.keys()
      this.#leases.delete(oldest as string)
    }
    return true
  }

  /** Ends a lease of a key if the token holds it, or whoever does if there is no token. */
  end(key: string, name: string | undefined, token: string | undefined, now: number): boolean {
    const place = placeOf(key, name)
    const holder = this.#holder(place, now)
    return holder !== undefined && (token === undefined || holder === token) && this.#leases.delete(place)
  }

  clear(): void {
    this.#leases.clear()
  }

  #holder(place: string, now: number): string | undefined {
    const lease = this.#leases.get(place)
    return lease === undefined || lease.expiresAt <= now ? undefined : lease.token
  }
}

/** Names are of letters: no two leases have one place. */
function placeOf(key: string, name: string | undefined): string {
  return `${name ?? ''}:${key}`
}
