import type { KeyFormat } from '@shale/contracts'
import { isKey } from './key.ts'
import { parseVersion } from './version.ts'

/** A key as its user knows it. */
export interface ParsedKey {
  readonly key: string
  readonly version: number
}

/** What the library keeps for a key beside its value. */
export interface ParsedBookkeeping extends ParsedKey {
  /** What it is for, such as `lock`. */
  readonly kind: string
}

/** Django's format, `prefix:version:key`, which a keyspace has unless told otherwise; an empty prefix gives `:version:key`. */
export const keyFormat: Required<KeyFormat> = {
  format: (key, prefix, version) => `${prefix}:${version}:${key}`,
  parse(stored, prefix) {
    const found = parseStored(stored, prefix)
    return found === undefined || found.kind !== undefined ? undefined : { key: found.key, version: found.version }
  },
}

/**
 * The library's own keys, `prefix:version~kind:key`: among those of the prefix, never the same as one of them, and on
 * the shard of the key's `{tag}`, if it has one.
 */
export function formatBookkeeping(kind: string, key: string, prefix: string, version: number): string {
  return `${prefix}:${version}~${kind}:${key}`
}

export function parseBookkeeping(stored: string, prefix: string): ParsedBookkeeping | undefined {
  const { key, version, kind } = parseStored(stored, prefix) ?? {}
  return key === undefined || version === undefined || kind === undefined ? undefined : { kind, key, version }
}

interface Parsed extends ParsedKey {
  readonly kind: string | undefined
}

function parseStored(stored: string, prefix: string): Parsed | undefined {
  const start = prefix.length + 1
  if (stored.charCodeAt(prefix.length) !== colon || !stored.startsWith(prefix)) return undefined
  const end = stored.indexOf(':', start)
  if (end === -1) return undefined
  const [number, kind, ...rest] = stored.slice(start, end).split('~')
  const version = parseVersion(number!)
  const key = stored.slice(end + 1)
  if (version === undefined || rest.length > 0 || (kind !== undefined && !isKind(kind)) || !isKey(key)) return undefined
  return { key, version, kind }
}

const colon = ':'.charCodeAt(0)

export function isKind(kind: unknown): kind is string {
  return typeof kind === 'string' && /^[a-z]+$/.test(kind)
}
