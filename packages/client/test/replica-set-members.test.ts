import { afterEach, describe, expect, test } from 'vitest'
import type { Store } from '@shale/contracts'
import { startRedis, startReplicaSet, startSilentServer, until, type RedisReplicaSet, type RedisServer } from '@tooling/servers'
import { bytes, openReplicaSet, text, type OpenOptions } from './open-replica-set.ts'

const cleanups: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

async function start(replicas = 2): Promise<RedisReplicaSet> {
  const set = await startReplicaSet({ replicas })
  cleanups.push(() => set.stop())
  return set
}

function openStore(servers: readonly { readonly url: string }[], options: OpenOptions = {}): Store {
  const { store } = openReplicaSet(
    servers.map(({ url }) => url),
    { timeout: 1000, ...options },
  )
  cleanups.push(() => store.close())
  return store
}

const set = (store: Store, key: string, value: string): Promise<unknown[]> => store.set([{ key, value: bytes(value), ttl: null }])
const get = async (store: Store, key: string): Promise<unknown> => text((await store.get([key]))[0])

/** How many GETs a server has been asked. */
const gets = async (server: RedisServer): Promise<number> =>
  Number(/cmdstat_get:calls=(\d+)/.exec(String(await server.command('INFO', 'commandstats')))?.[1] ?? 0)

/** Waits until all replicas may be read, and one read has chosen among them. */
const allReadable = (store: Store): Promise<boolean> =>
  until('the replicas are read', async () => {
    // Looked at before the read: what becomes readable after it was made, it could not choose.
    const known = store.status?.().every(({ role, lag }) => role === 'primary' || lag !== undefined) ?? false
    await get(store, 'anything')
    return known
  })

describe('the members', () => {
  test('the primary is another one than was configured', async () => {
    const servers = await start()
    await servers.promote(1)
    await servers.settled()
    const changes: string[] = []
    const store = openStore(servers.servers)
    store.observe?.({ primary: (shard, server, previous) => void changes.push(`${shard}: ${server} after ${previous}`) })
    expect(await set(store, 'a', '1')).toEqual([true])
    expect(await servers.primary.command('GET', 'a')).toBe('1')
    expect(changes).toEqual([`shard: 127.0.0.1:${servers.primary.port}/0 after undefined`])
    expect(store.locate('a')).toEqual({ shard: 'shard', server: `127.0.0.1:${servers.primary.port}/0` })
  })

  test('a former primary that comes back empty, and says that it is one, is not used', async () => {
    const servers = await start()
    const [former] = servers.servers as [RedisServer]
    const store = openStore(servers.servers)
    await set(store, 'a', '1')
    await servers.settled()
    await former.kill()
    await servers.promote(0)
    await until('writes go', async () => (await set(store, 'a', '2'))[0] === true)
    await former.restart()
    // A process that has just begun knows the former one as the primary.
    const another = openStore(servers.servers)
    for (let i = 0; i < 20; i++) {
      expect(await get(store, 'a')).toBe('2')
      expect(await get(another, 'a')).toBe('2')
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    expect(await former.command('GET', 'a')).toBe(null)
  })

  test('a primary that restarts is used again, and the replicas that follow it are read again', async () => {
    const servers = await start(1)
    const store = openStore(servers.servers, { readFrom: 'replica' })
    await set(store, 'a', '1')
    await allReadable(store)
    await servers.primary.restart()
    await until('writes go', async () => (await set(store, 'a', '2'))[0] === true)
    await servers.settled()
    await allReadable(store)
    await until('the replica is asked', async () => {
      const before = await gets(servers.replicas[0] as RedisServer)
      expect(await get(store, 'a')).toBe('2')
      return (await gets(servers.replicas[0] as RedisServer)) > before
    })
  })

  test('status and events tell roles, lag, and who is read', async () => {
    const servers = await start()
    const told: string[] = []
    const store = openStore(servers.servers, { readFrom: 'any' })
    store.observe?.({ replica: (shard, server, readable) => void told.push(`${shard} ${server} ${readable}`) })
    await store.connect()
    await allReadable(store)
    const names = servers.servers.map(({ port }) => `127.0.0.1:${port}/0`)
    expect(store.status?.().map(({ shard, server, role }) => ({ shard, server, role }))).toEqual([
      { shard: 'shard', server: names[0], role: 'primary' },
      { shard: 'shard', server: names[1], role: 'replica' },
      { shard: 'shard', server: names[2], role: 'replica' },
    ])
    expect(told.sort()).toEqual([`shard ${names[1]} true`, `shard ${names[2]} true`].sort())
    await servers.replicas[1]?.kill()
    await until('it is told', async () => {
      await get(store, 'a')
      return told.includes(`shard ${names[2]} false`)
    })
  })

  test('nobody is asked while nobody uses the store', async () => {
    const servers = await start(1)
    const store = openStore(servers.servers)
    await new Promise((resolve) => setTimeout(resolve, 300))
    expect(await servers.primary.command('INFO', 'commandstats')).not.toContain('cmdstat_set')
    expect(
      String(await servers.replicas[0]?.command('CLIENT', 'LIST', 'TYPE', 'normal'))
        .trim()
        .split('\n'),
    ).toHaveLength(1)
    await set(store, 'a', '1')
    await until(
      'all are asked',
      async () =>
        String(await servers.replicas[0]?.command('CLIENT', 'LIST', 'TYPE', 'normal'))
          .trim()
          .split('\n').length === 2,
    )
  })
})

describe('who is read', () => {
  test('a function is told the servers and chooses', async () => {
    const servers = await start()
    const seen = new Set<string>()
    let chosen = 0
    const store = openStore(servers.servers, {
      weights: [1, 2, 3],
      readFrom: (readable) => {
        for (const { name, role, weight, lag, latency } of readable) {
          seen.add(`${name} ${role} ${weight}`)
          expect([typeof lag, typeof latency]).toEqual([role === 'primary' ? 'undefined' : 'number', 'number'])
        }
        return readable[chosen]
      },
    })
    await allReadable(store)
    const names = servers.servers.map(({ port }) => `127.0.0.1:${port}/0`)
    expect([...seen].sort()).toEqual([`${names[0]} primary 1`, `${names[1]} replica 2`, `${names[2]} replica 3`].sort())
    for (chosen of [0, 1, 2]) {
      const before = await gets(servers.servers[chosen] as RedisServer)
      await get(store, 'a')
      expect(await gets(servers.servers[chosen] as RedisServer)).toBe(before + 1)
    }
  })

  test('a function that chooses none of them is told so', async () => {
    const servers = await start(1)
    const store = openStore(servers.servers, { readFrom: () => 'the second one' as never })
    await until('there is a choice', async () => {
      const [answer] = await store.get(['a'])
      if (answer === undefined) return false
      expect(answer).toMatchObject({ code: 'CONFIG_INVALID', message: expect.stringContaining('the second one') })
      return true
    })
  })

  test('reads are shared by weight', async () => {
    const servers = await start()
    const store = openStore(servers.servers, { readFrom: 'replica', weights: [1, 1, 3] })
    await allReadable(store)
    const before = await Promise.all(servers.servers.map(gets))
    await Promise.all(Array.from({ length: 2000 }, () => get(store, 'a')))
    const asked = (await Promise.all(servers.servers.map(gets))).map((count, i) => count - (before[i] as number))
    expect(asked[0]).toBe(0)
    expect(Math.abs((asked[2] as number) / 2000 - 0.75)).toBeLessThan(0.05)
  })

  test.each(['primary-preferred', 'any', 'nearest'] as const)('%s: replicas answer while the primary hangs', async (readFrom) => {
    const servers = await start()
    const store = openStore(servers.servers, { readFrom, timeout: 500, maxReplicaLag: 2000 })
    await set(store, 'a', '1')
    await servers.settled()
    await allReadable(store)
    // Two sampling intervals, until the replicas are known to have the write.
    await new Promise((resolve) => setTimeout(resolve, 1200))
    servers.primary.pause()
    const answers = await Promise.all(Array.from({ length: 50 }, () => get(store, 'a')))
    servers.primary.resume()
    expect(answers).toEqual(Array.from({ length: 50 }, () => '1'))
  })
})

describe('bad input', () => {
  const codeOf = async (work: Promise<unknown>): Promise<unknown> => {
    const error: unknown = await work.then(
      (answers) => (answers as unknown[])[0],
      (rejection: unknown) => rejection,
    )
    return error
  }

  test('a replica of another primary', async () => {
    const [servers, others] = await Promise.all([start(1), start(1)])
    const stray = others.replicas[0] as RedisServer
    const store = openStore([servers.primary, stray])
    const expected = {
      code: 'CONFIG_INVALID',
      message: expect.stringContaining(`127.0.0.1:${stray.port}/0 to be a replica of 127.0.0.1:${servers.primary.port}/0`),
    }
    expect(await codeOf(store.connect())).toMatchObject(expected)
    expect(await codeOf(set(store, 'a', '1'))).toMatchObject(expected)
    expect(await codeOf(store.get(['a']))).toMatchObject(expected)
    // Put right, it is used without more ado.
    await stray.command('REPLICAOF', servers.primary.host, servers.primary.port)
    await until('it is well', async () => (await set(store, 'a', '1'))[0] === true)
  })

  test('a configured primary that is the replica of a server that is not listed', async () => {
    const servers = await start(2)
    const store = openStore(servers.replicas)
    const [first] = servers.replicas as [RedisServer]
    const expected = {
      code: 'CONFIG_INVALID',
      message: expect.stringContaining(
        `127.0.0.1:${first.port}/0 to be the primary of shard; it is a replica of 127.0.0.1:${servers.primary.port}, which is not listed`,
      ),
    }
    expect(await codeOf(store.connect())).toMatchObject(expected)
    expect(await codeOf(set(store, 'a', '1'))).toMatchObject(expected)
    const alone = openStore([first])
    expect(await codeOf(set(alone, 'a', '1'))).toMatchObject(expected)
  })

  test('a wrong password, and nobody there', async () => {
    const locked = await startRedis({ password: 'right' })
    cleanups.push(() => locked.stop())
    const store = openStore([{ url: `redis://:wrong@127.0.0.1:${locked.port}` }])
    expect(await codeOf(store.connect())).toMatchObject({ code: 'SERVER_AUTH' })
    expect(await codeOf(set(store, 'a', '1'))).toMatchObject({ code: 'SERVER_AUTH' })
    const nobody = openStore([{ url: 'redis://127.0.0.1:1' }, { url: 'redis://127.0.0.1:2' }])
    expect(await codeOf(nobody.connect())).toMatchObject({ code: 'SERVER_UNAVAILABLE' })
    expect(await codeOf(set(nobody, 'a', '1'))).toMatchObject({
      code: 'SERVER_UNAVAILABLE',
      message: expect.stringContaining('127.0.0.1:1/0'),
    })
  })

  test('a replica that cannot be reached: connect tells, calls go on', async () => {
    const servers = await start(1)
    const silent = await startSilentServer()
    cleanups.push(() => silent.stop())
    const store = openStore([...servers.servers, { url: 'redis://127.0.0.1:1' }, { url: `redis://127.0.0.1:${silent.port}` }], {
      readFrom: 'replica',
    })
    expect(await set(store, 'a', '1')).toEqual([true])
    expect(await get(store, 'a')).toBe('1')
    expect(await codeOf(store.connect())).toMatchObject({ code: 'SERVER_UNAVAILABLE', message: expect.stringContaining('127.0.0.1:1/0') })
  })
})
