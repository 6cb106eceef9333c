// Errors
export { errorCodes, type ErrorCode } from './error-codes.ts'
export { ShaleError, type ShaleErrorOptions } from './shale-error.ts'

// Time and chance
export { maxDurationMs, parseDuration, parsePositiveDuration, type Duration, type DurationUnit } from './duration.ts'
export { systemClock, type Clock, type Random, type TimerHandle } from './clock.ts'

// Roles
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
} from './store.ts'
export type { Codec } from './codec.ts'
export type { KeyFormat } from './key-format.ts'
export type { Router, RouterFactory, RouterNode } from './router.ts'
export type { Command, Connection, ConnectionEvents, Driver, Endpoint, Reply, TlsOptions } from './driver.ts'

// For authors of stores, codecs and drivers
export { BatchStore, StoreDecorator, type BatchName, type BatchOperation } from './batch-store.ts'
export { describe } from './describe.ts'
export { isRecord, kindOf, readList, readRecord } from './record.ts'
export { compileGlob, escapeGlob } from './glob.ts'
