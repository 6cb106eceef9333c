import { escapeGlob, type KeyFormat } from '@shale/contracts'
import { keyFormat, type Keyspace } from '@shale/keys'
import { SeenKeys } from './seen-keys.ts'

/** Which stored keys a cache and its namespaces may have written, and where their leases are kept. */
export interface OwnKeys {
  /** A glob that matches all of them, and perhaps others; `undefined` where they cannot be told from the keys of others. */
  readonly pattern: string | undefined
  /** Whether an entry of the cache may be stored there. Never true of bookkeeping. */
  readonly concerns: (stored: string) => boolean
  /** Where the lease of a stored key is kept: among the bookkeeping of the cache. */
  readonly leaseKey: (stored: string) => string
  /** A keyspace is used from now on. */
  readonly opened: (keyspace: Keyspace) => void
}

/** @param seed makes collisions of prefixes unpredictable to whoever chooses them. */
export function createOwnKeys(root: Keyspace, format: KeyFormat | undefined, seed: number): OwnKeys {
  const bookkeeping = (stored: string): string => `${root.prefix}:${root.version}~lease:${stored}`
  if (format === undefined) return ofUsualFormat(root, seed, bookkeeping)
  const keyspaces = new Map([[root.prefix, root]])
  const own = { leaseKey: bookkeeping, opened: (keyspace: Keyspace) => void keyspaces.set(keyspace.prefix, keyspace) }
  if (format.parse !== undefined) return { ...own, pattern: '*', concerns: (stored) => some(keyspaces, (one) => one.parse(stored)) }
  return { ...own, pattern: undefined, concerns: (stored) => !some(keyspaces, (one) => one.parseBookkeeping(stored)) }
}

function ofUsualFormat(root: Keyspace, seed: number, bookkeeping: (stored: string) => string): OwnKeys {
  const prefixes = new SeenKeys(seed)
  prefixes.add(root.prefix)
  return {
    pattern: root.prefix === '' ? '*' : `${escapeGlob(root.prefix)}:*`,
    concerns(stored) {
      const end = versionOf(stored)
      if (end === -1) return false
      const prefix = stored.slice(0, end)
      return prefixes.has(prefix) && keyFormat.parse(stored, prefix) !== undefined
    },
    leaseKey(stored) {
      const start = versionOf(stored)
      if (start === -1) return bookkeeping(stored)
      const end = stored.indexOf(':', start + 1)
      return `${stored.slice(0, end)}~lease${stored.slice(end)}`
    },
    opened: ({ prefix }) => void prefixes.add(prefix),
  }
}

/** Where the version begins, with its colon: no segment of a prefix is an integer. */
function versionOf(stored: string): number {
  return stored.search(/:-?\d+:/)
}

function some(keyspaces: ReadonlyMap<string, Keyspace>, parse: (keyspace: Keyspace) => unknown): boolean {
  for (const keyspace of keyspaces.values()) if (parse(keyspace) !== undefined) return true
  return false
}
