import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { ShaleError, type Store } from '@shale/contracts'
import { startReplicaSet, until, type RedisReplicaSet, type RedisServer } from '@tooling/servers'
import { bytes, openReplicaSet, text } from './open-replica-set.ts'

const timeout = 500
const maxReplicaLag = 600
const interval = maxReplicaLag / 4
/** For the round trip of a sample, on a machine that does other things too. */
const slackMs = 100

let servers: RedisReplicaSet
let store: Store
let replica: RedisServer
/** What the observers were told of the replica, by time. */
let told: { readonly at: number; readonly readable: boolean }[]
let keepWriting: NodeJS.Timeout | undefined

beforeEach(async () => {
  servers = await startReplicaSet({ replicas: 1, proxied: true })
  replica = servers.servers[1] as RedisServer
  told = []
  ;({ store } = openReplicaSet(
    servers.servers.map(({ url }) => url),
    { timeout, maxReplicaLag, readFrom: 'replica' },
  ))
  store.observe?.({ replica: (_shard, _server, readable) => void told.push({ at: performance.now(), readable }) })
  await store.connect()
  // Something to fall behind with.
  keepWriting = setInterval(() => void servers.servers[0]?.command('INCR', 'ticks').catch(() => {}), 10)
  await until('the replica is read', () => isRead())
})
afterEach(async () => {
  clearInterval(keepWriting)
  await store.close()
  await servers.stop()
})

/** Whether a read goes to the replica, which alone is asked by the store then. */
async function isRead(key = 'anything'): Promise<boolean> {
  const gets = async (): Promise<number> =>
    Number(/cmdstat_get:calls=(\d+)/.exec(String(await replica.command('INFO', 'commandstats')))?.[1] ?? 0)
  const before = await gets()
  const [answer] = await store.get([key])
  expect(ShaleError.is(answer)).toBe(false)
  return (await gets()) > before
}

const notRead = (): Promise<number> =>
  until('the replica is not read', () => {
    const last = told.at(-1)
    // In use, so that it is looked after.
    void store.get(['anything'])
    return last?.readable === false && last.at
  })

describe('promise 18: a replica is not read, one sampling interval after', () => {
  test('it lags', async () => {
    expect(await isRead()).toBe(true)
    servers.links[0]?.latency(2000)
    const start = performance.now()
    // What was written at this moment has not arrived when the time is over.
    const fellBehind = start + maxReplicaLag
    const at = await notRead()
    console.log(
      `promise 18, lag: not read ${(at - fellBehind).toFixed(0)} ms after it was ${maxReplicaLag} ms behind (interval ${interval} ms)`,
    )
    expect(at - fellBehind).toBeLessThanOrEqual(interval + slackMs)
    expect(await isRead()).toBe(false)
    servers.links[0]?.heal()
    await until('it is read again', () => isRead())
  })

  test('it lost its primary', async () => {
    servers.links[0]?.refuse(true)
    servers.links[0]?.reset()
    const start = performance.now()
    const at = await notRead()
    console.log(`promise 18, link: not read ${(at - start).toFixed(0)} ms after its link was cut (interval ${interval} ms)`)
    expect(at - start).toBeLessThanOrEqual(interval + slackMs)
    expect(await isRead()).toBe(false)
    servers.links[0]?.heal()
    await until('it is read again', () => isRead())
  })

  test('it is being synchronised', async () => {
    const primary = servers.servers[0] as RedisServer
    const filler = Array.from({ length: 2000 }, (_, i) => ({ key: `filler:${i}`, value: new Uint8Array(1000), ttl: null }))
    expect((await store.set(filler)).every((answer) => answer === true)).toBe(true)
    await until('it is read', () => isRead())
    // A link that is cut for longer than the backlog lasts, and then a snapshot that takes its time.
    await primary.command('CONFIG', 'SET', 'rdb-key-save-delay', '1000')
    await primary.command('CONFIG', 'SET', 'repl-backlog-size', '16384')
    servers.links[0]?.refuse(true)
    servers.links[0]?.reset()
    const start = performance.now()
    await primary.command('SET', 'more than the backlog', new Uint8Array(100_000))
    servers.links[0]?.heal()
    const at = await notRead()
    console.log(`promise 18, sync: not read ${(at - start).toFixed(0)} ms after it began (interval ${interval} ms)`)
    expect(at - start).toBeLessThanOrEqual(interval + slackMs)
    await until('it is syncing', async () => /master_sync_in_progress:1/.test(String(await replica.command('INFO', 'replication'))))
    expect(await isRead()).toBe(false)
    await until('it is read again', () => isRead(), 30_000)
  })

  test('it hangs: reads are answered within T, and go to the primary', async () => {
    const longest = await longestRead(async () => {
      replica.pause()
      await notRead()
    })
    replica.resume()
    console.log(`promise 18, hang: the longest read took ${longest.toFixed(0)} ms, T = ${timeout} ms`)
    expect(longest).toBeLessThan(timeout)
    await until('it is read again', () => isRead())
  })

  test('it is killed: reads are answered within T, and go to the primary; once it is back it is read', async () => {
    const longest = await longestRead(async () => {
      await replica.kill()
      await notRead()
    })
    console.log(`promise 18, kill: the longest read took ${longest.toFixed(0)} ms, T = ${timeout} ms`)
    expect(longest).toBeLessThan(timeout)
    await replica.restart()
    await replica.command('REPLICAOF', '127.0.0.1', servers.links[0]!.port)
    await until('it is read again', () => isRead())
  })
})

/** The longest of the reads that are made meanwhile, all of which must be answered rightly. */
async function longestRead(meanwhile: () => Promise<void>): Promise<number> {
  await store.set([{ key: 'a', value: bytes('1'), ttl: null }])
  await until('the replica has it, and is known to', () => isRead('a'))
  let longest = 0
  let over = false
  const reader = async (): Promise<void> => {
    while (!over) {
      const start = performance.now()
      const answers = await store.get(['a'])
      longest = Math.max(longest, performance.now() - start)
      expect(answers.map(text)).toEqual(['1'])
    }
  }
  const readers = Array.from({ length: 10 }, reader)
  await meanwhile()
  over = true
  await Promise.all(readers)
  return longest
}
