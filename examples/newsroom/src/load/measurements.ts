import type { PageKind } from './readers.ts'

/** How requests went; times are in milliseconds. */
export interface Measured {
  readonly requests: number
  /** Requests that were not answered with 200. */
  readonly failed: number
  readonly requestsPerSecond: number
  readonly p50: number
  readonly p95: number
  readonly p99: number
  readonly max: number
  /** Answers that came from the cache whole, by their `x-cache`. */
  readonly hits: number
  readonly misses: number
}

/** How a load went, over all and by kind of page. */
export interface LoadReport extends Measured {
  readonly seconds: number
  readonly kinds: Readonly<Partial<Record<PageKind, Measured>>>
}

/** Gathers what the clients of a load measure. */
export class Measurements {
  readonly #all = new Sample()
  readonly #kinds = new Map<PageKind, Sample>()

  add(kind: PageKind, ms: number, ok: boolean, cache: string | undefined): void {
    const sample = this.#kinds.get(kind) ?? new Sample()
    this.#kinds.set(kind, sample)
    for (const to of [this.#all, sample]) to.add(ms, ok, cache)
  }

  report(seconds: number): LoadReport {
    const kinds = Array.from(this.#kinds, ([kind, sample]) => [kind, sample.report(seconds)])
    return { seconds, ...this.#all.report(seconds), kinds: Object.fromEntries(kinds) }
  }
}

class Sample {
  readonly #times: number[] = []
  #failed = 0
  #hits = 0
  #misses = 0

  add(ms: number, ok: boolean, cache: string | undefined): void {
    this.#times.push(ms)
    if (!ok) this.#failed++
    if (cache === 'hit') this.#hits++
    if (cache === 'miss') this.#misses++
  }

  report(seconds: number): Measured {
    const sorted = Float64Array.from(this.#times).sort()
    const percentile = (share: number): number => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0
    return {
      requests: sorted.length,
      failed: this.#failed,
      requestsPerSecond: sorted.length / seconds,
      p50: percentile(0.5),
      p95: percentile(0.95),
      p99: percentile(0.99),
      max: percentile(1),
      hits: this.#hits,
      misses: this.#misses,
    }
  }
}
