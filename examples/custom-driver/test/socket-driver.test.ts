import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createStore, parseServer } from '@shale/client'
import { driverContract } from '@shale/testing'
import { startRedis, type RedisServer } from '@tooling/servers'
import { socketDriver } from '../src/socket-driver.ts'

for (const [place, options] of Object.entries({
  TCP: {},
  'TCP with a password': { password: 'secret' },
  'a Unix socket': { unixSocket: true },
  TLS: { tls: true },
})) {
  describe(`the socket driver over ${place}`, () => {
    let server: RedisServer
    const defaults = (): object => (place === 'TLS' ? { tls: { ca: server.tlsCa } } : {})
    beforeAll(async () => {
      server = await startRedis(options)
    })
    afterAll(() => server.stop())

    driverContract({ test, create: () => ({ driver: socketDriver, endpoint: parseServer(server.url, defaults()) }) })

    test('a store speaks through it', async () => {
      const store = createStore(server.url, { driver: socketDriver, ...defaults() })
      await store.set([{ key: 'a', value: Buffer.from('value'), ttl: null }])
      const [value] = await store.get(['a'])
      expect(Buffer.from(value as Uint8Array).toString()).toBe('value')
      await store.close()
    })
  })
}
