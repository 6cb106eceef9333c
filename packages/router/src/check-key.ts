import { describe, ShaleError } from '@shale/contracts'

/** Throws `KEY_INVALID` for what is no string. Whether a string can be stored is the keyspace's affair. */
export function checkKey(key: string): void {
  if (typeof key !== 'string')
    throw new ShaleError(
      'KEY_INVALID',
      `key: expected a stored key, a string; found ${describe(key)}. Decode it as UTF-8 first if it is bytes.`,
    )
}
