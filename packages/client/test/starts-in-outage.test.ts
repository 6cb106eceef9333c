import { afterEach, expect, test } from 'vitest'
import { setTimeout as wait } from 'node:timers/promises'
import { ShaleError, type Store } from '@shale/contracts'
import { createStore, type Servers } from '@shale/client'
import { startCluster, startReplicaSet, startSentinels, until, type RedisServer, type SentinelServer } from '@tooling/servers'
import { bytes } from './open-replica-set.ts'

/** Servers, all of which go away and come back together; nobody is promoted meanwhile. */
interface Group {
  readonly servers: Servers
  readonly members: readonly (RedisServer | SentinelServer)[]
  /** Starts all again that were killed; settles once they serve. */
  restart(): Promise<void>
  stop(): Promise<void>
}

const groups: Record<string, () => Promise<Group>> = {
  async 'a replica set'() {
    const set = await startReplicaSet({ replicas: 1 })
    const { primary } = set
    const [replica] = set.replicas as [RedisServer]
    return {
      servers: { primary: primary.url, replicas: [replica.url] },
      members: set.servers,
      async restart() {
        await replica.restart()
        await replica.command('REPLICAOF', primary.host, primary.port)
        await primary.restart()
      },
      stop: () => set.stop(),
    }
  },
  async 'a Sentinel group'() {
    const { sentinels, servers, master, stop } = await startSentinels({ sentinels: 2, replicas: 1, downAfter: 60_000 })
    const members = [...servers, ...sentinels]
    return {
      servers: { sentinels: sentinels.map(({ url }) => url), master },
      members,
      restart: async () => void (await Promise.all(members.map((member) => member.restart()))),
      stop,
    }
  },
  async 'a cluster'() {
    const cluster = await startCluster({ replicas: 0, nodeTimeout: 60_000 })
    return {
      servers: { cluster: cluster.urls },
      members: cluster.nodes,
      async restart() {
        await Promise.all(cluster.nodes.map((node) => node.restart()))
        await cluster.settled()
      },
      stop: () => cluster.stop(),
    }
  },
}

const timeout = 300
const share = (times: readonly number[], of: number): number => [...times].sort((a, b) => a - b)[Math.floor(times.length * of)] as number

let group: Group
let store: Store
afterEach(async () => {
  await store.close()
  await group.stop()
})

test.each(Object.keys(groups).flatMap((kind) => [[kind, 'killed'] as const, [kind, 'hung'] as const]))(
  'promises 3 and 4: a process that starts while %s is %s refuses reads at once within 3 T, and serves within 1 s of the return',
  async (kind, how) => {
    group = await (groups[kind] as () => Promise<Group>)()
    const { servers, members } = group
    const isKilled = how === 'killed'
    for (const member of members) await (isKilled ? member.kill() : member.pause())

    store = createStore(servers, { timeout })
    const begun = performance.now()
    const reads: { readonly at: number; readonly took: number; readonly answer: unknown }[] = []
    let isRead = true
    const read = async (reader: number): Promise<void> => {
      for (let n = 0; isRead; n++) {
        const at = performance.now()
        const [answer] = await store.get([`${reader}:${n}`])
        reads.push({ at: at - begun, took: performance.now() - at, answer })
        await wait(5)
      }
    }
    const reading = Promise.all([0, 1, 2, 3].map(read))
    await until('reads were refused for 3 s', () => performance.now() - begun > 3 * timeout + 3000)
    const refused = reads.filter(({ at }) => at > 3 * timeout)
    const times = refused.map(({ took }) => took)

    if (isKilled) await group.restart()
    else for (const member of members) member.resume()
    const returned = performance.now()
    const after = async (what: string, isDone: () => Promise<boolean>): Promise<number> => {
      await until(what, isDone)
      return performance.now() - returned
    }
    const [written, answered] = await Promise.all([
      after('a write is done', async () => (await store.set([{ key: 'back', value: bytes('value'), ttl: null }]))[0] === true),
      after('a read is answered', async () => !ShaleError.is((await store.get(['back']))[0])),
    ])
    isRead = false
    await reading

    console.log(
      `promise 3, started while ${kind} is ${how}, T = ${timeout} ms: after 3 T ${times.length} reads refused in ${share(times, 0.5).toFixed(2)} ms ` +
        `(p50) and ${share(times, 0.99).toFixed(2)} ms (p99); back after ${answered.toFixed(0)} ms (reads) and ${written.toFixed(0)} ms (writes)`,
    )
    expect(new Set(refused.map(({ answer }) => (ShaleError.is(answer) ? answer.code : answer)))).toEqual(new Set(['SERVER_UNAVAILABLE']))
    // Generous to a busy machine: who waits for a round of the search waits for 100 ms.
    expect(share(times, 0.5)).toBeLessThan(5)
    expect(share(times, 0.99)).toBeLessThan(50)
    expect(answered).toBeLessThan(1000)
    expect(written).toBeLessThan(1000)
  },
  120_000,
)

test.each(['a replica set', 'a cluster'])(
  'once the servers of %s are reached the next call is not told what was known before',
  async (kind) => {
    group = await (groups[kind] as () => Promise<Group>)()
    const { servers, members } = group
    for (const member of members) member.pause()
    store = createStore(servers, { timeout })
    await until('a read is refused at once', async () => {
      const begun = performance.now()
      const [answer] = await store.get(['key'])
      return ShaleError.is(answer) && performance.now() - begun < 50
    })
    for (const member of members) member.resume()
    await until('all are reached', () => {
      const states = store.status?.() ?? []
      return states.length > 1 && states.every(({ state }) => state === 'ready')
    })
    expect(await store.get(['key'])).toEqual([undefined])
  },
)
