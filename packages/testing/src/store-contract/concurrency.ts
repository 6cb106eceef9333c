import assert from 'node:assert/strict'
import { bytes, put, read, same, unwrap, type StoreCases } from './context.ts'

const callers = Array.from({ length: 50 }, (_, index) => index)

const trueOnes = (answers: readonly unknown[][]): number => answers.filter(([answer]) => unwrap(answer as boolean)).length

export const concurrency: StoreCases = {
  'of many concurrent adds of one key exactly one stores': async ({ store }) => {
    const answers = await Promise.all(callers.map((caller) => store.add([{ key: 'a', value: bytes(`of ${caller}`), ttl: null }])))
    assert.equal(trueOnes(answers), 1)
    const winner = answers.findIndex(([answer]) => answer === true)
    assert.equal(await read(store, 'a'), `of ${winner}`)
  },

  'of many concurrent swaps that expect the same exactly one replaces': async ({ store }) => {
    await put(store, 'a', 'old')
    const answers = await Promise.all(
      callers.map((caller) => store.swap([{ key: 'a', expected: bytes('old'), value: bytes(`of ${caller}`) }])),
    )
    assert.equal(trueOnes(answers), 1)
  },

  'of many concurrent moves from one place exactly one succeeds': async ({ store }) => {
    await put(store, '{m}a', 'value')
    const answers = await Promise.all(callers.map((caller) => store.move([{ from: '{m}a', to: `{m}${caller}` }])))
    assert.equal(trueOnes(answers), 1)
  },

  'many concurrent increments all count': async ({ store }) => {
    await put(store, 'a', '0')
    const sums: number[] = []
    for (let round = 0; round < 4; round++) {
      for (const [sum] of await Promise.all(callers.map(() => store.incr([{ key: 'a', by: 1 }])))) sums.push(unwrap(sum!))
    }
    assert.deepEqual(
      sums.sort((a, b) => a - b),
      Array.from({ length: 200 }, (_, index) => index + 1),
    )
  },

  'many concurrent deletes count one key once': async ({ store }) => {
    await put(store, 'a', '1')
    const tallies = await Promise.all(callers.map(() => store.delete(['a'])))
    assert.equal(
      tallies.reduce((sum, { count }) => sum + count, 0),
      1,
    )
  },

  'calls on one key take effect in the order made, awaited or not': async ({ store }) => {
    const set = (text: string): Promise<unknown> => store.set([{ key: 'a', value: bytes(text), ttl: null }])
    const pending = [
      set('1'),
      read(store, 'a'),
      store.incr([{ key: 'a', by: 1 }]),
      read(store, 'a'),
      store.delete(['a']),
      read(store, 'a'),
      set('2'),
      read(store, 'a'),
    ]
    const answers = await Promise.all(pending)
    assert.deepEqual([answers[1], answers[3], answers[5], answers[7]], ['1', '2', undefined, '2'])
    assert.equal(await read(store, 'a'), '2')
  },

  'the last of many sets that nobody waits for stays': async ({ store, capabilities }) => {
    const large = new Uint8Array(capabilities.largeValueBytes ?? 1024 * 1024).fill(1)
    const pending: Promise<unknown>[] = []
    for (let round = 0; round < 20; round++) {
      pending.push(store.set([{ key: 'a', value: round % 5 === 0 ? large.slice() : bytes(`${round}`), ttl: null }]))
      if (round % 3 === 0) pending.push(store.delete(['a']))
    }
    pending.push(store.set([{ key: 'a', value: bytes('last'), ttl: null }]))
    await Promise.all(pending)
    assert.equal(await read(store, 'a'), 'last')
  },

  'batches that overlap take effect one after the other on each key': async ({ store }) => {
    const keys = Array.from({ length: 100 }, (_, index) => `key ${index}`)
    const set = (text: string, of: readonly string[]): Promise<unknown> =>
      store.set(of.map((key) => ({ key, value: bytes(text), ttl: null })))
    const first = set('first', keys)
    const removed = store.delete(keys.slice(0, 50))
    const second = set('second', keys.slice(25, 75))
    const found = store.get(keys)
    await Promise.all([first, second])
    assert.equal((await removed).count, 50)
    const texts = (await found).map((answer) => unwrap(answer) && Buffer.from(unwrap(answer)!).toString())
    assert.deepEqual(
      texts,
      keys.map((_, index) => (index < 25 ? undefined : index < 75 ? 'second' : 'first')),
    )
    same(await store.has([keys[0]!, keys[99]!]), [false, true])
  },
}
