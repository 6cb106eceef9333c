import { ShaleError, type KeyFormat } from '@shale/contracts'
import { keyFormat, type Keyspace } from '@shale/keys'

/**
 * Gives the key of a stored key of a keyspace or of a namespace within it, for whoever is told of stored keys alone. The
 * stored key itself where a custom format does not tell.
 */
export function keyReader(keyspace: Keyspace, format: KeyFormat | undefined): (stored: string) => string {
  if (format === undefined) return keyOfUsual
  return (stored) => {
    try {
      return keyspace.parse(stored)?.key ?? stored
    } catch (error) {
      if (ShaleError.is(error)) return stored
      throw error
    }
  }
}

/** No segment of a prefix is an integer: the first that is one is the version. */
function keyOfUsual(stored: string): string {
  const end = stored.search(/:-?\d+:/)
  return end === -1 ? stored : (keyFormat.parse(stored, stored.slice(0, end))?.key ?? stored)
}
