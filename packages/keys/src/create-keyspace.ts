import { compileGlob, describe, escapeGlob, ShaleError, type KeyFormat } from '@shale/contracts'
import { createStoredFormat, type StoredFormat } from './stored-format.ts'
import { isKey, keyError } from './key.ts'
import type { Keyspace, KeyspaceOptions, NamespaceOptions } from './keyspace.ts'
import { formatBookkeeping, isKind, keyFormat, parseBookkeeping, type ParsedBookkeeping, type ParsedKey } from './layout.ts'
import { checkPrefix, namespacePrefix } from './prefix.ts'
import { checkVersion } from './version.ts'

/**
 * A keyspace.
 *
 * @throws ShaleError `CONFIG_INVALID` for an option that is unknown or not as `KeyspaceOptions` has it.
 */
export function createKeyspace(options: KeyspaceOptions = {}): Keyspace {
  checkOptions(options, ['prefix', 'version', 'format'])
  const { prefix = '', version = 1, format = keyFormat } = options
  return new FormattedKeyspace(checkPrefix(prefix, 'prefix'), checkVersion(version), checkFormat(format))
}

class FormattedKeyspace implements Keyspace {
  readonly prefix: string
  readonly version: number
  readonly #keyFormat: KeyFormat
  readonly #stored: StoredFormat
  /** What stands before a key of the default version; `undefined` where the format is a custom one. */
  readonly #head: string | undefined

  constructor(prefix: string, version: number, format: KeyFormat) {
    this.prefix = prefix
    this.version = version
    this.#keyFormat = format
    this.#stored = createStoredFormat(format, prefix)
    this.#head = format === keyFormat ? keyFormat.format('', prefix, version) : undefined
  }

  format(key: string, version: number = this.version): string {
    if (!isKey(key)) throw keyError(key)
    if (version === this.version && this.#head !== undefined) return this.#head + key
    return this.#stored.format(key, checkVersion(version))
  }

  parse(stored: string): ParsedKey | undefined {
    return this.#stored.parse(stored)
  }

  pattern(glob: string, version: number | 'any' = this.version): string {
    checkGlob(glob)
    if (version !== 'any') checkVersion(version)
    this.#stored.checkParse()
    if (this.#head === undefined) return '*'
    const head = `${escapeGlob(this.prefix)}:`
    if (glob !== '*') return `${head}${version === 'any' ? '*' : version}:${glob}`
    return version === 'any' ? `${head}*` : `${head}${version}[:~]*`
  }

  matcher(glob: string, version: number | 'any' = this.version): (stored: string) => string | undefined {
    this.pattern(glob, version)
    const matches = compileGlob(glob)
    return (stored) => {
      const parsed = this.parse(stored)
      return parsed !== undefined && (version === 'any' || parsed.version === version) && matches(parsed.key) ? parsed.key : undefined
    }
  }

  bookkeeping(kind: string, key: string, version: number = this.version): string {
    if (!isKey(key)) throw keyError(key)
    if (!isKind(kind))
      throw new ShaleError('CONFIG_INVALID', `kind: expected letters from a to z, such as 'lock'; found ${describe(kind)}.`)
    return formatBookkeeping(kind, key, this.prefix, checkVersion(version))
  }

  parseBookkeeping(stored: string): ParsedBookkeeping | undefined {
    return parseBookkeeping(stored, this.prefix)
  }

  namespace(name: string, options: NamespaceOptions = {}): Keyspace {
    checkOptions(options, ['version', 'format'])
    const { version = this.version, format = this.#keyFormat } = options
    return new FormattedKeyspace(namespacePrefix(this.prefix, name), checkVersion(version), checkFormat(format))
  }
}

function checkOptions(options: unknown, known: readonly string[]): void {
  if (typeof options !== 'object' || options === null) {
    throw new ShaleError('CONFIG_INVALID', `keyspace options: expected an object such as { prefix: 'shop' }; found ${describe(options)}.`)
  }
  const unknown = Object.keys(options).find((name) => !known.includes(name))
  if (unknown === undefined) return
  throw new ShaleError('CONFIG_INVALID', `keyspace options: expected ${known.join(', ')}; found the unknown option ${describe(unknown)}.`)
}

function checkFormat(format: KeyFormat): KeyFormat {
  const { format: write, parse } = (format ?? {}) as { format?: unknown; parse?: unknown }
  if (typeof write === 'function' && (parse === undefined || typeof parse === 'function')) return format
  throw new ShaleError(
    'CONFIG_INVALID',
    `format: expected an object with the functions format(key, prefix, version) and, so that it can be scanned, parse(stored, prefix); found ${describe(format)}.`,
  )
}

function checkGlob(glob: unknown): void {
  if (typeof glob === 'string' && glob.isWellFormed()) return
  throw new ShaleError('KEY_INVALID', `pattern: expected a well-formed string such as 'user:*'; found ${describe(glob)}.`)
}
