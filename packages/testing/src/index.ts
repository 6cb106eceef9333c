// Contract suites
export { storeContract, type StoreContract, type StoreFixture } from './store-contract.ts'
export type { StoreCapabilities } from './store-contract/context.ts'
export { keyFormatContract, type KeyFormatCapabilities, type KeyFormatContract } from './key-format-contract.ts'
export { codecContract, type CodecCapabilities, type CodecContract, type CodecFidelity } from './codec-contract.ts'
export { routerContract, type RouterCapabilities, type RouterContract } from './router-contract.ts'
export { driverContract, type DriverCapabilities, type DriverContract, type DriverFixture } from './driver-contract.ts'
export type { TestFunction } from './test-function.ts'

// Time and chance by hand
export { createManualClock, type ManualClock } from './manual-clock.ts'
export { createSeededRandom } from './seeded-random.ts'
export { createGate, type Gate } from './gate.ts'

// Stores that fail
export { createFaultStore, type Fault, type FaultStore, type StoreCall, type StoreOperation } from './fault-store.ts'

// What these name
export type { Clock, Codec, Driver, Endpoint, KeyFormat, Random, RouterFactory, ShaleError, Store } from '@shale/contracts'
