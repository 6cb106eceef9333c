// Stores
export { createStore, openStore, type OpenedStore } from './create-store.ts'
export type { PreviousServers, StoreOptions } from './options/store-options.ts'
export type {
  ClusterServers,
  ListedShardServers,
  ReplicaServer,
  ReplicaSetServers,
  SentinelServers,
  Servers,
  ShardProperties,
  ShardServers,
} from './options/servers.ts'
export type { BreakerOptions } from './server/breaker.ts'
export type { LeaseNaming } from './server/lease-naming.ts'
export type { ReadableServer, ReadFrom, ReadFunction, ReadPolicyName } from './replicas/read-policy.ts'

// The parts of a store
export { Sharded, type Shard, type ShardedOptions } from './shards/sharded.ts'
export { Resharding, type ReshardingOptions } from './resharding/resharding.ts'
export { bringHome, type BringHomeOptions } from './resharding/bring-home.ts'
export { isServerFailure, shardsFailed, type ShardFailure } from './shards/shards-failed.ts'
export { nameOfStore } from './calls/name-of-store.ts'
export { withDeadline, type DeadlineOptions } from './calls/deadline.ts'
export { withDoubts, type DoubtsOptions } from './doubts/doubts.ts'
export type { DoubtedKeys } from './doubts/doubtful-keys.ts'

// Servers
export { parseServer, type ServerDefaults } from './options/server-address.ts'
export { parseServers } from './options/servers-layout.ts'
export { endpointsOf, type ReplicaLayout, type ShardLayout, type ShardParts } from './options/shard-layout.ts'

// Drivers
export { nodeRedis } from './drivers/node-redis.ts'
export { ioredis } from './drivers/ioredis.ts'
export type { DriverOptions } from './drivers/driver-options.ts'

// What these name
export {
  BatchStore,
  errorCodes,
  ShaleError,
  type BatchName,
  type BatchOperation,
  type ErrorCode,
  type ShaleErrorOptions,
} from '@shale/contracts'
export type { Clock, Duration, DurationUnit, Random, TimerHandle } from '@shale/contracts'
export type {
  Answer,
  BreakerState,
  Brought,
  KeyGroup,
  ScanPage,
  ServerStatus,
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
export type { Command, Connection, ConnectionEvents, Driver, Endpoint, Reply, TlsOptions } from '@shale/contracts'
export type { Router, RouterFactory, RouterNode } from '@shale/contracts'
