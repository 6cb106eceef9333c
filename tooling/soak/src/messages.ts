import type { CacheOptions } from '@shale/cache'

/** What a worker is started with. */
export interface WorkerOptions {
  readonly id: number
  readonly workers: number
  readonly seed: number
  /** Operations a second. */
  readonly rate: number
  readonly servers: NonNullable<CacheOptions['servers']>
}

/** What a worker is told. */
export type ToWorker =
  /** Something is wrong with a shard from now on, or is not any more; `lossy` if writes that were acknowledged may be lost by it. */
  | { readonly kind: 'fault'; readonly shard: string; readonly on: boolean; readonly lossy: boolean }
  /** Stop the load; say when all is healthy. */
  | { readonly kind: 'settle' }
  /** Read everything; what each key must be is given, by key. */
  | { readonly kind: 'verify'; readonly ledger: readonly LedgerLine[] }
  | { readonly kind: 'end' }

/** What is known of a key by the one worker that writes it. */
export interface LedgerLine {
  readonly key: string
  /** Values of a lower counter must not be read any more. */
  readonly floor: number
  /** The counter of the last write that was tried. */
  readonly last: number
  /** Whether an acknowledged write of it may have been lost by a failover. */
  readonly mayBeLost: boolean
}

/** Something that must not be. */
export interface Wrong {
  readonly what: string
  readonly key: string
  readonly details: unknown
}

/** What a worker tells. */
export type FromWorker =
  | { readonly kind: 'ready' }
  | { readonly kind: 'sample'; readonly heapBytes: number }
  | {
      readonly kind: 'settled'
      readonly ms: number
      readonly healthy: boolean
      readonly ledger: readonly LedgerLine[]
      readonly problem: string
    }
  | { readonly kind: 'report'; readonly report: WorkerReport }

export interface WorkerReport {
  readonly calls: number
  readonly hits: number
  readonly misses: number
  readonly writes: number
  readonly degraded: number
  /** Errors of calls whose effect the caller relies on, by code. */
  readonly errors: Readonly<Record<string, number>>
  /** Acknowledged writes that Redis' own asynchronous replication lost in a failover. */
  readonly lostByFailover: number
  /** Older values of other processes, read while a shard was at fault, just after, or from a replica that was behind. */
  readonly olderOfOthers: number
  readonly slowestMs: number
  readonly wrong: readonly Wrong[]
}
