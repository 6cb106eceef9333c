/** Which keys of a store are a cache's own, and how to scan for them. */
export interface DoubtedKeys {
  /**
   * A Redis glob that matches all of them, and perhaps others; `undefined` where they cannot be told from the keys of others: then nothing is
   * scanned for, and a doubt about all of them lasts until each was written anew.
   */
  readonly pattern: string | undefined
  /** Whether a stored key is one of them. */
  readonly concerns: (stored: string) => boolean
}

export interface DoubtfulKeysOptions {
  /** Whether a key may be in doubt; all may unless given. A key that it throws for may not. */
  readonly concerns: ((key: string) => boolean) | undefined
  /** The part of the store that a key is in; one for all unless given. */
  readonly regionOf: ((key: string) => number) | undefined
  /** How many keys are remembered one by one. */
  readonly most: number
}

/**
 * The keys whose last write failed, each with the place of that write in the order of all calls. Beyond the bound the keys are forgotten,
 * and all keys of their regions are in doubt: there the keys are remembered of which a later write succeeded.
 */
export class DoubtfulKeys {
  readonly #options: DoubtfulKeysOptions
  readonly #keys = new Map<string, number>()
  /** Regions all of whose keys are in doubt, each with the place of the latest call that may have failed there. */
  readonly #regions = new Map<number, number>()
  /** Keys of these regions that are not in doubt any more. */
  readonly #fresh = new Set<string>()
  #isClearing = false

  constructor(options: DoubtfulKeysOptions) {
    this.#options = options
  }

  get isEmpty(): boolean {
    return this.#keys.size === 0 && this.#regions.size === 0
  }

  /** Whether there are regions all of whose keys are in doubt. */
  get hasRegions(): boolean {
    return this.#regions.size > 0
  }

  /** The keys that are remembered one by one; live. */
  keys(): IterableIterator<string> {
    return this.#keys.keys()
  }

  regionOf(key: string): number {
    return this.#options.regionOf?.(key) ?? 0
  }

  /** The place of the newest write that a key is in doubt for; `undefined` if it is not in doubt. */
  doubtedBy(key: string): number | undefined {
    const start = this.#keys.get(key)
    if (this.#regions.size === 0 || !this.mustBeCleared(key)) return start
    return Math.max(start ?? 0, this.#regions.get(this.regionOf(key)) as number)
  }

  /** Whether a key is in doubt for its region. */
  mustBeCleared(key: string): boolean {
    return this.#regions.has(this.regionOf(key)) && this.#concerns(key) && !this.#fresh.has(key)
  }

  /** Puts a key in doubt; `last` is the place of the latest call of all. */
  add(key: string, start: number, last: number): void {
    if (!this.#concerns(key)) return
    this.#fresh.delete(key)
    // While a region is being cleared the scan may have passed the key.
    if (!this.#isClearing && this.#regions.has(this.regionOf(key))) this.#regions.set(this.regionOf(key), last)
    else this.#keys.set(key, Math.max(start, this.#keys.get(key) ?? 0))
    if (this.#keys.size > this.#options.most) this.#overflow(last)
  }

  /** Ends the doubt about a key, if it is older than the call that begun at `start`; answers whether there was one. */
  end(key: string, start: number): boolean {
    const doubtedBy = this.#keys.get(key)
    if (doubtedBy !== undefined && doubtedBy >= start) return false
    this.#keys.delete(key)
    if (this.#regions.size === 0) return doubtedBy !== undefined
    const region = this.#regions.get(this.regionOf(key))
    if (region === undefined) return doubtedBy !== undefined
    if (region >= start || this.#fresh.size >= this.#options.most) return false
    this.#fresh.add(key)
    return true
  }

  /** From here on a scan looks at all regions. */
  beginClearing(): void {
    this.#isClearing = true
  }

  /** Ends the doubt about the regions in which nothing failed since the scan began at `start`; without it the scan failed. */
  endClearing(start?: number): void {
    this.#isClearing = false
    if (start === undefined) return
    for (const [region, failed] of this.#regions) if (failed < start) this.#regions.delete(region)
    if (this.#regions.size === 0) this.#fresh.clear()
  }

  /** Ends all doubts that are older than the call that began at `start`: nothing is left of what there was. */
  endAll(start: number): void {
    for (const [key, failed] of this.#keys) if (failed < start) this.#keys.delete(key)
    for (const [region, failed] of this.#regions) if (failed < start) this.#regions.delete(region)
    if (this.#regions.size === 0) this.#fresh.clear()
  }

  #concerns(key: string): boolean {
    try {
      return this.#options.concerns?.(key) ?? true
    } catch {
      return false
    }
  }

  #overflow(last: number): void {
    for (const key of this.#keys.keys()) this.#regions.set(this.regionOf(key), last)
    this.#keys.clear()
  }
}
