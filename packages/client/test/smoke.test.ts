import { expect, test } from 'vitest'
import { startRedis } from '@tooling/servers'
import { createStore, nodeRedis, ioredis } from '@shale/client'
const b = (s: string) => Buffer.from(s)
test.each([['node', nodeRedis()], ['io', ioredis()]] as const)('smoke %s', async (_, driver) => {
  await using server = await startRedis({ password: 's3' })
  const store = createStore(server.url, { driver, connections: 2, database: 3 })
  expect(await store.set([{ key: 'a', value: b('1'), ttl: null }, { key: 'b', value: b('x'), ttl: 5000 }])).toEqual([true, true])
  expect((await store.get(['a'])).map(String)).toEqual(['1'])
  expect((await store.get(['a', 'b', 'c'])).map(String)).toEqual(['1', 'x', 'undefined'])
  expect(await store.incr([{ key: 'a', by: 5 }])).toEqual([6])
  expect(await store.move([{ from: 'a', to: 'q' }, { from: 'zz', to: 'y' }])).toEqual([true, false])
  expect(await store.ttl(['q', 'b', 'zz'])).toEqual([null, expect.any(Number), undefined])
  const keys = []
  for await (const page of store.scan('*')) keys.push(...page)
  expect(keys.sort()).toEqual(['b', 'q'])
  await store.flush()
  expect(await store.delete(['b'])).toEqual({ count: 0, failed: undefined })
  await store.close()
  const bad = createStore(`redis://:wrong@127.0.0.1:${server.port}`, { driver })
  console.log(await bad.get(['a']), await bad.connect().catch((e) => e))
  await bad.close()
})
