import { connect, createServer, type AddressInfo, type NetConnectOpts } from 'node:net'
import { expect, test } from 'vitest'
import { systemClock, type ShaleError } from '@shale/contracts'
import { startRedis, until } from '@tooling/servers'
import { nodeRedis } from '../src/drivers/node-redis.ts'
import { parseServer } from '../src/options/server-address.ts'
import { ServerStore } from '../src/server/server-store.ts'

/** A way to a server that delivers whatever it was given, also once the client has left: as networks and kernels do, in their measure. */
async function patientRelay(target: NetConnectOpts): Promise<AsyncDisposable & { readonly port: number }> {
  const relay = createServer((client) => {
    const upstream = connect(target)
    for (const socket of [client, upstream]) socket.on('error', () => {})
    client.on('data', (chunk) => upstream.write(chunk))
    upstream.pipe(client)
    client.on('close', () => upstream.end())
  })
  await new Promise<void>((resolve) => relay.listen(0, '127.0.0.1', resolve))
  const { port } = relay.address() as AddressInfo
  return { port, [Symbol.asyncDispose]: async () => void relay.close() }
}

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

test('what an abandoned connection had sent is not run after the first command of the next one', { timeout: 60_000 }, async () => {
  await using server = await startRedis()
  await using relay = await patientRelay({ path: server.path })
  const { port } = relay
  const store = new ServerStore({
    shard: 'shard',
    endpoint: parseServer(`redis://127.0.0.1:${port}`),
    driver: nodeRedis(),
    connections: { min: 1, max: 1 },
    connectTimeout: 2000,
    timeout: 400,
    clock: systemClock,
    random: Math.random,
  })
  await store.connect()
  // Far more than the 16 KiB that a server reads of one client at a time, and work that takes it some time.
  const script = "for i = 1, 5000 do end redis.call('SET', KEYS[1], 'old')"
  const writes = Array.from({ length: 20_000 }, (_, i) => ['EVAL', script, '1', `k${i}`])
  let written = 0
  for (let round = 0; round < 5; round++) {
    server.pause()
    const answers = await Promise.allSettled(writes.map((write) => store.ask(write)))
    expect(new Set(answers.map((answer) => answer.status === 'rejected' && (answer.reason as ShaleError).code))).toEqual(
      new Set(['SERVER_TIMEOUT']),
    )
    // With an attempt under way, so that it is answered as soon as the server goes on.
    await until('it is tried', () => store.links.breaker === 'half-open')
    server.resume()
    const flushed = async (): Promise<boolean> => {
      try {
        await store.flush()
        return true
      } catch {
        return false
      }
    }
    for (let left = 1_000_000; left > 0 && !(await flushed()); left--);
    await sleep(300)
    expect(await server.command('DBSIZE')).toBe(0)
    written = Number(/cmdstat_set:calls=(\d+)/.exec(String(await server.command('INFO', 'commandstats')))?.[1] ?? 0)
  }
  console.log(`${written} writes that had timed out were carried out, all before the next connection served`)
  await store.close()
})
