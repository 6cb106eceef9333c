import { afterEach, beforeEach, expect, test } from 'vitest'
import { ShaleError, type Store } from '@shale/contracts'
import { createStore } from '@shale/client'
import { startReplicaSet, until, type RedisReplicaSet } from '@tooling/servers'
import { bytes } from './open-replica-set.ts'

let servers: RedisReplicaSet
let store: Store

const entry = { value: bytes('value'), ttl: null }
const share = (times: readonly number[], of: number): number => [...times].sort((a, b) => a - b)[Math.floor(times.length * of)] as number

beforeEach(async () => {
  servers = await startReplicaSet({ replicas: 1 })
})
afterEach(async () => {
  servers.primary.resume()
  await store.close()
  await servers.stop()
})

test('promise 3: reads beside held writes, of a replica set whose primary hangs, are answered at once', { timeout: 60_000 }, async () => {
  store = createStore({ primary: servers.primary.url, replicas: servers.replicas.map(({ url }) => url) }, { timeout: 500 })
  const keys = Array.from({ length: 50 }, (_, i) => `hung:${i}`)
  await store.set(keys.map((key) => ({ key, ...entry })))
  let isOpen = false
  store.observe?.({ breaker: (_, state) => void (isOpen = state === 'open') })
  servers.primary.pause()
  await until('the breaker is open', async () => {
    await Promise.all(keys.slice(0, 5).map((key) => store.get([key])))
    return isOpen
  })

  const [reads, writes]: [number[], number[]] = [[], []]
  const answered: unknown[] = []
  // Every key is read and written.
  const keyAt = (n: number): string => keys[(n * 7 + Math.floor(n / 10)) % 50] as string
  const calls: Promise<void>[] = []
  const call = async (key: string, isRead: boolean): Promise<void> => {
    const begun = performance.now()
    const [answer] = isRead ? await store.get([key]) : await store.set([{ key, ...entry }])
    ;(isRead ? reads : writes).push(performance.now() - begun)
    if (!ShaleError.is(answer) || answer.code !== 'SERVER_UNAVAILABLE') answered.push(answer)
  }
  // 200 calls a second for 5 s, whether those before are answered or not.
  for (const begun = performance.now(); calls.length < 1000;) {
    await new Promise((resolve) => setTimeout(resolve, 5))
    while (calls.length < Math.min(1000, (performance.now() - begun) / 5)) {
      calls.push(call(keyAt(calls.length), calls.length % 10 < 7))
    }
  }
  await Promise.all(calls)
  console.log(
    `promise 3, 30 % writes on 50 keys of a hung primary: ${reads.length} gets, ${share(reads, 0.5).toFixed(2)} ms (p50) and ` +
      `${share(reads, 0.99).toFixed(2)} ms (p99); ${writes.length} sets, ${share(writes, 0.5).toFixed(2)} and ${share(writes, 0.99).toFixed(2)} ms`,
  )
  expect(answered).toEqual([])
  expect(share(reads, 0.5)).toBeLessThan(1)
  expect(share(reads, 0.99)).toBeLessThan(5)
})
