// Read by the compiler alone: what the public types say.
import { expectTypeOf } from 'vitest'
import {
  createCache,
  createCaches,
  djangoRing,
  ketama,
  ShaleError,
  type Cache,
  type CacheEvents,
  type CacheOptions,
  type CacheStats,
  type Duration,
  type Entries,
  type EntryInfo,
  type ErrorCode,
  type Factory,
  type LoadContext,
  type Lock,
  type ReinsertReport,
  type RouterFactory,
  type ServerStatus,
} from '@shale/cache'

interface User {
  readonly id: number
}

declare const cache: Cache
declare const user: User
declare const maybe: { default?: User }

expectTypeOf(createCache).parameter(0).toEqualTypeOf<CacheOptions | undefined>()
expectTypeOf(createCache()).toEqualTypeOf<Cache>()
expectTypeOf(createCaches({ default: {}, sessions: { ttl: '1h' } })).toEqualTypeOf<Record<'default' | 'sessions', Cache>>()
// @ts-expect-error there is no such cache
void createCaches({ default: {} }).sessions

// get
expectTypeOf(cache.get('a')).resolves.toBeUnknown()
expectTypeOf(cache.get<User>('a')).resolves.toEqualTypeOf<User | undefined>()
expectTypeOf(cache.get<User>('a', {})).resolves.toEqualTypeOf<User | undefined>()
expectTypeOf(cache.get<User>('a', { version: 2 })).resolves.toEqualTypeOf<User | undefined>()
expectTypeOf(cache.get<User>('a', { default: user })).resolves.toEqualTypeOf<User>()
expectTypeOf(cache.get<User, null>('a', { default: null })).resolves.toEqualTypeOf<User | null>()
expectTypeOf(cache.get<number>('a', { default: 0, version: 2 })).resolves.toEqualTypeOf<number>()
expectTypeOf(cache.get<User>('a', maybe)).resolves.toEqualTypeOf<User | undefined>()
// @ts-expect-error a default of another type has to be named
void cache.get<User>('a', { default: 'none' })
// @ts-expect-error a miss is undefined
const found: User = await cache.get<User>('a')
void found
// @ts-expect-error an unknown option
void cache.get('a', { ttl: 5 })
expectTypeOf(cache.getMany<User>(['a'])).resolves.toEqualTypeOf<Map<string, User>>()
expectTypeOf(cache.getMany(new Set(['a']))).resolves.toEqualTypeOf<Map<string, unknown>>()

// writes
expectTypeOf(cache.set('a', user, { ttl: '5m', ttlJitter: 0.1, version: 2 })).resolves.toBeBoolean()
expectTypeOf(cache.setMany({ a: 1 })).resolves.toEqualTypeOf<string[]>()
expectTypeOf(cache.setMany(new Map([['a', user]]), { ttl: null })).resolves.toEqualTypeOf<string[]>()
expectTypeOf(
  cache.setMany([
    ['a', 1],
    ['b', 'two'],
  ]),
).resolves.toEqualTypeOf<string[]>()
expectTypeOf(cache.setMany(['a', 'b'].map((key) => [key, 1]))).resolves.toEqualTypeOf<string[]>()
expectTypeOf(cache.setMany({} as Entries)).resolves.toEqualTypeOf<string[]>()
// @ts-expect-error keys are strings
void cache.setMany([[1, 1]])
expectTypeOf(cache.add('a', user)).resolves.toBeBoolean()
expectTypeOf(cache.has('a')).resolves.toBeBoolean()
expectTypeOf(cache.delete('a')).resolves.toBeBoolean()
expectTypeOf(cache.deleteMany(['a'])).resolves.toBeNumber()
expectTypeOf(cache.touch('a')).resolves.toBeBoolean()
expectTypeOf(cache.touch('a', null, { version: 2 })).resolves.toBeBoolean()
expectTypeOf(cache.persist('a')).resolves.toBeBoolean()
expectTypeOf(cache.ttl('a')).resolves.toEqualTypeOf<number | null | undefined>()
expectTypeOf(cache.incr('a')).resolves.toBeNumber()
expectTypeOf(cache.decr('a', 2)).resolves.toBeNumber()
// @ts-expect-error a number is added
void cache.incr('a', '1')
expectTypeOf(cache.incrVersion('a', 2, { version: 1 })).resolves.toBeNumber()
expectTypeOf(cache.decrVersion('a')).resolves.toBeNumber()
expectTypeOf(cache.deletePattern('a*')).resolves.toBeNumber()
expectTypeOf(cache.clear({ version: 2 })).resolves.toBeVoid()
expectTypeOf(cache.clear({ database: true })).resolves.toBeVoid()
expectTypeOf(cache.keys()).toEqualTypeOf<AsyncIterable<string>>()
expectTypeOf(cache.inspect('a')).resolves.toEqualTypeOf<EntryInfo | undefined>()
expectTypeOf(
  cache.reinsertKeys({
    rate: 1000,
    onProgress: (report) => {
      expectTypeOf(report).toEqualTypeOf<Readonly<ReinsertReport>>()
    },
  }),
).resolves.toEqualTypeOf<ReinsertReport>()
expectTypeOf<EntryInfo>().toHaveProperty('ttl').toEqualTypeOf<number | null>()
expectTypeOf<EntryInfo>().toHaveProperty('codec').toEqualTypeOf<string | undefined>()

// getOrSet
expectTypeOf(cache.getOrSet('a', 5)).resolves.toEqualTypeOf<number>()
expectTypeOf(cache.getOrSet('a', user)).resolves.toEqualTypeOf<User>()
expectTypeOf(cache.getOrSet('a', () => user)).resolves.toEqualTypeOf<User>()
expectTypeOf(cache.getOrSet('a', async () => user)).resolves.toEqualTypeOf<User>()
expectTypeOf(cache.getOrSet('a', async ({ signal }) => (signal.aborted ? null : user))).resolves.toEqualTypeOf<User | null>()
expectTypeOf(cache.getOrSet<User | undefined>('a', () => undefined)).resolves.toEqualTypeOf<User | undefined>()
expectTypeOf(
  cache.getOrSet('a', (context) => (expectTypeOf(context).toEqualTypeOf<LoadContext>(), 1), {
    ttl: '10m',
    negativeTtl: 5,
    hardTimeout: '1s',
  }),
).resolves.toEqualTypeOf<number>()
expectTypeOf<Factory<User>>().returns.toEqualTypeOf<User | Promise<User>>()
// @ts-expect-error not yet an option
void cache.getOrSet('a', 1, { staleFor: '1h' })

// locks
expectTypeOf(cache.lock('a', { ttl: '10s', wait: 0, extend: true })).resolves.toEqualTypeOf<Lock | undefined>()
expectTypeOf<Lock>().toExtend<AsyncDisposable>()
expectTypeOf<Lock['signal']>().toEqualTypeOf<AbortSignal>()
expectTypeOf<Lock['release']>().returns.resolves.toBeBoolean()
expectTypeOf<Lock['extend']>().parameter(0).toEqualTypeOf<Duration | undefined>()

// servers
createCache({ servers: 'redis://a,redis://b' })
createCache({ servers: ['redis://a', 'redis://b'] as readonly string[], router: ketama() })
createCache({ servers: { primary: 'redis://a', replicas: ['redis://b', { server: 'redis://c', weight: 2 }] }, readFrom: 'nearest' })
createCache({ servers: [{ name: 'eu', weight: 2, primary: 'redis://a' }, { sentinels: ['redis://s'], master: 'm' }, 'redis://b'] })
createCache({ servers: { cluster: ['redis://n'] }, readFrom: (servers) => servers[0], maxReplicaLag: '2s', readYourWrites: false })
createCache({
  servers: 'redis://a',
  previousServers: { servers: ['redis://b'], router: djangoRing() },
  breaker: { failures: 5, probe: '1s' },
})
createCache({ servers: ['redis://a'], previousServers: ['redis://a', 'redis://b'], breaker: false })
// @ts-expect-error a replica set has a primary
createCache({ servers: { replicas: ['redis://b'] } })
// @ts-expect-error a sentinel group has a master
createCache({ servers: { sentinels: ['redis://s'] } })
// @ts-expect-error no such property
createCache({ servers: [{ primary: 'redis://a', replica: 'redis://b' }] })
// @ts-expect-error a shard is of one kind
createCache({ servers: { primary: 'redis://a', cluster: ['redis://n'] } })
// @ts-expect-error a shard is of one kind
createCache({ servers: { primary: 'redis://a', sentinels: ['redis://s'], master: 'm' } })
createCache({ servers: [{ primary: 'redis://a', replicas: ['redis://b'] }] })
createCache({ servers: [{ sentinels: ['redis://s'], master: 'm' }, 'redis://b', { name: 'n', cluster: ['redis://n'] }] })
// @ts-expect-error a replica set among others has a name
createCache({ servers: ['redis://a', { primary: 'redis://b' }] })
// @ts-expect-error a cluster among others has a name
createCache({ servers: [{ cluster: ['redis://n'] }, 'redis://a'] })
// @ts-expect-error no such policy
createCache({ readFrom: 'secondary' })
// @ts-expect-error a router is made, not named
createCache({ router: 'jump' })
expectTypeOf<CacheOptions['router']>().toEqualTypeOf<RouterFactory | undefined>()

// the rest
expectTypeOf(cache.namespace('eu', { version: 2, ttl: null })).toEqualTypeOf<Cache>()
expectTypeOf(cache.stats()).toEqualTypeOf<CacheStats>()
expectTypeOf(cache.stats().servers).toEqualTypeOf<readonly ServerStatus[]>()
cache.on('breaker', ({ server, state }) => expectTypeOf([server, state]).toEqualTypeOf<string[]>())
cache.on('replica', ({ shard, readable, lag }) => void [shard.length, readable, lag?.toFixed()])
expectTypeOf(cache.on('degraded', (event) => expectTypeOf(event).toEqualTypeOf<CacheEvents['degraded']>())).toEqualTypeOf<() => void>()
// @ts-expect-error no such event
cache.on('degrade', () => {})
expectTypeOf<Cache>().toExtend<AsyncDisposable>()

// durations
for (const ttl of [0, 1.5, '250ms', '30s', '5m', '2h', '7d', '-1s', '0.5h'] as const) expectTypeOf(ttl).toExtend<Duration>()
expectTypeOf<'5w'>().not.toExtend<Duration>()
expectTypeOf<'m'>().not.toExtend<Duration>()
expectTypeOf<string>().not.toExtend<Duration>()
// @ts-expect-error a wrong unit
createCache({ ttl: '5min' })
// @ts-expect-error an option that does not exist
createCache({ near: true })

// errors
declare const thrown: unknown
if (ShaleError.is(thrown)) {
  expectTypeOf(thrown.code).toEqualTypeOf<ErrorCode>()
  expectTypeOf(thrown.partial).toBeUnknown()
}
expectTypeOf<'KEY_NOT_FOUND'>().toExtend<ErrorCode>()
expectTypeOf<'OTHER'>().not.toExtend<ErrorCode>()
