import { afterEach, expect, test } from 'vitest'
import { createCache, rendezvous, type Cache, type CacheOptions } from '@shale/cache'
import { startRedis, until, type RedisServer } from '@tooling/servers'
import { caught } from './caught.ts'

const cleanups: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

async function start(password?: string): Promise<RedisServer> {
  const server = await startRedis(password === undefined ? {} : { password })
  cleanups.push(() => server.stop())
  return server
}

function open(options: CacheOptions): Cache {
  const cache = createCache({ keyPrefix: 'p', ...options })
  cleanups.push(() => cache.close())
  return cache
}

const shard = (name: string, { host, port }: RedisServer, password?: string): { name: string; primary: string } => ({
  ...{ name, primary: `redis://${password === undefined ? '' : `:${password}@`}${host}:${port}` },
})

/** A key that lives on one of two shards. */
const router = rendezvous()([{ name: 'open' }, { name: 'locked' }])
const keyOn = (name: string): string =>
  Array.from({ length: 100 }, (_, i) => `k${i}`).find((key) => router.route(`p:1:${key}`) === name) as string

test('a wrong password of one shard throws although another shard was reached, until that one was reached, too', async () => {
  const [opened, locked] = [await start(), await start('right')]
  const cache = open({ servers: [shard('open', opened), shard('locked', locked, 'wrong')] })
  const [here, there] = [keyOn('open'), keyOn('locked')]
  expect(await cache.set(here, 1)).toBe(true)
  for (const call of [() => cache.get(there), () => cache.has(there), () => cache.set(there, 1), () => cache.getOrSet(there, 1)]) {
    expect((await caught(call())).code).toBe('SERVER_AUTH')
  }
  expect(await caught(cache.getMany([here, there]))).toMatchObject({
    code: 'SHARDS_FAILED',
    partial: { done: new Map([[here, 1]]), failed: [{ shard: 'locked', code: 'SERVER_AUTH' }] },
  })
  expect(await caught(cache.setMany({ [here]: 2, [there]: 2 }))).toMatchObject({ code: 'SHARDS_FAILED', partial: { done: 1 } })
  expect(cache.stats().degraded).toBe(0)

  await locked.command('CONFIG', 'SET', 'requirepass', 'wrong')
  await until('it lets us in', () => cache.set(there, 3).catch(() => false))
  await locked.command('CONFIG', 'SET', 'requirepass', 'another')
  await locked.command('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes')
  await until('refusals degrade', async () => {
    const before = cache.stats().shards['locked']?.errors.SERVER_AUTH ?? 0
    expect(await cache.get(there)).toBe(undefined)
    return (cache.stats().shards['locked']?.errors.SERVER_AUTH ?? 0) > before
  })
  expect(await cache.getMany([here, there])).toEqual(new Map([[here, 2]]))
})

test('a wrong password of the previous servers throws although the current ones were reached', async () => {
  const [opened, locked] = [await start(), await start('right')]
  const cache = open({ servers: [shard('open', opened)], previousServers: [shard('locked', locked, 'wrong')] })
  expect((await caught(cache.get('a'))).code).toBe('SERVER_AUTH')
  expect((await caught(cache.getOrSet('a', 1))).code).toBe('SERVER_AUTH')
  expect((await caught(cache.getMany(['a', 'b']))).code).toBe('SHARDS_FAILED')
  expect(cache.stats().degraded).toBe(0)
})
