import assert from 'node:assert/strict'
import { ShaleError } from '@shale/contracts'
import { bytes, failsWith, put, read, type StoreCases } from './context.ts'

export const lifecycle: StoreCases = {
  'connect may be called again and again': async ({ store }) => {
    await store.connect()
    await put(store, 'a', '1')
    await Promise.all([store.connect(), store.connect()])
    assert.equal(await read(store, 'a'), '1')
  },

  'locate says where a key lives': async ({ store }) => {
    const { shard, server } = store.locate('a')
    for (const name of [shard, server]) assert.ok(typeof name === 'string' && name !== '', `expected a name, found ${String(name)}`)
    assert.deepEqual(store.locate('a'), { shard, server })
  },

  'after close every call answers CLOSED, and close may be called again': async ({ store }) => {
    await put(store, 'a', '1')
    await Promise.all([store.close(), store.close()])
    await store.close()
    const entry = { key: 'a', value: bytes('1'), ttl: null }
    const calls: (() => Promise<unknown>)[] = [
      () => store.get(['a']),
      () => store.set([entry]),
      () => store.add([entry]),
      () => store.swap([{ key: 'a', expected: bytes('1'), value: bytes('2') }]),
      () => store.delete(['a']),
      () => store.has(['a']),
      () => store.ttl(['a']),
      () => store.touch(['a'], null),
      () => store.incr([{ key: 'a', by: 1 }]),
      () => store.move([{ from: 'a', to: 'b' }]),
      () => store.flush(),
      () => store.connect(),
      async () => {
        for await (const page of store.scan('*')) assert.fail(`expected an error, found a page of ${page.length}`)
      },
    ]
    for (const call of calls) failsWith(await errorOf(call), 'CLOSED')
  },
}

/** The error of a call: what it rejects with, or the answer of its one key. */
async function errorOf(call: () => Promise<unknown>): Promise<unknown> {
  try {
    const answer = await call()
    if (Array.isArray(answer)) return answer[0]
    return (answer as { failed?: ReadonlyMap<string, unknown> } | undefined)?.failed?.get('a')
  } catch (error) {
    return ShaleError.is(error) ? error : assert.fail(error as Error)
  }
}
