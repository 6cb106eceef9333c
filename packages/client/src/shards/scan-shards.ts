import { ShaleError, type ScanPage } from '@shale/contracts'
import { shardsFailed } from './shards-failed.ts'

/** A scan of one shard. */
export interface ShardScan {
  readonly shard: string
  readonly pages: AsyncIterable<ScanPage>
}

/** A page that was fetched, or the end of a shard's scan. */
type Arrival =
  { readonly shard: number; readonly result: IteratorResult<ScanPage> } | { readonly shard: number; readonly error: ShaleError }

/**
 * The pages of several shards as they come. Of each shard at most one page is held: the next is asked for when it was handed over. A shard
 * that fails ends its own scan only; what failed is thrown when all others are done, as `SHARDS_FAILED`.
 */
export async function* scanShards(scans: readonly ShardScan[]): AsyncGenerator<ScanPage, void, undefined> {
  const iterators = scans.map(({ pages }) => pages[Symbol.asyncIterator]())
  const arrived: Arrival[] = []
  let wake: (() => void) | undefined
  const arrive = (arrival: Arrival): void => {
    arrived.push(arrival)
    wake?.()
  }
  const fetch = (shard: number): void => {
    const failed = (error: unknown): void => arrive({ shard, error: ShaleError.from(error, 'SERVER_UNAVAILABLE') })
    iterators[shard]?.next().then((result) => arrive({ shard, result }), failed)
  }
  const failures = new Map<string, ShaleError>()
  const open = new Set(iterators.keys())
  try {
    for (const shard of open) fetch(shard)
    while (open.size > 0) {
      if (arrived.length === 0) await new Promise<void>((resolve) => (wake = resolve))
      wake = undefined
      const next = arrived.shift() as Arrival
      if ('error' in next) {
        open.delete(next.shard)
        failures.set((scans[next.shard] as ShardScan).shard, next.error)
      } else if (next.result.done === true) open.delete(next.shard)
      else {
        fetch(next.shard)
        yield next.result.value
      }
    }
  } finally {
    // Whoever leaves early waits for nobody.
    for (const shard of open) iterators[shard]?.return?.().catch(() => {})
  }
  if (failures.size > 0) throw shardsFailed('scan', failures)
}
