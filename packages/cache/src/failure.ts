import { isServerFailure, nameOfStore, shardsFailed as ofShards, type ShardFailure } from '@shale/client'
import { ShaleError, type Store } from '@shale/contracts'

export { isServerFailure }

/** What is on the error of an operation over many keys that failed on some of them. */
export interface PartialResult<Done> {
  /** What was done, in the terms of the operation's own result. */
  readonly done: Done
  /** The shards that failed, and how. */
  readonly failed: readonly ShardFailure[]
}

/** The shards that an error is about, if it is about shards. */
export function failuresOf({ code, partial }: ShaleError): readonly ShardFailure[] {
  const { failed = [] } = (code === 'SHARDS_FAILED' ? (partial ?? {}) : {}) as Partial<PartialResult<unknown>>
  return failed
}

/**
 * The error of an operation over many keys: `SHARDS_FAILED` with what was done and the shards that failed. An error
 * that is no server's, such as `CLOSED`, stays as it is.
 */
export function shardsFailed<Done>(
  operation: string,
  done: Done,
  failed: Iterable<readonly [key: string, error: ShaleError]>,
  shardOf: (key: string) => string,
): ShaleError {
  const byShard = new Map<string, ShaleError>()
  for (const [key, error] of failed) {
    if (!isServerFailure(error)) return error
    const shard = shardOf(key)
    if (!byShard.has(shard)) byShard.set(shard, error)
  }
  return ofShards(operation, byShard, done)
}

/** The same of a store that was asked as a whole, whose error names the shards, or is that of the only one. */
export function storeFailed<Done>(operation: string, done: Done, error: unknown, store: Store): ShaleError {
  return shardsFailed(operation, done, [['', ShaleError.from(error, 'SERVER_UNAVAILABLE')]], () => nameOfStore(store))
}
