import { expect, test } from 'vitest'
import { startReplicaSet, startSentinels, until } from '@tooling/servers'

const roleOf = async (server: { command(...args: string[]): Promise<unknown> }): Promise<string | undefined> =>
  /^role:(\w+)/m.exec(String(await server.command('INFO', 'replication')))?.[1]

test('a replica set replicates, lags as it is told, is promoted and demoted', async () => {
  await using set = await startReplicaSet({ replicas: 2, proxied: true, password: 'secret' })
  const [primary, one, two] = set.servers as [(typeof set.servers)[0], (typeof set.servers)[0], (typeof set.servers)[0]]
  await primary.command('SET', 'a', '1')
  await set.settled()
  expect(await Promise.all([one, two].map((server) => server.command('GET', 'a')))).toEqual(['1', '1'])

  set.links[0]?.latency(300)
  const start = performance.now()
  await primary.command('SET', 'a', '2')
  await until('the other replica has it', async () => (await two.command('GET', 'a')) === '2')
  expect(await one.command('GET', 'a')).toBe('1')
  await until('the slow one has it', async () => (await one.command('GET', 'a')) === '2')
  expect(performance.now() - start).toBeGreaterThan(290)
  set.links[0]?.heal()
  await set.settled()

  await set.promote(1)
  expect(set.primary).toBe(two)
  await set.settled()
  expect(await Promise.all(set.servers.map(roleOf))).toEqual(['slave', 'slave', 'master'])
  await set.demote(0)
  expect(set.primary).toBe(primary)
  await set.settled()
  expect(await primary.command('GET', 'a')).toBe('2')
})

test('sentinels know their group and fail over by command and when the primary is killed', { timeout: 120_000 }, async () => {
  await using group = await startSentinels({ master: 'cache', password: 'secret', sentinelPassword: 'other' })
  const first = await group.primary()
  expect(first).toBe(group.servers[0])
  await first.command('SET', 'a', '1')
  const second = await group.failover()
  expect(second).not.toBe(first)
  await group.settled()
  const third = await group.killPrimary()
  expect(third).not.toBe(second)
  expect(await third.command('GET', 'a')).toBe('1')
  await group.settled()
  await second.restart()
  await group.settled()
  expect(await roleOf(second)).toBe('slave')
})
