import { setTimeout as wait } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { ShaleError, type Store } from '@shale/contracts'
import { startReplicaSet, until, type RedisReplicaSet, type RedisServer } from '@tooling/servers'
import { bytes, openReplicaSet, text, type OpenOptions } from './open-replica-set.ts'
import { startWriters } from './writers.ts'

/** A replica by command alone: when it begins anew it has its last snapshot, and says that it is a primary. */
let servers: RedisReplicaSet
let primary: RedisServer
let replica: RedisServer
const stores: Store[] = []
beforeEach(async () => {
  servers = await startReplicaSet({ replicas: 1 })
  ;[primary, replica] = servers.servers as [RedisServer, RedisServer]
})
afterEach(async () => {
  primary.resume()
  for (const store of stores.splice(0)) await store.close()
  await servers.stop()
})

function open(options: OpenOptions = {}): { store: Store; changes: string[] } {
  const changes: string[] = []
  const { store } = openReplicaSet(
    servers.servers.map(({ url }) => url),
    options,
  )
  store.observe?.({ primary: (_, server) => void changes.push(server) })
  stores.push(store)
  return { store, changes }
}
const nameOf = ({ port }: RedisServer): string => `127.0.0.1:${port}/0`
const infoOf = async (server: RedisServer): Promise<string> => String(await server.command('INFO', 'replication'))
const write = async (store: Store, value: string): Promise<unknown> => (await store.set([{ key: 'a', value: bytes(value), ttl: null }]))[0]
const read = async (store: Store): Promise<unknown> => text((await store.get(['a']))[0])

/** Has the replica take a snapshot that holds `old`, and keeps it from what is written later once it has begun anew. */
async function saveOld(store: Store): Promise<void> {
  expect(await write(store, 'old')).toBe(true)
  await servers.settled()
  await replica.command('SAVE')
}

async function putRight(): Promise<void> {
  await replica.command('REPLICAOF', primary.host, primary.port)
  await servers.settled()
}

describe.each(['primary', 'replica', 'any'] as const)(
  'a replica that begins anew as a primary, with old data; read from: %s',
  (readFrom) => {
    test('under writes, five times: no wrong read, no write to it, no other primary', { timeout: 60_000 }, async () => {
      const { store, changes } = open({ readFrom })
      await store.connect()
      const wrong = new Set<unknown>()
      for (let round = 1; round <= 5; round++) {
        await saveOld(store)
        expect(await write(store, 'new')).toBe(true)
        await servers.settled()
        const writers = startWriters(store, 10)
        await wait(300)
        await replica.restart()
        const keys = await replica.command('DBSIZE')
        const said = await infoOf(replica)
        expect(said).toMatch(/^role:master/m)
        expect(await replica.command('GET', 'a')).toBe('old')
        for (const end = Date.now() + 1000; Date.now() < end; await wait(2)) {
          const found = await read(store)
          if (found !== 'new' && !ShaleError.is(found)) wrong.add(found)
        }
        await writers.stop()
        expect(writers.errorsAfter(0).errors).toEqual([])
        expect(await replica.command('DBSIZE')).toBe(keys)
        expect(/^master_repl_offset:.*/m.exec(await infoOf(replica))?.[0]).toBe(/^master_repl_offset:.*/m.exec(said)?.[0])
        await putRight()
      }
      expect([...wrong]).toEqual([])
      expect(changes).toEqual([nameOf(primary)])
    })
  },
)

test('while the primary hangs, or is dead, it is not used either; then it is promoted after all', { timeout: 60_000 }, async () => {
  const { store, changes } = open()
  await store.connect()
  await saveOld(store)
  await write(store, 'new')
  await until('the replica is known', () => store.status?.()[1]?.role === 'replica')
  await wait(600)
  primary.pause()
  await replica.restart()
  for (const end = Date.now() + 2500; Date.now() < end; await wait(20)) expect(ShaleError.is((await store.get(['a']))[0])).toBe(true)
  primary.resume()
  await until('the primary answers', async () => (await read(store)) === 'new')

  await primary.kill()
  for (const end = Date.now() + 1500; Date.now() < end; await wait(20)) expect(ShaleError.is((await store.get(['a']))[0])).toBe(true)
  const refused = await write(store, 'newer')
  expect(refused).toMatchObject({ code: 'SERVER_UNAVAILABLE' })
  expect(changes).toEqual([nameOf(primary)])

  // What is a primary already cannot be made one: it is made a replica before, of whatever.
  await replica.command('REPLICAOF', primary.host, primary.port)
  await replica.command('REPLICAOF', 'NO', 'ONE')
  await until('it is used', async () => (await write(store, 'newest')) === true)
  expect(await replica.command('GET', 'a')).toBe('newest')
  expect(changes).toEqual([nameOf(primary), nameOf(replica)])
})

describe('a process that is new itself', () => {
  /** Before Redis 7 a server that begins anew does not say which history it has: it is one that does not belong here. */
  const saysNothing = async (): Promise<boolean> => /^master_replid2:0+\r$/m.test(await infoOf(replica))
  beforeEach(async () => {
    const { store } = open()
    await store.connect()
    await saveOld(store)
    await write(store, 'new')
    await replica.restart()
  })

  test('uses the one that was written to since', async () => {
    const { store, changes } = open()
    if (await saysNothing()) {
      for (let i = 0; i < 50; i++, await wait(10)) expect(await read(store)).toMatchObject({ code: 'CONFIG_INVALID' })
    } else {
      for (let i = 0; i < 50; i++, await wait(10)) expect(await read(store)).toBe('new')
      expect(changes).toEqual([nameOf(primary)])
    }
  })

  test('uses the only one that answers, and goes back to the other once that does', { timeout: 20_000 }, async () => {
    primary.pause()
    const { store, changes } = open()
    if (await saysNothing()) {
      for (let i = 0; i < 50; i++, await wait(10)) expect(ShaleError.is(await read(store))).toBe(true)
    } else {
      await until('the replica is used', async () => (await read(store)) === 'old')
      primary.resume()
      await until('the primary is used', async () => (await read(store)) === 'new')
      for (let i = 0; i < 50; i++, await wait(10)) expect(await read(store)).toBe('new')
      expect(changes).toEqual([nameOf(replica), nameOf(primary)])
    }
  })
})

test('one that is put right, and promoted later, is followed at once', async () => {
  const { store, changes } = open()
  await store.connect()
  await saveOld(store)
  await write(store, 'new')
  await replica.restart()
  await wait(600)
  await putRight()
  await until('it is known as a replica', async () => (await read(store), store.status?.()[1]?.lag !== undefined))
  const promotedAt = performance.now()
  await replica.command('REPLICAOF', 'NO', 'ONE')
  await until('it is used', async () => (await write(store, 'newest'), changes.length === 2))
  expect(performance.now() - promotedAt).toBeLessThan(1000)
  expect(changes).toEqual([nameOf(primary), nameOf(replica)])
  expect(await write(store, 'newest')).toBe(true)
  expect(await replica.command('GET', 'a')).toBe('newest')
})
