import { afterAll, afterEach, beforeAll, beforeEach, describe } from 'vitest'
import { createCache, createMemoryStore, ShaleError, type Cache, type CacheOptions } from '@shale/cache'
import type { Store } from '@shale/contracts'
import type { RedisServer } from '@tooling/servers'
import { backends, type Backend } from './backends.ts'

/** A place to test at: an embedded store or a server, and a look behind the caches over it. */
export interface Site {
  readonly isServer: boolean
  /** The server; throws on the embedded store. */
  readonly server: RedisServer
  /** The prefix of this test's caches, of which no other test has a key. */
  readonly prefix: string
  /** A cache that is closed after the test. */
  cache(options?: CacheOptions): Cache
  /** Stores text, or bytes, as another program would. */
  put(stored: string, value: string | Uint8Array): Promise<void>
  /** What is stored, one character for each byte; `undefined` is missing. */
  raw(stored: string): Promise<string | undefined>
}

/** Declares the same tests at each of the backends that are named. */
export function at(topic: string, names: readonly Backend['name'][], declare: (site: Site) => void): void {
  describe.each(backends.filter(({ name }) => names.includes(name)))(`${topic}, $name`, (backend) => {
    let options: CacheOptions
    let server: RedisServer | undefined
    let memory: Store
    let stop: () => Promise<void>
    let opened: Cache[] = []
    let round = 0

    beforeAll(async () => {
      memory = createMemoryStore()
      const started = await backend.start()
      ;({ server, stop } = started)
      // A busy machine is no failure here.
      options = { timeout: '20s', ...(server === undefined ? { servers: memory } : { connectTimeout: '20s', ...started.options }) }
    })
    beforeEach(() => void round++)
    afterEach(async () => {
      await Promise.all(opened.map((cache) => cache.close()))
      opened = []
    })
    afterAll(() => stop())

    const site: Site = {
      isServer: backend.name !== 'embedded',
      get server() {
        if (server === undefined) throw new Error('The embedded store has no server.')
        return server
      },
      get prefix() {
        return `test-${round}`
      },
      cache(own) {
        const cache = createCache({ ...options, keyPrefix: site.prefix, ...own })
        opened.push(cache)
        return cache
      },
      async put(stored, value) {
        if (server === undefined) await memory.set([{ key: stored, value: Buffer.from(value as string), ttl: null }])
        else await server.command('SET', stored, value)
      },
      async raw(stored) {
        if (server !== undefined) return ((await server.command('GET', stored)) as string | null) ?? undefined
        const [bytes] = await memory.get([stored])
        if (ShaleError.is(bytes)) throw bytes
        return bytes === undefined ? undefined : Buffer.from(bytes).toString('latin1')
      },
    }
    declare(site)
  })
}

/** The code of the error that a call ends with; fails where it ends well, or with another error. */
export async function codeOf(call: Promise<unknown>): Promise<string> {
  return (await errorOf(call)).code
}

/** The error that a call ends with. */
export async function errorOf(call: Promise<unknown>): Promise<ShaleError> {
  let value: unknown
  try {
    value = await call
  } catch (error) {
    if (ShaleError.is(error)) return error
    throw error
  }
  throw new Error(`Expected an error; found ${String(value)}.`)
}

/** All keys, in alphabetical order. */
export async function sorted(keys: AsyncIterable<string>): Promise<string[]> {
  const found: string[] = []
  for await (const key of keys) found.push(key)
  return found.sort()
}
