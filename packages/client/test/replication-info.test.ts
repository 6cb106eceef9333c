import { expect, test } from 'vitest'
import { startReplicaSet } from '@tooling/servers'
import { parseReplicationInfo } from '../src/replicas/replication-info.ts'

const ids = ['8e4a6e8d0b4b9d3d1b0a4c1d0a2f5b7c9e1d3f50', '1c3d5e7f90a1b2c3d4e5f60718293a4b5c6d7e8f'] as const
const none = '0'.repeat(40)

const lines = (...fields: string[]): Buffer => Buffer.from(['# Replication', ...fields, ''].join('\r\n'))

test('a primary, one that was promoted, and replicas in several states', () => {
  const primary = lines('role:master', 'connected_slaves:2', `master_replid:${ids[0]}`, `master_replid2:${none}`, 'master_repl_offset:1234')
  expect(parseReplicationInfo(primary, 'a')).toEqual({
    role: 'primary',
    history: ids[0],
    formerHistory: undefined,
    forkedAt: -1,
    offset: 1234,
    linked: false,
    follows: undefined,
    process: undefined,
  })
  const promoted = lines(
    ...['role:master', `master_replid:${ids[1]}`, `master_replid2:${ids[0]}`, 'master_repl_offset:9007199254740991'],
    ...['second_repl_offset:1235', `run_id:${ids[1]}`],
  )
  expect(parseReplicationInfo(promoted, 'a')).toMatchObject({
    ...{ formerHistory: ids[0], forkedAt: 1234, offset: 2 ** 53 - 1, process: ids[1] },
  })
  const replica = (link: string, syncing: string): Buffer =>
    lines(
      'role:slave',
      'master_host:10.0.0.1',
      'master_port:6379',
      `master_link_status:${link}`,
      `master_sync_in_progress:${syncing}`,
      'slave_read_repl_offset:99',
      'slave_repl_offset:77',
      `master_replid:${ids[0]}`,
      `master_replid2:${none}`,
      'master_repl_offset:99',
    )
  expect(parseReplicationInfo(replica('up', '0'), 'a')).toMatchObject({
    role: 'replica',
    linked: true,
    offset: 77,
    follows: '10.0.0.1:6379',
  })
  expect(parseReplicationInfo(replica('down', '0'), 'a').linked).toBe(false)
  expect(parseReplicationInfo(replica('up', '1'), 'a').linked).toBe(false)
})

test('what says no role is no reply to INFO replication', () => {
  for (const reply of [null, 'OK', Buffer.from('# Server\r\nredis_version:7.0.15\r\n'), lines('role:sentinel')]) {
    expect(() => parseReplicationInfo(reply, 'server:1/0')).toThrow(expect.objectContaining({ code: 'SERVER_REPLY' }))
  }
})

test('what real servers say', async () => {
  await using set = await startReplicaSet({ replicas: 1 })
  const [first, second] = set.servers as [(typeof set.servers)[0], (typeof set.servers)[0]]
  const infoOf = async (server: typeof first): Promise<ReturnType<typeof parseReplicationInfo>> =>
    parseReplicationInfo(Buffer.from(String(await server.command('INFO'))), 'a')
  await first.command('SET', 'a', '1')
  await set.settled()
  const [primary, replica] = [await infoOf(first), await infoOf(second)]
  expect(primary).toMatchObject({ role: 'primary', formerHistory: undefined, process: expect.stringMatching(/^\w{40}$/) })
  expect(replica).toMatchObject({
    role: 'replica',
    linked: true,
    history: primary.history,
    offset: primary.offset,
    follows: `127.0.0.1:${first.port}`,
  })
  await set.promote(0)
  const promoted = await infoOf(second)
  expect(promoted).toMatchObject({ role: 'primary', formerHistory: primary.history, process: replica.process })
  expect(promoted.forkedAt).toBeGreaterThanOrEqual(replica.offset)
  await set.settled()
  expect((await infoOf(first)).history).toBe((await infoOf(second)).history)
  await second.restart()
  expect((await infoOf(second)).process).not.toBe(promoted.process)
})
