import { ShaleError, type ErrorCode } from '@shale/contracts'

/** A shard that failed, and how. */
export interface ShardFailure {
  readonly shard: string
  readonly code: ErrorCode
}

const serverCodes: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'SERVER_UNAVAILABLE',
  'SERVER_TIMEOUT',
  'SERVER_READONLY',
  'SERVER_OOM',
  'SERVER_REPLY',
  'SERVER_AUTH',
  'SHARDS_FAILED',
])

/** True of an error that says that a server has no answer, not that the caller was wrong. */
export function isServerFailure(error: ShaleError): boolean {
  return serverCodes.has(error.code)
}

/** The errors by shard that an error was made of, so that it can be told anew by whoever asked for more. */
const failuresOf = new WeakMap<ShaleError, ReadonlyMap<string, ShaleError>>()

/**
 * The error of an operation over several shards: `SHARDS_FAILED`, which names those that failed and says what was done. An error that is
 * no server's, such as `CLOSED` or `CONFIG_INVALID`, stays as it is.
 *
 * @param done what was done, in the operation's own terms; left out where nothing can be said.
 */
export function shardsFailed(operation: string, failures: ReadonlyMap<string, ShaleError>, done?: unknown): ShaleError {
  const causes = new Map(
    [...failures].flatMap(([shard, error]) => [...(failuresOf.get(error) ?? [[shard, error]])] as [string, ShaleError][]),
  )
  const own = [...causes.values()].find((error) => !isServerFailure(error))
  if (own !== undefined) return own
  const failed = Array.from(causes, ([shard, { code }]): ShardFailure => ({ shard, code }))
  const list = Array.from(causes, ([shard, { code, message }]) => `${shard} (${code}: ${message})`).join('; ')
  const error = new ShaleError('SHARDS_FAILED', `${operation}: failed on ${list} What was done is on the error's 'partial'.`, {
    cause: causes.values().next().value,
    partial: done === undefined ? { failed } : { done, failed },
  })
  failuresOf.set(error, causes)
  return error
}
