// Keyspaces
export { createKeyspace } from './create-keyspace.ts'
export type { Keyspace, KeyspaceOptions, NamespaceOptions } from './keyspace.ts'
export type { ParsedBookkeeping, ParsedKey } from './layout.ts'

// For authors of key formats
export { keyFormat } from './layout.ts'
export type { KeyFormat } from '@shale/contracts'
