import { bringHome } from '@shale/client'
import { ShaleError, type StorePart } from '@shale/contracts'
import { checkOptions } from './call-options.ts'
import { isServerFailure, shardsFailed } from './failure.ts'
import { checkRun, Run, runOptions, type RunOptions } from './run.ts'
import type { Scope } from './scope.ts'
import { SeenKeys } from './seen-keys.ts'

/** What `rebalance` has done. */
export interface RebalanceReport {
  /** Entries that were looked at. */
  scanned: number
  /** Entries that were where they are looked for. */
  home: number
  /** Entries that were moved to where they are looked for. */
  moved: number
  /** Entries that were removed, since there was a newer one where they are looked for. */
  dropped: number
  /** Keys that hold another Redis type: left where they are. */
  foreign: number
  /** Entries that somebody moved, changed or removed meanwhile, or that expired. */
  changedMeanwhile: number
  /** Bytes of the moved entries. */
  bytesMoved: number
}

/** Options of `rebalance`. The `rate` is that of the entries that are moved. */
export interface RebalanceOptions extends RunOptions<RebalanceReport> {}

/** Entries that are moved at the same time: each takes several commands, between which others have their turn. */
const maxBatch = 64
/** Keys that are remembered so that a scan's repetitions are not counted; beyond, they may be. */
const maxSeen = 2_000_000

/**
 * Moves every entry that is not on its shard to it, under the eyes of readers and writers of either layout: with its ttl, never over
 * another entry. What the library keeps for keys, such as locks, is moved with them, and not counted.
 */
export async function rebalance(scope: Scope, options: RebalanceOptions = {}): Promise<RebalanceReport> {
  checkOptions(options, runOptions, 'rebalance')
  checkRun(options, 'rebalance')
  const { store } = scope.core
  const { version } = options
  const rebalancing = new Rebalancing(scope, options)
  rebalancing.run.stopIfAborted()
  const pattern = scope.keyspace.pattern('*', version === undefined ? 'any' : version)
  const parts: readonly StorePart[] = store.parts?.() ?? [{ shard: store.locate('').shard, store, isHome: () => true }]
  for (const part of parts) await rebalancing.part(part, pattern)
  rebalancing.throwIfFailed()
  await rebalancing.run.tell()
  return rebalancing.run.report
}

class Rebalancing {
  readonly run: Run<RebalanceReport>
  readonly #scope: Scope
  readonly #version: number | undefined
  readonly #failures = new Map<string, ShaleError>()
  readonly #seen: SeenKeys

  constructor(scope: Scope, options: RebalanceOptions) {
    const report = { scanned: 0, home: 0, moved: 0, dropped: 0, foreign: 0, changedMeanwhile: 0, bytesMoved: 0 }
    this.run = new Run('rebalance', scope.core, options, report, maxBatch)
    this.#scope = scope
    this.#seen = new SeenKeys(Math.floor(scope.core.random() * 2 ** 32))
    this.#version = options.version
  }

  /** Goes through one part; what fails there leaves the others alone. */
  async part(part: StorePart, pattern: string): Promise<void> {
    const { report } = this.run
    try {
      for await (const page of part.store.scan(pattern)) {
        this.run.stopIfAborted()
        const strays: string[] = []
        for (const stored of page) {
          if (!this.#concerns(stored)) continue
          if (!part.isHome(stored)) {
            if (this.#isNew(`${part.shard} ${stored}`)) strays.push(stored)
          } else if (this.#counts(stored) && this.#isNew(stored)) {
            report.home++
            report.scanned++
          }
        }
        await this.run.inBatches(
          strays,
          (batch) => this.#bring(part, batch),
          () => report.scanned - report.home,
        )
      }
    } catch (error) {
      if (!ShaleError.is(error) || !isServerFailure(error)) throw error
      this.#fail(part.shard, error)
    }
  }

  throwIfFailed(): void {
    if (this.#failures.size === 0) return
    const { core } = this.#scope
    const error = shardsFailed('rebalance', this.run.report, this.#failures, (shard) => shard)
    core.stats.error(error)
    throw error
  }

  async #bring(part: StorePart, keys: readonly string[]): Promise<void> {
    const { report } = this.run
    const { core } = this.#scope
    let bytes = 0
    for (const [i, brought] of (await bringHome(core.store, part, keys, core)).entries()) {
      const stored = keys[i] as string
      if (ShaleError.is(brought)) {
        this.#fail(core.store.locate(stored).shard, brought)
        continue
      }
      bytes += brought.bytes
      if (!this.#counts(stored)) continue
      report.scanned++
      report[brought.fate === 'missing' ? 'changedMeanwhile' : brought.fate]++
      if (brought.fate !== 'moved') continue
      report.bytesMoved += brought.bytes
      // Where it is now it will be met again.
      this.#isNew(stored)
    }
    this.run.learn(keys.length, bytes)
  }

  /** What is there on a shard that fails stays where it is, and the others go on; an error that is no server's ends the run. */
  #fail(shard: string, error: ShaleError): void {
    if (!isServerFailure(error)) throw error
    if (!this.#failures.has(shard)) this.#failures.set(shard, error)
  }

  #concerns(stored: string): boolean {
    const { keyspace } = this.#scope
    const bookkeeping = keyspace.parseBookkeeping(stored)
    // A lease is beside its key, wherever its own name would lead to, and soon over.
    if (bookkeeping?.kind === 'lease') return false
    const parsed = bookkeeping ?? keyspace.parse(stored)
    return parsed !== undefined && (this.#version === undefined || parsed.version === this.#version)
  }

  /** Whether something is met for the first time, as far as is remembered. */
  #isNew(what: string): boolean {
    return this.#seen.size >= maxSeen || this.#seen.add(what)
  }

  /** Whether a key is an entry's, and not the library's own. */
  #counts(stored: string): boolean {
    return this.#scope.keyspace.parse(stored) !== undefined
  }
}
