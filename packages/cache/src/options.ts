import {
  describe,
  ShaleError,
  type Clock,
  type Codec,
  type Driver,
  type Duration,
  type KeyFormat,
  type Random,
  type RouterFactory,
  type Store,
  type TlsOptions,
} from '@shale/contracts'
import type { BreakerOptions, PreviousServers, ReadFrom, Servers } from '@shale/client'
import type { Compression, EncryptionOptions } from '@shale/codecs'
import { readOptions } from './call-options.ts'

/** What a cache can be told. Everything has a default: `createCache()` is a cache in this process. */
export interface CacheOptions {
  /**
   * `'memory:'` (with `?maxBytes=…&maxEntries=…`); one server's address; `{ primary, replicas }`, `{ sentinels, master }` or `{ cluster }`; a
   * list of these, between which the keys are divided; or any `Store`. `'memory:'` by default.
   */
  readonly servers?: Servers | Store | undefined
  /** For a server whose address does not state its own. */
  readonly username?: string | undefined
  readonly password?: string | undefined
  /** 0 by default. */
  readonly database?: number | undefined
  /** `true`, or what `node:tls` takes; `rediss://` turns it on, too. */
  readonly tls?: boolean | TlsOptions | undefined
  /** For TCP, TLS and handshake together; `'2s'` by default. */
  readonly connectTimeout?: Duration | undefined
  /** Who speaks to a server: `nodeRedis()` by default, `ioredis()`, or your own. */
  readonly driver?: Driver | undefined
  /** Connections per server, or how few and how many; 1 by default. */
  readonly connections?: number | { readonly min: number; readonly max: number } | undefined
  /** Says which shard of a list a key lives on: `rendezvous()` by default, `ketama()`, `jump()`, `djangoRing()`, or your own. */
  readonly router?: RouterFactory | undefined
  /** The other layout, `servers` or `{ servers, router }`, while entries are moved from one to the other. */
  readonly previousServers?: PreviousServers | undefined
  /** Which server of a replica set is read: `'primary'` by default, `'primary-preferred'`, `'replica'`, `'replica-preferred'`, `'any'`, `'nearest'`, or a function. */
  readonly readFrom?: ReadFrom | undefined
  /** Whether a key that this cache wrote is read from a replica only once that has the write; `true` by default. */
  readonly readYourWrites?: boolean | undefined
  /** Replicas further behind are not read; `'1s'` by default. */
  readonly maxReplicaLag?: Duration | undefined
  /** After how many failures a server is taken for down, and how often it is tried then; `false` refuses no call. On by default. */
  readonly breaker?: boolean | BreakerOptions | undefined
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
  /** Where time comes from; the system's by default. */
  readonly clock?: Clock | undefined
  /** Where chance comes from; `Math.random` by default. */
  readonly random?: Random | undefined
}

const known: Record<keyof CacheOptions, true> = {
  servers: true,
  username: true,
  password: true,
  database: true,
  tls: true,
  connectTimeout: true,
  driver: true,
  connections: true,
  router: true,
  previousServers: true,
  readFrom: true,
  readYourWrites: true,
  maxReplicaLag: true,
  breaker: true,
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
  timeout: true,
  errors: true,
  clock: true,
  random: true,
}

/**
 * The options of a cache as they were handed over; refuses what is no options object, and unknown options.
 *
 * @throws ShaleError `CONFIG_INVALID`
 */
export function readCacheOptions(given: unknown): CacheOptions {
  const options: CacheOptions = readOptions(given, Object.keys(known), 'createCache')
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
