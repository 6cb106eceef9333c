// Stores
export { createStore, type Servers, type StoreOptions } from './create-store.ts'
export { withDeadline, type DeadlineOptions } from './deadline.ts'
export { withDoubts, type DoubtsOptions } from './doubts.ts'
export type { DoubtedKeys } from './doubtful-keys.ts'

// Servers
export { parseServer, type ServerDefaults } from './server-address.ts'

// Drivers
export { nodeRedis } from './drivers/node-redis.ts'
export { ioredis } from './drivers/ioredis.ts'
export type { DriverOptions } from './drivers/driver-options.ts'
