import { afterAll, beforeAll, describe, test } from 'vitest'
import type { Driver } from '@shale/contracts'
import { driverContract } from '@shale/testing'
import { startRedis, type RedisServer } from '@tooling/servers'
import { ioredis, nodeRedis, parseServer } from '@shale/client'

const drivers: readonly Driver[] = [nodeRedis(), ioredis()]
const places = {
  TCP: {},
  'TCP with a password': { password: 'p@ss/word' },
  'a Unix socket': { unixSocket: true },
  TLS: { tls: true },
} as const

for (const driver of drivers) {
  for (const [place, options] of Object.entries(places)) {
    describe(`${driver.name} over ${place}`, () => {
      let server: RedisServer
      beforeAll(async () => {
        server = await startRedis(options)
      })
      afterAll(() => server.stop())
      driverContract({
        test,
        create: () => ({ driver, endpoint: parseServer(server.url, place === 'TLS' ? { tls: { ca: server.tlsCa } } : {}) }),
      })
    })
  }
}
