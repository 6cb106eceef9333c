import { isRecord, kindOf, parsePositiveDuration, ShaleError, systemClock } from '@shale/contracts'
import { createSerializer } from '@shale/codecs'
import { createKeyspace, type Keyspace } from '@shale/keys'
import { Cache } from './cache.ts'
import { Core } from './core.ts'
import { keyReader } from './key-of.ts'
import { openStore } from './open-store.ts'
import { createOwnKeys } from './own-keys.ts'
import { readCacheOptions, type CacheOptions } from './options.ts'
import { Scope } from './scope.ts'
import { parseJitter, parseTtl } from './ttl.ts'

/**
 * A cache. It connects at the first call that needs a server, or at `connect`.
 *
 * @throws ShaleError `CONFIG_INVALID` for an option that is unknown or not as `CacheOptions` has it.
 */
export function createCache(given: CacheOptions = {}): Cache {
  const options = readCacheOptions(given)
  const { clock = systemClock, random = Math.random, ttl = '5m', ttlJitter = 0 } = options
  const timeout = parsePositiveDuration(options.timeout === undefined ? '500ms' : options.timeout, 'timeout')
  const ttls = { ttl: parseTtl(ttl, 'ttl'), jitter: parseJitter(ttlJitter, 'ttlJitter') }
  const keyspace = openKeyspace(options)
  const { codec, accept, compression, encryption, maxValueBytes } = options
  const serializer = createSerializer({ codec, accept, compression, encryption, maxValueBytes, clock })
  const ownKeys = createOwnKeys(keyspace, options.keyFormat, Math.floor(random() * 2 ** 32))
  const { store, owned, places } = openStore(options, { timeout, clock, random, ownKeys })
  const core = new Core({
    store,
    ownsStore: owned,
    places,
    ownKeys,
    serializer,
    encrypts: encryption !== undefined,
    degrades: options.errors !== 'throw',
    timeout,
    clock,
    random,
    keyOf: keyReader(keyspace, options.keyFormat),
  })
  return new Cache(new Scope(core, keyspace, ttls))
}

/** The keyspace that a cache's options ask for; what is wrong with it is said in the names of those options. */
function openKeyspace({ keyPrefix: prefix, version, keyFormat: format }: CacheOptions): Keyspace {
  try {
    return createKeyspace({ prefix, version, format })
  } catch (error) {
    if (!ShaleError.is(error)) throw error
    const message = error.message.replace(/^prefix:/, 'keyPrefix:').replace(/^format:/, 'keyFormat:')
    throw new ShaleError(error.code, message)
  }
}

/**
 * Named caches, as Django's `CACHES` has them, each with connections of its own.
 *
 * @throws ShaleError `CONFIG_INVALID`, as `createCache`, naming the cache.
 */
export function createCaches<Name extends string>(caches: Readonly<Record<Name, CacheOptions>>): Record<Name, Cache> {
  if (!isRecord(caches)) {
    throw new ShaleError('CONFIG_INVALID', `createCaches: expected an object of options by name; found ${kindOf(caches)}.`)
  }
  const entries = Object.entries<CacheOptions>(caches).map(([name, options]) => {
    try {
      return [name, createCache(options)] as const
    } catch (error) {
      if (!ShaleError.is(error)) throw error
      throw new ShaleError(error.code, `The cache '${name}': ${error.message}`, { cause: error })
    }
  })
  return Object.fromEntries(entries) as Record<Name, Cache>
}
