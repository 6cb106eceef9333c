import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Store } from '@shale/contracts'
import { startRedis, startSentinels, startSilentServer, until, type RedisServer, type SentinelGroup } from '@tooling/servers'
import { bytes, openSentinels } from './open-replica-set.ts'

let group: SentinelGroup
beforeAll(async () => {
  group = await startSentinels({ downAfter: 5000 })
}, 60_000)
afterAll(() => group.stop())

const urls = (): string[] => group.sentinels.map(({ url }) => url)
const set = (store: Store, key: string): Promise<unknown[]> => store.set([{ key, value: bytes('1'), ttl: null }])
const errorOf = async (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    (answers) => (answers as unknown[])[0],
    (error: unknown) => error,
  )

test('a sentinel that does not know the master', async () => {
  const store = openSentinels(urls(), { master: 'another' })
  const expected = { code: 'CONFIG_INVALID', message: expect.stringMatching(/sentinel 127\.0\.0\.1:\d+ to know the master "another"/) }
  expect(await errorOf(store.connect())).toMatchObject(expected)
  expect(await errorOf(set(store, 'a'))).toMatchObject(expected)
  expect(await errorOf(store.get(['a']))).toMatchObject(expected)
  await store.close()
})

test('a sentinel of another group among ours: connect tells, calls go on', async () => {
  await using others = await startSentinels({ sentinels: 1, replicas: 0, master: 'theirs' })
  const stranger = others.sentinels[0] as (typeof others.sentinels)[0]
  const store = openSentinels([stranger.url, ...urls()])
  expect(await set(store, 'a')).toEqual([true])
  expect(await errorOf(store.connect())).toMatchObject({
    code: 'CONFIG_INVALID',
    message: expect.stringContaining(`127.0.0.1:${stranger.port} `),
  })
  await store.close()
})

test('a server of data that is named as a sentinel', async () => {
  const { url, port } = await group.primary()
  const store = openSentinels([url])
  const expected = { code: 'CONFIG_INVALID', message: expect.stringContaining(`127.0.0.1:${port} to be a sentinel`) }
  expect(await errorOf(store.connect())).toMatchObject(expected)
  expect(await errorOf(set(store, 'a'))).toMatchObject(expected)
  await store.close()
})

test('sentinels that cannot be reached', async () => {
  const store = openSentinels(['redis://127.0.0.1:1', 'redis://127.0.0.1:2'])
  const expected = { code: 'SERVER_UNAVAILABLE', message: expect.stringMatching(/sentinels 127\.0\.0\.1:1, 127\.0\.0\.1:2 to answer/) }
  expect(await errorOf(store.connect())).toMatchObject(expected)
  expect(await errorOf(set(store, 'a'))).toMatchObject(expected)
  await store.close()
})

test('one sentinel that answers is enough', async () => {
  await using silent = await startSilentServer()
  const store = openSentinels([`redis://127.0.0.1:${silent.port}`, 'redis://127.0.0.1:1', urls()[2] as string], { timeout: 1000 })
  await store.connect()
  expect(await set(store, 'a')).toEqual([true])
  await store.close()
})

test('a wrong password of the servers', async () => {
  const store = openSentinels(urls(), { password: 'none is asked for' })
  expect(await errorOf(store.connect())).toMatchObject({ code: 'SERVER_AUTH' })
  await store.close()
})

test('a master in another database', async () => {
  const store = openSentinels(urls(), { servers: { database: 3 } })
  await set(store, 'in database 3')
  const primary = await group.primary()
  await primary.command('SELECT', 3)
  expect(await primary.command('GET', 'in database 3')).toBe('1')
  await primary.command('SELECT', 0)
  await store.close()
})

test('sentinels that are gone do no harm to a store that has met them; replicas come and go', async () => {
  const store = openSentinels(urls(), { readFrom: 'replica' })
  await store.connect()
  const names = (): string[] => (store.status?.() ?? []).map(({ server }) => server).sort()
  const portsOf = (servers: readonly RedisServer[]): string[] => servers.map(({ port }) => `127.0.0.1:${port}/0`).sort()
  expect(names()).toEqual(portsOf(group.servers))
  const inUse = setInterval(() => void store.get(['a']), 20)

  await using newcomer = await startRedis()
  const primary = await group.primary()
  await newcomer.command('REPLICAOF', primary.host, primary.port)
  await until('it is a member', () => names().length === 4, 30_000)
  expect(names()).toEqual(portsOf([...group.servers, newcomer]))
  await newcomer.kill()
  await until('it is none any more', () => names().length === 3, 30_000)

  for (const sentinel of group.sentinels) sentinel.pause()
  await new Promise((resolve) => setTimeout(resolve, 1500))
  expect(await set(store, 'a')).toEqual([true])
  for (const sentinel of group.sentinels) sentinel.resume()
  clearInterval(inUse)
  await store.close()
})
