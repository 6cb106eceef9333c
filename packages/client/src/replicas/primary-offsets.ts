interface Sample {
  readonly offset: number
  readonly at: number
}

/**
 * When the primary had written what: by it the bytes that a replica is behind become milliseconds. A sample says that
 * everything written before its time is within its offset.
 */
export class PrimaryOffsets {
  readonly #keptMs: number
  #samples: Sample[] = []

  /** @param keptMs for how long samples are kept: a replica that is further behind than that is only known to be. */
  constructor(keptMs: number) {
    this.#keptMs = keptMs
  }

  record(offset: number, at: number): void {
    this.#samples.push({ offset, at })
    const stale = this.#samples.findIndex((sample) => sample.at >= at - this.#keptMs)
    if (stale > 0) this.#samples.splice(0, stale)
  }

  /**
   * Up to when a replica with this offset has all that the primary wrote, at the least; `undefined` if that is before all
   * samples. One that has all of the latest sample is up to date as far as can be known: that is `now`.
   */
  coveredUntil(offset: number, now: number): number | undefined {
    const latest = this.#samples.at(-1)
    if (latest === undefined) return undefined
    return latest.offset <= offset ? now : this.#samples.findLast((sample) => sample.offset <= offset)?.at
  }

  /** Another history of writes begins. */
  restart(): void {
    this.#samples = []
  }
}
