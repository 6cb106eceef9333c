// Stores
export { createStore, type Servers, type StoreOptions } from './create-store.ts'
export { withDeadline, type DeadlineOptions } from './deadline.ts'

// Servers
export { parseServer, type ServerDefaults } from './server-address.ts'

// Drivers
export { nodeRedis, type NodeRedisOptions } from './drivers/node-redis.ts'
export { ioredis, type IoRedisOptions } from './drivers/ioredis.ts'
