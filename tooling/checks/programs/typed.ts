// A strict TypeScript program over every package; only its types are checked.
import * as caches from '@shale/cache'
import { createCache, ShaleError, type Cache, type CacheOptions, type Duration } from '@shale/cache'
import * as client from '@shale/client'
import * as codecs from '@shale/codecs'
import * as contracts from '@shale/contracts'
import * as keys from '@shale/keys'
import * as memory from '@shale/memory'
import * as router from '@shale/router'
import * as testing from '@shale/testing'

interface User {
  readonly id: number
  readonly name: string
}

const ttl: Duration = '10m'
const options: CacheOptions = { servers: 'redis://localhost:6379', ttl, errors: 'throw' }
const cache: Cache = createCache(options)

const found: User | undefined = await cache.get<User>('user:7')
const named: User | 'nobody' = await cache.get<User, 'nobody'>('user:7', { default: 'nobody' })
const loaded: User = await cache.getOrSet('user:7', () => ({ id: 7, name: 'Ada' }), { ttl: '1h' })
const loadedLater: User = await cache.getOrSet('user:8', async () => ({ id: 8, name: 'Grace' }))
const many: Map<string, User> = await cache.getMany<User>(['user:7', 'user:8'])
const rejected: string[] = await cache.setMany(new Map([['user:7', loaded]]), { ttl: null })
const left: number | null | undefined = await cache.ttl('user:7')
for await (const key of cache.keys('user:*')) key.toUpperCase()

try {
  await cache.incr('hits')
} catch (error) {
  if (ShaleError.is(error) && error.code === 'KEY_NOT_FOUND') await cache.add('hits', 1)
}

// @ts-expect-error a duration has a unit that exists
createCache({ ttl: '10 parsecs' })
// @ts-expect-error an option that does not exist
createCache({ colour: 'red' })

export { caches, client, codecs, contracts, keys, memory, router, testing, found, named, loadedLater, many, rejected, left }
