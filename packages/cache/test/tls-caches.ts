import { afterEach, expect } from 'vitest'
import { createCache, type Cache, type CacheOptions, type ShaleError } from '@shale/cache'
import { caught } from './caught.ts'

/** The further user of the servers. */
export const login = { username: 'cache', password: 's3cret' }
const connectTimeoutMs = 1500

const opened: Cache[] = []
afterEach(async () => {
  for (const cache of opened.splice(0)) await cache.close()
})

/** A cache that is closed after the test. */
export function open(options: CacheOptions): Cache {
  const cache = createCache({ ttl: null, connectTimeout: connectTimeoutMs, timeout: '1s', ...options })
  opened.push(cache)
  return cache
}

/** That a cache is not let in: a typed error in time, which it gives, and no cold cache. */
export async function expectRefused(cache: Cache, message: RegExp): Promise<ShaleError> {
  const began = performance.now()
  const error = await caught(cache.connect())
  expect(performance.now() - began).toBeLessThan(connectTimeoutMs)
  expect(error).toMatchObject({ code: 'SERVER_AUTH', message: expect.stringMatching(message) })
  for (const call of [() => cache.get('a'), () => cache.set('a', 1), () => cache.has('a')]) {
    expect((await caught(call())).code).toBe('SERVER_AUTH')
  }
  return error
}
