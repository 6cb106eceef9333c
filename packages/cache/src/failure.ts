import { ShaleError, type ErrorCode } from '@shale/contracts'

/** What is on the error of an operation over many keys that failed on some of them. */
export interface PartialResult<Done> {
  /** What was done, in the terms of the operation's own result. */
  readonly done: Done
  /** The shards that failed, and how. */
  readonly failed: readonly { readonly shard: string; readonly code: ErrorCode }[]
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

/** The code of an error, and of the shards that it is about. */
export function codesOf({ code, partial }: ShaleError): ErrorCode[] {
  const { failed } = (code === 'SHARDS_FAILED' ? partial : {}) as Partial<PartialResult<unknown>>
  return [code, ...(failed ?? []).map((one) => one.code)]
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
  const causes = [...byShard]
  const partial: PartialResult<Done> = { done, failed: causes.map(([shard, { code }]) => ({ shard, code })) }
  const list = causes.map(([shard, error]) => `${shard} (${error.code}: ${error.message})`).join('; ')
  return new ShaleError('SHARDS_FAILED', `${operation}: failed on ${list} What was done is on the error's 'partial'.`, {
    cause: causes[0]?.[1],
    partial,
  })
}
