import { setTimeout as wait } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ShaleError, type Store } from '@shale/contracts'
import { freePort, startCluster, startRedis, startSilentServer, until, type ClusterNode, type RedisCluster } from '@tooling/servers'
import { withDeadline } from '@shale/client'
import { slotOf } from '../src/cluster/slot.ts'
import { openCluster, type OpenClusterOptions } from './open-cluster.ts'

const timeout = 500
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const open = (urls: RedisCluster | readonly string[], options: OpenClusterOptions = {}): Store =>
  withDeadline(openCluster(urls, { timeout, ...options }), { timeout: options.timeout ?? timeout })
const put = (store: Store, key: string, text = 'value'): Promise<unknown[]> => store.set([{ key, value: bytes(text), ttl: null }])

async function failure(work: Promise<unknown>): Promise<ShaleError> {
  const found = await work.then(
    (answer) => (Array.isArray(answer) ? (answer[0] as unknown) : answer),
    (error: unknown) => error,
  )
  if (!ShaleError.is(found)) throw new Error(`expected a ShaleError, found ${String(found)}`)
  return found
}

describe('what is configured', () => {
  test('a server whose cluster mode is off is named', async () => {
    await using server = await startRedis()
    const store = open([server.url])
    const error = await failure(store.connect())
    expect(error.code).toBe('CONFIG_INVALID')
    expect(error.message).toContain(`127.0.0.1:${server.port}/0`)
    expect(error.message).toContain('cluster mode is off')
    expect((await failure(store.get(['a']))).code).toBe('CONFIG_INVALID')
    await store.close()
  })

  test('a database other than 0, a Unix socket and no seed at all are refused', () => {
    expect(() => open(['redis://127.0.0.1:7000/1'])).toThrow(/database 0 alone; found 1/)
    expect(() => open(['/tmp/redis.sock'])).toThrow(/Unix socket/)
    expect(() => open([])).toThrow(/at least one node/)
  })

  test('seeds that cannot be reached are all named', async () => {
    const ports = [await freePort(), await freePort()]
    const store = open(ports.map((port) => `redis://127.0.0.1:${port}`))
    const error = await failure(store.connect())
    expect(error.code).toBe('SERVER_UNAVAILABLE')
    for (const port of ports) expect(error.message).toContain(`127.0.0.1:${port}`)
    expect((await failure(put(store, 'a'))).code).toBe('SERVER_UNAVAILABLE')
    await store.close()
  })

  test('seeds that say nothing: a call settles within its deadline', async () => {
    await using silent = await startSilentServer()
    const store = open([`redis://${silent.host}:${silent.port}`])
    const began = performance.now()
    expect((await failure(store.get(['a']))).code).toBe('SERVER_TIMEOUT')
    expect(performance.now() - began).toBeLessThan(timeout + 250)
    expect((await failure(store.connect())).code).toBe('SERVER_UNAVAILABLE')
    await store.close()
  })

  test('a seed that cannot be reached does no harm beside one that can; a wrong password is told', async () => {
    await using cluster = await startCluster({ primaries: 2, replicas: 0, password: 'secret' })
    const [first] = cluster.nodes as [ClusterNode]
    const store = open([`redis://127.0.0.1:${await freePort()}`, first.url], { password: 'secret' })
    for (const key of ['a', 'b', 'c', 'd']) expect(await put(store, key)).toEqual([true])
    await store.close()
    const intruder = open([`redis://127.0.0.1:${first.port}`], { password: 'wrong' })
    expect((await failure(intruder.connect())).code).toBe('SERVER_AUTH')
    await intruder.close()
  }, 60_000)
})

describe('a cluster without replicas', () => {
  let cluster: RedisCluster
  beforeAll(async () => {
    cluster = await startCluster({ primaries: 3, replicas: 0, args: ['--cluster-require-full-coverage', 'no'] })
  }, 60_000)
  afterAll(() => cluster.stop())

  test('nodes that announce a name, and nodes that announce nothing, are reached', async ({ skip }) => {
    const known = await cluster.nodes[0]?.command('CONFIG', 'GET', 'cluster-announce-hostname')
    if ((known as string[]).length === 0) skip('Before Redis 7 nodes have no names.')
    for (const node of cluster.nodes) await node.command('CONFIG', 'SET', 'cluster-announce-hostname', 'localhost')
    await until('all nodes know the names', async () => {
      const views = await Promise.all(cluster.nodes.map((node) => node.command('CLUSTER', 'NODES')))
      return views.every((view) => String(view).match(/,localhost /g)?.length === 3)
    })
    for (const type of ['hostname', 'unknown-endpoint', 'ip']) {
      for (const node of cluster.nodes) await node.command('CONFIG', 'SET', 'cluster-preferred-endpoint-type', type)
      const store = open(cluster)
      const keys = ['a', 'b', 'c', 'd', 'e']
      for (const key of keys) expect(await put(store, key, type)).toEqual([true])
      const host = type === 'hostname' ? 'localhost' : '127.0.0.1'
      for (const key of keys) expect(store.locate(key).server).toMatch(new RegExp(`^${host}:\\d+/0$`))
      await store.close()
    }
  })

  test('promise 12: getMany of 1,000 keys while one node hangs: the rest come back, in order, within the deadline', async () => {
    const store = open(cluster)
    const keys = Array.from({ length: 1000 }, (_, i) => `key ${i}`)
    await store.set(keys.map((key) => ({ key, value: bytes(key), ttl: null })))
    const hung = await cluster.ownerOf(slotOf('key 0'))
    const isLost = new Set(keys.filter((key) => store.locate(key).server === `127.0.0.1:${hung.port}/0`))
    hung.pause()
    try {
      const began = performance.now()
      const answers = await store.get(keys)
      const took = performance.now() - began
      console.log(`${keys.length - isLost.size} of 1,000 within ${Math.round(took)} ms, deadline ${timeout} ms`)
      expect(took).toBeLessThan(timeout + 50)
      answers.forEach((answer, i) => {
        const key = keys[i] as string
        if (isLost.has(key)) expect(ShaleError.is(answer) && answer.code).toBe('SERVER_TIMEOUT')
        else
          expect(ShaleError.is(answer) ? answer.message : Buffer.from(answer as Uint8Array).toString(), store.locate(key).server).toBe(key)
      })
      const tally = await store.delete(keys)
      expect(tally.count).toBe(keys.length - isLost.size)
      expect(new Set(tally.failed?.keys())).toEqual(isLost)
    } finally {
      hung.resume()
      await store.close()
      await cluster.settled()
    }
  })

  test('promise 12: the rest come back however often, whatever was called shortly before', async () => {
    const short = 100
    const store = open(cluster, { timeout: short })
    const keys = Array.from({ length: 30 }, (_, i) => `key ${i}`)
    const hung = await cluster.ownerOf(slotOf('key 0'))
    await store.set(keys.map((key) => ({ key, value: bytes(key), ttl: null })))
    const lost = keys.filter((key) => store.locate(key).server === `127.0.0.1:${hung.port}/0`)
    expect(lost.length).toBeGreaterThan(0)
    expect(lost.length).toBeLessThan(keys.length)
    hung.pause()
    try {
      const calls: Promise<unknown>[] = []
      const end = performance.now() + 3000
      while (performance.now() < end) {
        const { length } = calls
        calls.push(
          store.get(keys).then((answers) =>
            expect(
              keys.filter((_, i) => ShaleError.is(answers[i])),
              `get ${length}`,
            ).toEqual(lost),
          ),
          store
            .delete(keys.map((key) => `${key} `))
            .then(({ failed }) => expect(failed?.size, `delete ${length}`).toBeLessThan(keys.length)),
        )
        await wait(Math.random() * 12)
      }
      await Promise.all(calls)
    } finally {
      hung.resume()
      await store.close()
      await cluster.settled()
    }
  })

  test('a scan, a delete and a flush with one node down do what they can, and say who failed', async () => {
    const store = open(cluster, { timeout: 2000 })
    const keys = Array.from({ length: 300 }, (_, i) => `key ${i}`)
    await store.set(keys.map((key) => ({ key, value: bytes(key), ttl: null })))
    const down = await cluster.ownerOf(slotOf('key 0'))
    const lost = keys.filter((key) => store.locate(key).server === `127.0.0.1:${down.port}/0`)
    await down.kill()
    const seen = new Set<string>()
    const error = await failure(
      (async () => {
        for await (const page of store.scan('key *')) for (const key of page) seen.add(key)
      })(),
    )
    expect(error.code).toBe('SERVER_UNAVAILABLE')
    expect(error.message).toContain(`127.0.0.1:${down.port}`)
    expect(seen.size).toBe(keys.length - lost.length)
    expect((await failure(store.flush())).message).toContain(`127.0.0.1:${down.port}`)
    for (const node of await cluster.primaries()) expect(await node.command('DBSIZE')).toBe(0)
    await down.restart()
    await cluster.settled()
    await until('it is served again', async () => (await put(store, lost[0] as string))[0] === true)
    await store.close()
  }, 60_000)

  test('a cluster that is down: calls wait for it for a moment; as long as it lasts reads are told at once, and writes soon', async () => {
    for (const node of cluster.nodes) await node.command('CONFIG', 'SET', 'cluster-require-full-coverage', 'yes')
    const store = open(cluster)
    expect(await put(store, 'a', '1')).toEqual([true])
    const slot = slotOf('another')
    const owner = await cluster.ownerOf(slot)
    await owner.command('CLUSTER', 'DELSLOTS', slot)
    const isDown = async (): Promise<boolean> => String(await owner.command('CLUSTER', 'INFO')).includes('cluster_state:fail')
    await until('the cluster is down', isDown)
    const began = performance.now()
    const error = await failure(put(store, 'another'))
    expect(performance.now() - began).toBeLessThan(timeout + 100)
    expect(error.code).toBe('SERVER_UNAVAILABLE')
    expect(error.message).toMatch(/CLUSTERDOWN|no node of the cluster serves slot/)
    const times: Record<'read' | 'write', number[]> = { read: [], write: [] }
    const told = async (kind: 'read' | 'write', key: string): Promise<void> => {
      const start = performance.now()
      const { code } = await failure(kind === 'read' ? store.get([key]) : put(store, key))
      times[kind].push(performance.now() - start)
      expect(code).toBe('SERVER_UNAVAILABLE')
    }
    // The node of the first key says CLUSTERDOWN; nobody has the slot of the second.
    for (const key of ['a', 'another']) {
      await failure(store.get([key]))
      for (let i = 0; i < 50; i++) await told('read', key)
      for (let i = 0; i < 5; i++) await told('write', key)
    }
    const [median, longest] = [times.read.sort((a, b) => a - b)[50] as number, Math.max(...times.write)]
    console.log(
      `reads are told after ${median.toFixed(2)} ms in the median, writes after ${longest.toFixed(0)} ms at most, deadline ${timeout} ms`,
    )
    expect(median).toBeLessThan(5)
    expect(longest).toBeLessThan(timeout / 2)
    const waiting = put(store, 'another')
    await owner.command('CLUSTER', 'ADDSLOTS', slot)
    expect(await waiting).toEqual([true])
    await store.close()
  })
})
