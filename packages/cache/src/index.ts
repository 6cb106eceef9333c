// The cache
export { createCache, createCaches } from './create-cache.ts'
export type { Cache } from './cache.ts'
export type { CacheOptions } from './options.ts'
export type { CallOptions, ClearOptions, GetOptions, SetOptions } from './call-options.ts'
export type { Entries } from './writes.ts'
export type { Factory, GetOrSetOptions, LoadContext } from './load.ts'
export type { EntryInfo } from './inspect.ts'
export type { Lock, LockOptions } from './lock.ts'
export type { NamespaceOptions } from './namespace.ts'
export type { RebalanceOptions, RebalanceReport } from './rebalance.ts'
export type { ReinsertOptions, ReinsertReport } from './reinsert.ts'
export type { RunOptions } from './run.ts'

// What it tells
export { errorCodes, ShaleError, type Duration, type ErrorCode, type ServerStatus } from '@shale/contracts'
export type { CacheEventName, CacheEvents } from './events.ts'
export type { CacheStats, Counters } from './stats.ts'
export type { PartialResult } from './failure.ts'

// What its options accept
export type { Clock, Codec, Driver, KeyFormat, Random, Router, RouterFactory, RouterNode, Store, TlsOptions } from '@shale/contracts'
export { brotli, bytes, cbor, gzip, json, msgpack, v8, zstd } from '@shale/codecs'
export { ioredis, nodeRedis } from '@shale/client'
export type {
  BreakerOptions,
  ClusterServers,
  PreviousServers,
  ReadableServer,
  ReadFrom,
  ReplicaServer,
  ReplicaSetServers,
  SentinelServers,
  Servers,
  ShardServers,
} from '@shale/client'
export { djangoIdentity, djangoRing, jump, ketama, rendezvous } from '@shale/router'
export { createMemoryStore } from '@shale/memory'
