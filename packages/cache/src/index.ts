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
export { errorCodes, ShaleError, type BreakerState, type ErrorCode, type ServerStatus, type ShaleErrorOptions } from '@shale/contracts'
export type { CacheEventName, CacheEvents } from './events.ts'
export type { CacheStats, Counters } from './stats.ts'
export type { PartialResult } from './failure.ts'
export type { ShardFailure } from '@shale/client'

// What its options accept
export type { Clock, Codec, Duration, DurationUnit, KeyFormat, Random, TimerHandle, TlsOptions } from '@shale/contracts'
export { brotli, bytes, cbor, gzip, json, msgpack, v8, zstd } from '@shale/codecs'
export type { CborOptions, Compression, CompressionOptions, EncryptionOptions } from '@shale/codecs'
export { ioredis, nodeRedis, type DriverOptions } from '@shale/client'
export type {
  BreakerOptions,
  ClusterServers,
  DoubtedKeys,
  LeaseNaming,
  ListedShardServers,
  PreviousServers,
  ReadableServer,
  ReadFrom,
  ReadFunction,
  ReadPolicyName,
  ReplicaServer,
  ReplicaSetServers,
  SentinelServers,
  Servers,
  ShardProperties,
  ShardServers,
  StoreOptions,
} from '@shale/client'
export { djangoIdentity, djangoRing, jump, ketama, rendezvous, type DjangoIdentityOptions } from '@shale/router'
export { createMemoryStore, type MemoryStoreOptions } from '@shale/memory'

// For authors of stores, drivers and routers
export type {
  Answer,
  Brought,
  KeyGroup,
  ScanPage,
  Store,
  StoredValue,
  StoreEntry,
  StoreFill,
  StoreIncrement,
  StoreLease,
  StoreLocation,
  StoreMove,
  StoreObserver,
  StorePart,
  StoreRelease,
  StoreSwap,
  Tally,
} from '@shale/contracts'
export type { Command, Connection, ConnectionEvents, Driver, Endpoint, Reply } from '@shale/contracts'
export type { Router, RouterFactory, RouterNode } from '@shale/contracts'
