// Stores
export { createStore, openStore, type OpenedStore } from './create-store.ts'
export type { PreviousServers, StoreOptions } from './store-options.ts'
export type { ClusterServers, ReplicaServer, ReplicaSetServers, SentinelServers, Servers, ShardServers } from './servers.ts'
export type { BreakerOptions } from './breaker.ts'
export type { LeaseNaming } from './lease-naming.ts'
export type { ReadableServer, ReadFrom, ReadFunction, ReadPolicyName } from './read-policy.ts'

// The parts of a store
export { Sharded, type Shard, type ShardedOptions } from './sharded.ts'
export { Resharding, type ReshardingOptions } from './resharding.ts'
export { bringHome, type BringHomeOptions } from './bring-home.ts'
export { isServerFailure, shardsFailed, type ShardFailure } from './shards-failed.ts'
export { withDeadline, type DeadlineOptions } from './deadline.ts'
export { withDoubts, type DoubtsOptions } from './doubts.ts'
export type { DoubtedKeys } from './doubtful-keys.ts'

// Servers
export { parseServer, type ServerDefaults } from './server-address.ts'
export { endpointsOf, parseServers, type ReplicaLayout, type ShardLayout, type ShardParts } from './servers-layout.ts'

// Drivers
export { nodeRedis } from './drivers/node-redis.ts'
export { ioredis } from './drivers/ioredis.ts'
export type { DriverOptions } from './drivers/driver-options.ts'
