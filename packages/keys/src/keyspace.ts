import type { KeyFormat } from '@shale/contracts'
import type { ParsedBookkeeping, ParsedKey } from './layout.ts'

/** What a keyspace is made of. */
export interface KeyspaceOptions {
  /** What stands before every key; `''` unless stated. No segment between colons may be an integer. */
  readonly prefix?: string | undefined
  /** The version that is meant where none is stated; 1 unless stated. A safe integer. */
  readonly version?: number | undefined
  /** How keys are stored; Django's `prefix:version:key` unless stated. */
  readonly format?: KeyFormat | undefined
}

/** What a namespace has that its keyspace has not. */
export type NamespaceOptions = Omit<KeyspaceOptions, 'prefix'>

/**
 * The keys of one prefix: how a key and its version become the key that is stored, and back. Two keyspaces of
 * different prefixes share no stored key, nor does either read one of the other's. Pure; holds nothing but its options.
 */
export interface Keyspace {
  readonly prefix: string
  readonly version: number

  /**
   * The stored key of a key.
   *
   * @throws ShaleError `KEY_INVALID` for anything but a well-formed, non-empty string of at most 1 KiB as UTF-8, and
   * where a custom format fails on it; `CONFIG_INVALID` for a version that is no safe integer.
   */
  format(key: string, version?: number): string

  /**
   * The key and version of a stored key; `undefined` for one that is not of this keyspace, and for bookkeeping.
   *
   * @throws ShaleError `CONFIG_INVALID` if the format has no `parse`; `KEY_INVALID` if its `parse` throws.
   */
  parse(stored: string): ParsedKey | undefined

  /**
   * The pattern with which a server is to be scanned for the keys that match a Redis glob. It may match more: each
   * stored key has to pass `matcher` too. For the glob `*` it also matches the bookkeeping of the version.
   *
   * @param version the keyspace's own unless stated; `'any'` for all.
   * @throws ShaleError `KEY_INVALID` for a glob that is no well-formed string; `CONFIG_INVALID` as `parse` and `format`.
   */
  pattern(glob: string, version?: number | 'any'): string

  /**
   * A test that gives the key of a stored key if it is of this keyspace and version and the glob matches it, and
   * otherwise `undefined`. Throws as `pattern` does; the test as `parse` does.
   */
  matcher(glob: string, version?: number | 'any'): (stored: string) => string | undefined

  /**
   * The stored key of what the library itself keeps for a key. No key is ever stored there.
   *
   * @param kind what it is for, in letters from a to z, such as `lock`.
   * @throws ShaleError as `format` does; `CONFIG_INVALID` for another kind.
   */
  bookkeeping(kind: string, key: string, version?: number): string

  /** What `bookkeeping` made a stored key of; `undefined` for every other. */
  parseBookkeeping(stored: string): ParsedBookkeeping | undefined

  /**
   * A keyspace of its own, of the same format and version unless stated, whose prefix is `prefix:name`.
   *
   * @throws ShaleError `CONFIG_INVALID` for a name that is empty or makes a prefix that is not allowed.
   */
  namespace(name: string, options?: NamespaceOptions): Keyspace
}
