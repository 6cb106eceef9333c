import path from 'node:path'
import { startRedis } from '@tooling/servers'
import { describe, expect, test } from 'vitest'
import { run } from '../src/command.ts'
import { members } from '../src/workspace.ts'

/** Those that have nothing to do without a server. */
const needServer = new Set(['@example/custom-driver'])

/** Those that start servers of their own: what they show is several of them. */
const startTheirOwn = new Set([
  '@example/three-shards',
  '@example/replicas',
  '@example/sentinel',
  '@example/cluster',
  '@example/add-a-shard',
])

/** Each example is a program that ends by itself, on the embedded store or on the servers in SHALE_SERVERS. They wait for much of their time. */
describe.concurrent.each(members('examples'))('$name', ({ name, folder }) => {
  const program = path.join(folder, 'dist', 'main.js')

  if (startTheirOwn.has(name)) {
    test('runs on servers of its own', async () => {
      expect(await run('node', [program], { cwd: folder, timeout: 120_000 })).not.toBe('')
    })
    return
  }

  if (!needServer.has(name)) {
    test('runs on the embedded store', async () => {
      expect(await run('node', [program], { cwd: folder, timeout: 120_000 })).not.toBe('')
    })
  }

  test('runs on a server', async () => {
    await using server = await startRedis()
    expect(await run('node', [program], { cwd: folder, timeout: 120_000, env: { SHALE_SERVERS: server.url } })).not.toBe('')
  })
})
