import { checkKey } from './check-key.ts'

/**
 * The part of a stored key that is hashed: what stands between its first `{` and the first `}` after that, if there is
 * anything; otherwise the whole key. Keys of one tag share a shard.
 *
 * Source: the Redis Cluster specification, "Hash tags".
 *
 * @throws ShaleError `KEY_INVALID` for what is no string.
 */
export function hashTag(key: string): string {
  checkKey(key)
  const open = key.indexOf('{')
  if (open === -1) return key
  const close = key.indexOf('}', open + 1)
  return close <= open + 1 ? key : key.slice(open + 1, close)
}
