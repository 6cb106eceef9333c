import { describe, ShaleError } from '@shale/contracts'

/** The longest prefix, namespaces included, in bytes of UTF-8. */
const maxPrefixBytes = 512

/**
 * A prefix as it stands before the version; may be empty. No segment may read as a version, nor as the head of a
 * bookkeeping key: stored keys of two different prefixes can then never be the same.
 *
 * @param name what the prefix is for, as its reader knows it, for the message.
 * @throws ShaleError `CONFIG_INVALID`
 */
export function checkPrefix(prefix: unknown, name: string): string {
  if (typeof prefix !== 'string') throw invalid(`${name}: expected a string; found ${describe(prefix)}.`)
  if (!prefix.isWellFormed())
    throw invalid(`${name}: expected a well-formed string; found ${describe(prefix)}, which holds a lone surrogate.`)
  if (Buffer.byteLength(prefix) > maxPrefixBytes) {
    throw invalid(
      `${name}: expected at most ${maxPrefixBytes} bytes as UTF-8; found ${describe(prefix)} of ${Buffer.byteLength(prefix)} bytes.`,
    )
  }
  const segment = prefix.split(':').find((part) => /^-?\d+(~|$)/.test(part))
  if (segment === undefined) return prefix
  throw invalid(
    `${name}: expected no segment between colons that is an integer, or starts with one and a tilde; found ${describe(segment)} in ${describe(prefix)}. ` +
      `A key is stored as prefix:version:key, so the keys of prefix 'p:1' would be read as version 1 of prefix 'p'. Put a letter before the number, as in ${describe(`v${segment}`)}.`,
  )
}

/** The prefix of a namespace within another prefix. */
export function namespacePrefix(prefix: string, name: unknown): string {
  if (typeof name !== 'string' || name === '') throw invalid(`namespace: expected a non-empty string; found ${describe(name)}.`)
  return checkPrefix(prefix === '' ? name : `${prefix}:${name}`, 'namespace')
}

function invalid(text: string): ShaleError {
  return new ShaleError('CONFIG_INVALID', text)
}
