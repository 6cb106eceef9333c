import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startCluster, startProxy, until, type RedisCluster } from '@tooling/servers'
import { nodeRedis } from '@shale/client'
import { bytes } from './open-replica-set.ts'
import { openCluster } from './open-cluster.ts'

const folder = fileURLToPath(new URL('..', import.meta.url))
const built = fileURLToPath(new URL('../dist/index.js', import.meta.url))

let cluster: RedisCluster
beforeAll(async () => {
  expect(existsSync(built), 'build the package first: npx tsc -b packages/client').toBe(true)
  cluster = await startCluster({ replicas: 0 })
}, 60_000)
afterAll(() => cluster.stop())

/** How many connections there are of clients with a name, over all nodes. */
async function connectionsOf(name: string): Promise<number> {
  const lists = await Promise.all(cluster.nodes.map((node) => node.command('CLIENT', 'LIST')))
  return lists.reduce<number>((count, list) => count + String(list).split(` name=${name} `).length - 1, 0)
}

test('a store that is closed while it learns who serves what leaves no connection, not to nodes that it hears of then either', async () => {
  const clientName = 'closed-early'
  const [first] = cluster.nodes
  await using slow = await startProxy({ host: first?.host, port: first?.port as number })
  slow.latency(40)
  const entries = Array.from({ length: 50 }, (_, i) => ({ key: `early:${i}`, value: bytes('1'), ttl: null }))
  // At some of these moments the answer of the seed is on its way.
  const closeAfter = async (ms: number): Promise<void> => {
    const store = openCluster([`redis://${slow.host}:${slow.port}`], { driver: nodeRedis({ clientName }) })
    const put = store.set(entries)
    await wait(ms)
    await store.close()
    await put
  }
  await Promise.all(Array.from({ length: 30 }, (_, i) => closeAfter(20 * i)))
  await until('no connection is left', async () => (await connectionsOf(clientName)) === 0, 2000)
}, 30_000)

// Last, as it ends the nodes.
test('a process does not end before its calls are answered, though all nodes are gone', async () => {
  const program = `import { createStore } from '@shale/client'
    const store = createStore({ cluster: ${JSON.stringify(cluster.urls)} })
    const entry = { key: 'a', value: Buffer.from('1'), ttl: null }
    await store.set([entry])
    console.log('ready')
    await new Promise((resolve) => setTimeout(resolve, 1000))
    console.log((await store.set([entry]))[0].code)
    for (const call of [() => store.set([entry]), () => store.delete(['a']), () => store.move([{ from: 'a', to: 'b' }]), () => store.flush()]) {
      await call().catch(() => {})
      console.log('answered')
    }`
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], { cwd: folder })
  let printed = ''
  let isKilled = false
  child.stdout.on('data', (chunk: Buffer) => {
    printed += chunk.toString()
    if (!isKilled) for (const node of cluster.nodes) void node.kill()
    isKilled = true
  })
  child.stderr.on('data', (chunk: Buffer) => (printed += chunk.toString()))
  const [code] = await once(child, 'close')
  expect({ code, printed: printed.trim().split('\n') }).toEqual({
    code: 0,
    printed: ['ready', 'SERVER_UNAVAILABLE', 'answered', 'answered', 'answered', 'answered'],
  })
}, 30_000)
