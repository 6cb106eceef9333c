import { afterEach, expect, test } from 'vitest'
import type { Answer, Store } from '@shale/contracts'
import { startRedis, startReplicaSet, until, type RedisReplicaSet, type RedisServer } from '@tooling/servers'
import { bytes, openReplicaSet, text, type OpenOptions } from './open-replica-set.ts'

const cleanups: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

async function start<S extends RedisServer | RedisReplicaSet>(starting: Promise<S>): Promise<S> {
  const started = await starting
  cleanups.push(() => started.stop())
  return started
}

function openStore(servers: readonly RedisServer[], options: OpenOptions = {}): Store {
  const { store } = openReplicaSet(
    servers.map(({ url }) => url),
    { timeout: 1000, ...options },
  )
  cleanups.push(() => store.close())
  return store
}

const nameOf = ({ port }: RedisServer): string => `127.0.0.1:${port}/0`
const set = async (store: Store, value: string): Promise<Answer<true> | undefined> =>
  (await store.set([{ key: 'a', value: bytes(value), ttl: null }]))[0]
const get = async (store: Store): Promise<unknown> => text((await store.get(['a']))[0])
const isRead = (store: Store): boolean[] => store.status?.().map(({ role, lag }) => role === 'replica' && lag !== undefined) ?? []

test('two primaries, named as a primary and its replica, are told by connect and by every call until that is put right', async () => {
  const [first, second] = [await start(startRedis()), await start(startRedis())]
  const store = openStore([first, second], { readFrom: 'replica' })
  const expected = {
    code: 'CONFIG_INVALID',
    message: expect.stringContaining(`${nameOf(second)} to be a replica of ${nameOf(first)}, in shard; it is a primary itself`),
  }
  await expect(store.connect()).rejects.toMatchObject(expected)
  const until = Date.now() + 1500
  while (Date.now() < until) {
    expect(await set(store, '1')).toMatchObject(expected)
    expect((await store.get(['a']))[0]).toMatchObject(expected)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  for (const server of [first, second]) expect(await server.command('DBSIZE')).toBe(0)
  await second.command('REPLICAOF', first.host, first.port)
  await expect.poll(() => set(store, '1'), { timeout: 5000 }).toBe(true)
  await store.connect()
})

test('a former primary that is back, and not a replica yet, is no mistake', async () => {
  const servers = await start(startReplicaSet({ replicas: 2 }))
  const [former, promoted, replica] = servers.servers as [RedisServer, RedisServer, RedisServer]
  await former.kill()
  await servers.promote(0)
  await servers.settled()
  await former.restart()
  for (const members of [
    [former, promoted, replica],
    [promoted, former],
  ]) {
    const store = openStore(members)
    await store.connect()
    expect(await set(store, 'kept')).toBe(true)
    expect(store.locate('a').server).toBe(nameOf(promoted))
  }
  expect(await former.command('GET', 'a')).toBe(null)
})

test('a member that goes elsewhere later is not read any more, and is shown as what it is', async () => {
  const servers = await start(startReplicaSet({ replicas: 2 }))
  const other = await start(startRedis())
  const [primary, stays, goes] = servers.servers as [RedisServer, RedisServer, RedisServer]
  await other.command('SET', 'a', 'of another')
  const store = openStore([primary, stays, goes], { readFrom: 'replica' })
  const told: unknown[] = []
  store.observe?.({ replica: (_, server, readable) => void (server === nameOf(goes) && told.push(readable)) })
  await set(store, 'own')
  await until('both replicas are read', async () => (await get(store)) === 'own' && isRead(store).join() === 'false,true,true')

  // Until it is asked again it may still be read.
  await goes.command('REPLICAOF', other.host, other.port)
  await until('it follows the other', async () => (await goes.command('GET', 'a')) === 'of another')
  await until('it is not read', async () => (await get(store), isRead(store).join() === 'false,true,false'))
  for (let i = 0; i < 100; i++) expect(await get(store)).toBe('own')
  expect(store.status?.().map(({ role }) => role)).toEqual(['primary', 'replica', 'replica'])
  expect(told).toEqual([true, false])

  await goes.command('REPLICAOF', 'NO', 'ONE')
  await until('it is shown as a primary', async () => (await get(store), store.status?.()[2]?.role === 'primary'))
  for (let i = 0; i < 100; i++) expect(await get(store)).toBe('own')
  expect(await set(store, 'own, too')).toBe(true)
  expect(store.locate('a').server).toBe(nameOf(primary))
  expect(await goes.command('GET', 'a')).toBe('of another')
  await expect(store.connect()).resolves.toBe(undefined)
})
