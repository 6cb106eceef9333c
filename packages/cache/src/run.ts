import { describe, ShaleError } from '@shale/contracts'
import { aborted, checkSignal, type CallOptions } from './call-options.ts'
import type { Core } from './core.ts'

/** Options of a run through all entries. */
export interface RunOptions<Report> extends CallOptions {
  /** Called after each batch and at the end, with the report so far; a promise is awaited. What it throws ends the run. */
  readonly onProgress?: ((report: Readonly<Report>) => unknown) | undefined
  /** Stops after the batch under way (`ABORTED`, the report so far on `error.partial`). */
  readonly signal?: AbortSignal | undefined
  /** Entries a second, at most; unlimited by default. */
  readonly rate?: number | undefined
}

export const runOptions: readonly (keyof RunOptions<unknown>)[] = ['onProgress', 'signal', 'rate', 'version']

/** Entries are read in batches of about this many bytes, judged by the entries before. */
const batchBytes = 1 << 20
const maxBatch = 500

/** @throws ShaleError `CONFIG_INVALID` */
export function checkRun<Report>({ onProgress, signal, rate }: RunOptions<Report>, call: string): void {
  checkSignal(signal, call)
  if (onProgress !== undefined && typeof onProgress !== 'function') {
    throw new ShaleError('CONFIG_INVALID', `${call}: expected option 'onProgress' to be a function; found ${describe(onProgress)}.`)
  }
  if (rate !== undefined && !(typeof rate === 'number' && rate > 0)) {
    throw new ShaleError(
      'CONFIG_INVALID',
      `${call}: expected option 'rate' to be a number of entries a second above zero; found ${describe(rate)}.`,
    )
  }
}

/** A run through all entries, as far as it does not depend on what is done with them: its batches, its progress, its rate, its end. */
export class Run<Report> {
  readonly report: Report
  readonly #call: string
  readonly #core: Core
  readonly #options: RunOptions<Report>
  readonly #began: number
  /** No batch is more than a second's worth. */
  readonly #burst: number
  readonly #most: number
  #batch = 16

  /** @param most how many entries a batch has at most. */
  constructor(call: string, core: Core, options: RunOptions<Report>, report: Report, most: number = maxBatch) {
    this.report = report
    this.#call = call
    this.#core = core
    this.#options = options
    this.#most = most
    this.#began = core.clock.now()
    this.#burst = Math.max(1, Math.floor(options.rate ?? most))
  }

  /** Works through keys in batches. `done` gives how many entries count for the rate so far. */
  async inBatches(keys: readonly string[], work: (batch: readonly string[]) => Promise<void>, done: () => number): Promise<void> {
    for (let at = 0; at < keys.length;) {
      this.stopIfAborted()
      const batch = keys.slice(at, at + Math.min(this.#batch, this.#burst))
      at += batch.length
      await work(batch)
      await this.tell()
      await this.#keepToRate(done())
    }
  }

  /** Learns how large entries are. */
  learn(entries: number, bytes: number): void {
    this.#batch = Math.max(1, Math.min(this.#most, this.#batch * 4, Math.floor((batchBytes * entries) / Math.max(bytes, 1))))
  }

  async tell(): Promise<void> {
    await this.#options.onProgress?.({ ...this.report })
  }

  stopIfAborted(): void {
    const { signal } = this.#options
    if (signal?.aborted === true) throw aborted(this.#call, signal, this.report)
  }

  async #keepToRate(done: number): Promise<void> {
    const { rate, signal } = this.#options
    if (rate === undefined) return
    const { clock } = this.#core
    const wait = this.#began + (done / rate) * 1000 - clock.now()
    if (wait <= 0) return
    await new Promise<void>((resolve) => {
      const go = (): void => {
        clock.clearTimeout(timer)
        signal?.removeEventListener('abort', go)
        resolve()
      }
      const timer = clock.setTimeout(go, wait, true)
      signal?.addEventListener('abort', go)
    })
  }
}
