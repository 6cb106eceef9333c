import { systemClock, type Clock } from '@shale/contracts'

/** So many of the latest measurements are kept. */
const kept = 512
/** How much a new measurement counts in the smoothed one. */
const weight = 0.2

/** How long a server takes from a command to its reply: of the latest measurements, in milliseconds. */
export class Latency {
  /** Milliseconds at which a measurement begins or ends, finer than the clock where that is the machine's. */
  readonly now: () => number
  readonly #values = new Float64Array(kept)
  #count = 0
  #smoothed: number | undefined

  constructor(clock: Clock) {
    this.now = clock === systemClock ? () => performance.now() : () => clock.now()
  }

  /** The latest measurements, smoothed exponentially; `undefined` before the first. */
  get smoothed(): number | undefined {
    return this.#smoothed
  }

  add(ms: number): void {
    this.#values[this.#count++ % kept] = ms
    this.#smoothed = this.#smoothed === undefined ? ms : this.#smoothed + weight * (ms - this.#smoothed)
  }

  /** To a hundredth of a millisecond; `undefined` before the first measurement. */
  percentiles(): { readonly p50: number; readonly p95: number; readonly p99: number } | undefined {
    if (this.#count === 0) return undefined
    const sorted = this.#values.slice(0, Math.min(this.#count, kept)).sort()
    const at = (share: number): number => Math.round((sorted[Math.floor(share * (sorted.length - 1))] as number) * 100) / 100
    return { p50: at(0.5), p95: at(0.95), p99: at(0.99) }
  }
}
