interface Lease {
  readonly token: string
  readonly expiresAt: number
}

/** Beyond so many the oldest go: whoever held them fills nothing. */
const mostLeases = 10_000

/** Who holds the right to fill a key. Times are milliseconds of one clock. */
export class Leases {
  readonly #leases = new Map<string, Lease>()

  /** Takes the lease of a key unless somebody holds it. */
  take(key: string, token: string, expiresAt: number, now: number): boolean {
    if (this.#holder(key, now) !== undefined) return false
    this.#leases.delete(key)
    this.#leases.set(key, { token, expiresAt })
    if (this.#leases.size > mostLeases) {
      const [oldest] = this.#leases.keys()
      this.#leases.delete(oldest as string)
    }
    return true
  }

  /** Ends the lease of a key if the token holds it. */
  use(key: string, token: string, now: number): boolean {
    return this.#holder(key, now) === token && this.#leases.delete(key)
  }

  /** Ends the lease of a key, whoever holds it. */
  end(key: string, now: number): boolean {
    return this.#holder(key, now) !== undefined && this.#leases.delete(key)
  }

  clear(): void {
    this.#leases.clear()
  }

  #holder(key: string, now: number): string | undefined {
    const lease = this.#leases.get(key)
    return lease === undefined || lease.expiresAt <= now ? undefined : lease.token
  }
}
