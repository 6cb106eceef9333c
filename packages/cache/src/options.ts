import { describe, readRecord, ShaleError, type Clock, type Codec, type Duration, type KeyFormat, type Store } from '@shale/contracts'
import type { Servers, StoreOptions } from '@shale/client'
import type { Compression, EncryptionOptions } from '@shale/codecs'

/** What a cache can be told. Everything has a default: `createCache()` is a cache in this process. */
export interface CacheOptions extends Omit<StoreOptions, 'keys' | 'leaseKey'> {
  /**
   * `'memory:'` (with `?maxBytes=…&maxEntries=…`); one server's address; `{ primary, replicas }`, `{ sentinels, master }` or `{ cluster }`; a
   * list of these, between which the keys are divided; or any `Store`. `'memory:'` by default.
   */
  readonly servers?: Servers | Store | undefined
  /** What stands before every key; `''` by default. */
  readonly keyPrefix?: string | undefined
  /** The key version; 1 by default. */
  readonly version?: number | undefined
  /** How keys are stored; `prefix:version:key` by default. */
  readonly keyFormat?: KeyFormat | undefined
  /** The default time to live; `null` for ever; `'5m'` by default. */
  readonly ttl?: Duration | null | undefined
  /** The share of a ttl, 0 to 1, that may be taken off at random; 0 by default. */
  readonly ttlJitter?: number | undefined
  /** The codec that writes; `cbor()` by default. */
  readonly codec?: Codec | undefined
  /** The codecs that may be read beside the one that writes. */
  readonly accept?: readonly Codec[] | undefined
  /** `gzip()`, `brotli()` or `zstd()`; none by default. */
  readonly compression?: Compression | undefined
  /** AES-256-GCM with keys that can rotate; none by default. */
  readonly encryption?: EncryptionOptions | undefined
  /** The largest encoded value, before compression, in bytes; 16 MiB by default. */
  readonly maxValueBytes?: number | undefined
  /** The deadline of the cache's own part of an operation, from the call; `'500ms'` by default. */
  readonly timeout?: Duration | undefined
  /** What becomes of a failed server's operations that have a safe answer; `'degrade'` by default. */
  readonly errors?: 'degrade' | 'throw' | undefined
}

/** The options that are the client's, and go to it as they are. */
export const clientOptions: Readonly<Record<keyof Omit<StoreOptions, 'keys' | 'leaseKey'>, true>> = {
  username: true,
  password: true,
  database: true,
  tls: true,
  connectTimeout: true,
  driver: true,
  connections: true,
  timeout: true,
  router: true,
  previousServers: true,
  readFrom: true,
  readYourWrites: true,
  maxReplicaLag: true,
  breaker: true,
  clock: true,
  random: true,
}

const ownOptions: Readonly<Record<Exclude<keyof CacheOptions, keyof typeof clientOptions>, true>> = {
  servers: true,
  keyPrefix: true,
  version: true,
  keyFormat: true,
  ttl: true,
  ttlJitter: true,
  codec: true,
  accept: true,
  compression: true,
  encryption: true,
  maxValueBytes: true,
  errors: true,
}

const known: readonly string[] = [...Object.keys(ownOptions), ...Object.keys(clientOptions)]

/**
 * The options of a cache as they were handed over; refuses what is no options object, and unknown options.
 *
 * @throws ShaleError `CONFIG_INVALID`
 */
export function readCacheOptions(given: unknown): CacheOptions {
  const options: CacheOptions = readRecord(given, known, 'createCache', 'option')
  const { errors, clock, random } = options
  if (errors !== undefined && errors !== 'degrade' && errors !== 'throw') {
    throw new ShaleError('CONFIG_INVALID', `errors: expected 'degrade' or 'throw'; found ${describe(errors)}.`)
  }
  if (clock !== undefined && !isClock(clock)) {
    throw new ShaleError('CONFIG_INVALID', `clock: expected an object with now, setTimeout and clearTimeout; found ${describe(clock)}.`)
  }
  if (random !== undefined && typeof random !== 'function') {
    throw new ShaleError('CONFIG_INVALID', `random: expected a function such as Math.random; found ${describe(random)}.`)
  }
  return options
}

function isClock(value: unknown): boolean {
  const clock = (value ?? {}) as Partial<Clock>
  return [clock.now, clock.setTimeout, clock.clearTimeout].every((method) => typeof method === 'function')
}
