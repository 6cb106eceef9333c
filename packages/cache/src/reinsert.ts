import { ShaleError, type StoreSwap } from '@shale/contracts'
import { checkOptions } from './call-options.ts'
import { answersOf } from './core.ts'
import { isServerFailure, shardsFailed } from './failure.ts'
import { checkRun, Run, runOptions, type RunOptions } from './run.ts'
import type { Scope } from './scope.ts'
import { SeenKeys } from './seen-keys.ts'

/** What `reinsertKeys` has done. */
export interface ReinsertReport {
  /** Entries that were looked at. */
  scanned: number
  /** Entries that were rewritten. */
  rewritten: number
  /** Entries that were already as they are written now. */
  current: number
  /** Entries that no Shale cache wrote: left alone. */
  foreign: number
  /** Entries that cannot be read, as for want of a codec or an encryption key: left alone. */
  undecodable: number
  /** Entries that somebody changed or removed meanwhile: left alone. */
  changedMeanwhile: number
  /** Bytes of the rewritten entries, before. */
  bytesBefore: number
  /** Bytes of the rewritten entries, after. */
  bytesAfter: number
}

/** Options of `reinsertKeys`. The `rate` is that of the entries that are looked at. */
export interface ReinsertOptions extends RunOptions<ReinsertReport> {}

/** Keys that are remembered so that a scan's repetitions are not counted; beyond, they may be. */
const maxSeen = 2_000_000

/**
 * Rewrites every entry that is not as the cache writes now, against a live server: an entry is replaced only if it
 * still holds the bytes that were read, and keeps its ttl and creation time.
 */
export async function reinsert(scope: Scope, options: ReinsertOptions = {}): Promise<ReinsertReport> {
  checkOptions(options, runOptions, 'reinsertKeys')
  checkRun(options, 'reinsertKeys')
  const reinsertion = new Reinsertion(scope, options)
  const { run } = reinsertion
  run.stopIfAborted()
  try {
    for await (const page of scope.core.store.scan(scope.keyspace.pattern('*', options.version === undefined ? 'any' : options.version)))
      await reinsertion.page(page)
    reinsertion.throwIfFailed()
  } catch (error) {
    throw reinsertion.failed(error)
  }
  await run.tell()
  return run.report
}

class Reinsertion {
  readonly run: Run<ReinsertReport>
  readonly #scope: Scope
  readonly #version: number | undefined
  readonly #seen: SeenKeys
  /** Shards that failed: what is there is left alone from then on. */
  readonly #failures = new Map<string, ShaleError>()

  constructor(scope: Scope, options: ReinsertOptions) {
    const report = {
      ...{ scanned: 0, rewritten: 0, current: 0, foreign: 0, undecodable: 0, changedMeanwhile: 0 },
      ...{ bytesBefore: 0, bytesAfter: 0 },
    }
    this.run = new Run('reinsertKeys', scope.core, options, report)
    this.#scope = scope
    this.#version = options.version
    this.#seen = new SeenKeys(Math.floor(scope.core.random() * 2 ** 32))
  }

  async page(page: readonly string[]): Promise<void> {
    this.run.stopIfAborted()
    const version = this.#version
    const keys = page.filter((stored) => {
      const parsed = this.#scope.keyspace.parse(stored)
      if (parsed === undefined || (version !== undefined && parsed.version !== version)) return false
      return !this.#hasFailed(stored) && (this.#seen.size >= maxSeen || this.#seen.add(stored))
    })
    await this.run.inBatches(
      keys,
      (batch) => this.#rewrite(batch),
      () => this.run.report.scanned,
    )
  }

  throwIfFailed(): void {
    const [error] = this.#failures.values()
    if (error !== undefined) throw error
  }

  failed(error: unknown): unknown {
    const { report } = this.run
    if (!ShaleError.is(error) || error.code === 'ABORTED') return error
    const { core } = this.#scope
    const failures = new Map(this.#failures)
    // The error of a scan names the shards itself.
    if (![...failures.values()].includes(error)) failures.set(failures.size === 0 ? core.store.locate('').shard : '', error)
    const failure = shardsFailed('reinsertKeys', report, failures, (shard) => shard)
    if (failure !== error) core.stats.error(failure)
    return failure
  }

  /** What is there on a shard that fails is left alone, and the others go on; an error that is no server's, or the only shard's, ends the run. */
  #fail(stored: string, error: ShaleError): void {
    const { store } = this.#scope.core
    if (!isServerFailure(error) || (store.parts?.().length ?? 1) < 2) throw error
    const { shard } = store.locate(stored)
    if (!this.#failures.has(shard)) this.#failures.set(shard, error)
  }

  #hasFailed(stored: string): boolean {
    return this.#failures.size > 0 && this.#failures.has(this.#scope.core.store.locate(stored).shard)
  }

  async #rewrite(keys: readonly string[]): Promise<void> {
    const { report } = this.run
    const core = this.#scope.core
    const swaps: StoreSwap[] = []
    const answers = await answersOf(core.store.get(keys), keys.length)
    let bytes = 0
    for (const [i, answer] of answers.entries()) {
      const stored = keys[i] as string
      if (answer === undefined) await this.#missing(stored)
      else if (!ShaleError.is(answer)) {
        bytes += answer.byteLength
        this.#sort(stored, answer, swaps)
      } else if (answer.code === 'CODEC_CORRUPT') this.#count('foreign')
      else this.#fail(stored, answer)
    }
    this.run.learn(keys.length, bytes)
    if (swaps.length === 0) return
    for (const [i, answer] of (await answersOf(core.store.swap(swaps), swaps.length)).entries()) {
      const { key, expected, value } = swaps[i] as StoreSwap
      if (ShaleError.is(answer)) {
        this.#fail(key, answer)
        continue
      }
      this.#count(answer ? 'rewritten' : 'changedMeanwhile')
      if (!answer) continue
      report.bytesBefore += expected.byteLength
      report.bytesAfter += value?.byteLength ?? 0
    }
  }

  /** Puts what was read where it belongs: among what is to be rewritten, or among what is not. */
  #sort(stored: string, bytes: Uint8Array, swaps: StoreSwap[]): void {
    const { serializer } = this.#scope.core
    const key = this.#scope.keyspace.parse(stored)?.key ?? ''
    let value: Uint8Array | undefined
    try {
      if (serializer.inspect(bytes) === undefined) return this.#count('foreign')
      value = serializer.reencode(bytes, this.#scope.context(key))
    } catch {
      return this.#count('undecodable')
    }
    if (value === undefined) return this.#count('current')
    swaps.push({ key: stored, expected: bytes, value })
  }

  /** A key that is not there any more, or that holds what a batch is not told of: another Redis type. */
  async #missing(stored: string): Promise<void> {
    const [answer] = await answersOf(this.#scope.core.store.get([stored]), 1)
    if (!ShaleError.is(answer)) return
    if (answer.code === 'CODEC_CORRUPT') this.#count('foreign')
    else this.#fail(stored, answer)
  }

  #count(what: 'rewritten' | 'current' | 'foreign' | 'undecodable' | 'changedMeanwhile'): void {
    this.run.report.scanned++
    this.run.report[what]++
  }
}
