import { describe, ShaleError } from '@shale/contracts'

/** The longest key, in bytes of UTF-8, without prefix and version. */
const maxKeyBytes = 1024

/** No UTF-16 code unit takes more bytes than this as UTF-8. */
const maxBytesPerUnit = 3

/** Whether a key can be stored: a non-empty, well-formed string of at most 1 KiB as UTF-8. */
export function isKey(key: unknown): key is string {
  return (
    typeof key === 'string' &&
    key !== '' &&
    (key.length * maxBytesPerUnit <= maxKeyBytes || (key.length <= maxKeyBytes && Buffer.byteLength(key) <= maxKeyBytes)) &&
    key.isWellFormed()
  )
}

/** What is wrong with a key that `isKey` refused. */
export function keyError(key: unknown): ShaleError {
  if (typeof key !== 'string') return invalid(`a non-empty string; found ${describe(key)}`)
  if (key === '') return invalid('a non-empty string; found an empty one')
  if (!key.isWellFormed()) {
    return invalid(
      `a well-formed string; found ${describe(key)}, which holds a lone surrogate and as UTF-8 would be the same as another key`,
    )
  }
  return invalid(
    `at most ${maxKeyBytes} bytes as UTF-8; found ${describe(key)} of ${Buffer.byteLength(key)} bytes. Shorten it, or store under a hash of it`,
  )
}

function invalid(text: string): ShaleError {
  return new ShaleError('KEY_INVALID', `key: expected ${text}.`)
}
