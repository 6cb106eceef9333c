// The embedded store
export { createMemoryStore, entryOverheadBytes } from './memory-store.ts'
export type { MemoryStoreOptions } from './options.ts'
export { parseMemoryUrl } from './memory-url.ts'

// What these name
export type { Clock, Store } from '@shale/contracts'
