import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { setTimeout as wait } from 'node:timers/promises'
import { ShaleError, type Store } from '@shale/contracts'
import { createStore, type ReadFrom } from '@shale/client'
import { startCluster, until, type ClusterNode, type RedisCluster } from '@tooling/servers'
import { slotOf } from '../src/cluster/slot.ts'
import { bytes } from './open-replica-set.ts'

let cluster: RedisCluster
let hung: ClusterNode
let store: Store

const entry = { value: bytes('value'), ttl: null }
const keys = Array.from({ length: 60 }, (_, i) => `hung:${i}`)
const share = (times: readonly number[], of: number): number => [...times].sort((a, b) => a - b)[Math.floor(times.length * of)] as number

beforeAll(async () => {
  cluster = await startCluster({ args: ['--cluster-require-full-coverage', 'no'] })
  // Nobody takes over, however long one hangs.
  for (const node of cluster.nodes) await node.command('CONFIG', 'SET', 'cluster-node-timeout', 60_000)
}, 60_000)
afterEach(async () => {
  hung.resume()
  await store.close()
})
afterAll(() => cluster.stop())

test.each<[ReadFrom]>([['primary'], ['any']])(
  'promise 3: a node of a cluster hangs, reads from %s beside writes: reads are answered at once',
  async (readFrom) => {
    const timeout = 200
    store = createStore({ cluster: cluster.urls }, { timeout, readFrom })
    await store.set(keys.map((key) => ({ key, ...entry })))
    hung = await cluster.ownerOf(slotOf('hung:0'))
    const isConcerned = (key: string): boolean => store.locate(key).server === `127.0.0.1:${hung.port}/0`
    const concerned = keys.filter(isConcerned)
    // A third of them is read alone.
    const readOnly = new Set(concerned.filter((_, i) => i % 3 === 0))
    // In use, so that it is known what the replicas have.
    for (let i = 0; i < 80; i++) {
      await store.get(keys)
      await wait(10)
    }
    let isOpen = false
    store.observe?.({ breaker: (_, state) => void (isOpen ||= state === 'open') })
    hung.pause()
    const paused = performance.now()
    await until('the breaker is open', async () => {
      await store.set(concerned.filter((key) => !readOnly.has(key)).map((key) => ({ key, ...entry })))
      return isOpen
    })
    const openedAfter = performance.now() - paused

    const times: Record<'refused get' | 'answered get' | 'set', number[]> = { 'refused get': [], 'answered get': [], set: [] }
    let answeredOfOthers = 0
    const calls: Promise<void>[] = []
    const call = async (key: string, isRead: boolean): Promise<void> => {
      const begun = performance.now()
      const [answer] = isRead ? await store.get([key]) : await store.set([{ key, ...entry }])
      const isRefused = ShaleError.is(answer)
      times[!isRead ? 'set' : isRefused ? 'refused get' : 'answered get'].push(performance.now() - begun)
      if (!isRefused && !readOnly.has(key)) answeredOfOthers++
    }
    for (const begun = performance.now(); calls.length < 600;) {
      await wait(5)
      while (calls.length < Math.min(600, (performance.now() - begun) / 5)) {
        const key = concerned[(calls.length * 7) % concerned.length] as string
        calls.push(call(key, readOnly.has(key) || calls.length % 10 < 6))
      }
    }
    await Promise.all(calls)
    const shares = Object.entries(times).map(
      ([kind, some]) =>
        `${some.length} ${kind}s` +
        (some.length === 0 ? '' : ` ${share(some, 0.5).toFixed(2)} ms (p50) and ${share(some, 0.99).toFixed(2)} ms (p99)`),
    )
    console.log(
      `promise 3, cluster, reads from ${String(readFrom)}, T = ${timeout} ms: open after ${openedAfter.toFixed(0)} ms; ${shares.join(', ')}`,
    )
    expect(openedAfter).toBeLessThan(3 * timeout + 150)
    expect(share(times['refused get'], 0.5)).toBeLessThan(1)
    expect(share(times['refused get'], 0.99)).toBeLessThan(5)
    expect(share(times.set, 0.99)).toBeLessThan(150)
    // What this process tried to change is not read from a replica; all else is.
    expect(answeredOfOthers).toBe(0)
    if (readFrom === 'any') expect(times['answered get'].length).toBeGreaterThan(100)
    else expect(times['answered get']).toEqual([])
  },
  60_000,
)
