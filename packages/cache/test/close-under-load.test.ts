import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startCluster, startRedis, startSilentServer, type RedisCluster, type RedisServer, type SilentServer } from '@tooling/servers'
import { runProgram } from './child.ts'

const timeout = 300
const slackMs = 200

let servers: RedisServer[]
let cluster: RedisCluster
let silent: SilentServer
beforeAll(async () => {
  servers = await Promise.all([startRedis(), startRedis()])
  cluster = await startCluster({ primaries: 2, replicas: 0 })
  silent = await startSilentServer()
}, 60_000)
afterAll(() => Promise.all([...servers.map((server) => server.stop()), cluster.stop(), silent.stop()]))

const sites: Record<string, () => unknown> = {
  'one server': () => servers[0]?.url,
  'four connections': () => servers[0]?.url,
  'two shards': () => servers.map(({ url }) => url),
  'a cluster': () => ({ cluster: cluster.urls }),
  'a server that says nothing': () => `redis://${silent.host}:${silent.port}`,
}

describe('promise 25: close settles within the timeout and 100 ms while others call without a pause', () => {
  test.each(Object.keys(sites))('%s', async (name) => {
    for (const call of ['get', 'getMany', 'getOrSet', 'set', 'incr', 'keys', 'lock']) {
      const options = { servers: sites[name]?.(), timeout, ...(name === 'four connections' ? { connections: 4 } : {}) }
      const { code, report, stdout, stderr } = await runProgram('close-under-load.mjs', { options, call }, { ms: 10_000 })
      expect({ call, code, stdout, stderr }).toEqual({ call, code: 0, stdout: '', stderr: '' })
      expect(Number(report), call).toBeLessThan(timeout + 100 + slackMs)
    }
  })
})
