import { describe, ShaleError, type KeyFormat } from '@shale/contracts'
import { isKey } from './key.ts'
import { keyFormat, parseBookkeeping, type ParsedKey } from './layout.ts'

/** A key format for one prefix, of which only valid keys and versions are asked, and whose answers are sound. */
export interface StoredFormat {
  format(key: string, version: number): string
  parse(stored: string): ParsedKey | undefined
  /** Throws what `parse` would if there is none. */
  checkParse(): void
}

export function createStoredFormat(format: KeyFormat, prefix: string): StoredFormat {
  if (format !== keyFormat) return new CheckedFormat(format, prefix)
  return {
    format: (key, version) => keyFormat.format(key, prefix, version),
    parse: (stored) => keyFormat.parse(stored, prefix),
    checkParse() {},
  }
}

/** A custom format, which is code of someone else: each answer is checked. */
class CheckedFormat implements StoredFormat {
  readonly #format: KeyFormat
  readonly #prefix: string

  constructor(format: KeyFormat, prefix: string) {
    this.#format = format
    this.#prefix = prefix
  }

  format(key: string, version: number): string {
    const stored: unknown = this.#run('format', () => this.#format.format(key, this.#prefix, version))
    if (typeof stored !== 'string' || stored === '' || !stored.isWellFormed()) {
      throw new ShaleError(
        'KEY_INVALID',
        `keyFormat.format: expected a non-empty, well-formed string for ${describe(key)}; it gave ${describe(stored)}.`,
      )
    }
    if (parseBookkeeping(stored, this.#prefix) === undefined) return stored
    throw new ShaleError(
      'KEY_INVALID',
      `keyFormat.format: expected no key of the form prefix:version~kind:key, in which the library keeps its own; for ${describe(key)} it gave ${describe(stored)}.`,
    )
  }

  /** A stored key counts only if the format would write it so: what is deleted by its key is then what was found. */
  parse(stored: string): ParsedKey | undefined {
    this.checkParse()
    if (parseBookkeeping(stored, this.#prefix) !== undefined) return undefined
    const { key, version } = this.#run('parse', () => this.#format.parse!(stored, this.#prefix)) ?? {}
    if (!isKey(key) || version === undefined || !Number.isSafeInteger(version)) return undefined
    return this.#run('format', () => this.#format.format(key, this.#prefix, version)) === stored ? { key, version } : undefined
  }

  checkParse(): void {
    if (this.#format.parse !== undefined) return
    throw new ShaleError(
      'CONFIG_INVALID',
      'keyFormat.parse: expected a function, since what scans has to tell the keys of a keyspace from others; found none. Add parse(stored, prefix).',
    )
  }

  #run<T>(name: string, call: () => T): T {
    try {
      return call()
    } catch (error) {
      throw new ShaleError('KEY_INVALID', `keyFormat.${name}: expected no error; it threw ${describe(error)}.`, { cause: error })
    }
  }
}
