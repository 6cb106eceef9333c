import { checkOptions } from './call-options.ts'
import { parseJitter, parseTtl } from './ttl.ts'
import { Scope } from './scope.ts'
import type { Duration } from '@shale/contracts'

/** What a namespace may have of its own; the rest is its parent's. */
export interface NamespaceOptions {
  /** The key version; the parent's by default. */
  readonly version?: number | undefined
  /** The default time to live; the parent's by default. */
  readonly ttl?: Duration | null | undefined
  /** The default jitter; the parent's by default. */
  readonly ttlJitter?: number | undefined
}

const known: readonly (keyof NamespaceOptions)[] = ['version', 'ttl', 'ttlJitter']

/** The scope of a namespace within another. */
export function openNamespace(parent: Scope, name: string, options: NamespaceOptions = {}): Scope {
  checkOptions(options, known, 'namespace')
  const keyspace = parent.keyspace.namespace(name, options.version === undefined ? {} : { version: options.version })
  parent.core.ownKeys.opened(keyspace)
  return new Scope(parent.core, keyspace, {
    ttl: options.ttl === undefined ? parent.ttls.ttl : parseTtl(options.ttl, 'ttl'),
    jitter: options.ttlJitter === undefined ? parent.ttls.jitter : parseJitter(options.ttlJitter, 'ttlJitter'),
  })
}
