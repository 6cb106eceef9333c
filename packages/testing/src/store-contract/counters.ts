import assert from 'node:assert/strict'
import { failsWith, hasTtl, longTtl, put, read, readAll, same, type StoreCases } from './context.ts'

const largest = Number.MAX_SAFE_INTEGER
const noIntegers = ['', ' ', 'abc', ' 1', '1 ', '+1', '01', '-01', '-0', '--1', '-', '1.0', '1e3', '0x1', '1,000', '1\n', '١', 'NaN']

export const counters: StoreCases = {
  'incr adds to an integer that is stored as text': async ({ store }) => {
    await put(store, 'a', '41')
    same(await store.incr([{ key: 'a', by: 1 }]), [42])
    same(await store.incr([{ key: 'a', by: -50 }]), [-8])
    same(await store.incr([{ key: 'a', by: 0 }]), [-8])
    assert.equal(await read(store, 'a'), '-8')
    same(await store.incr([{ key: 'a', by: 8 }]), [0])
    assert.equal(await read(store, 'a'), '0')
  },

  'increments of one key in one batch add up': async ({ store }) => {
    await put(store, 'a', '0')
    await put(store, 'b', '10')
    same(
      await store.incr([
        { key: 'a', by: 1 },
        { key: 'b', by: 5 },
        { key: 'a', by: 2 },
        { key: 'a', by: -7 },
      ]),
      [1, 15, 3, -4],
    )
  },

  'incr keeps the ttl': async ({ store }) => {
    await put(store, 'timed', '1', longTtl)
    await put(store, 'never', '1')
    await store.incr([
      { key: 'timed', by: 1 },
      { key: 'never', by: 1 },
    ])
    await hasTtl(store, 'timed', longTtl)
    await hasTtl(store, 'never', null)
  },

  'incr never creates': async ({ store }) => {
    const [answer] = await store.incr([{ key: 'a', by: 1 }])
    failsWith(answer, 'KEY_NOT_FOUND')
    same(await store.has(['a']), [false])
  },

  'incr refuses what is no integer, and leaves it': async ({ store }) => {
    const keys = noIntegers.map((_, index) => `key ${index}`)
    for (const [index, text] of noIntegers.entries()) await put(store, keys[index]!, text, longTtl)
    const answers = await store.incr(keys.map((key) => ({ key, by: 1 })))
    noIntegers.forEach((text, index) => {
      assert.ok(typeof answers[index] !== 'number', `expected ${JSON.stringify(text)} to be refused, found ${String(answers[index])}`)
      failsWith(answers[index], 'VALUE_NOT_INTEGER')
    })
    assert.deepEqual(await readAll(store, keys), noIntegers)
    await hasTtl(store, keys[0]!, longTtl)
  },

  'one key that fails leaves the others of the batch their answers': async ({ store }) => {
    await put(store, 'a', '1')
    await put(store, 'text', 'abc')
    await put(store, 'b', '2')
    const [a, text, missing, b] = await store.incr(['a', 'text', 'missing', 'b'].map((key) => ({ key, by: 10 })))
    assert.equal(a, 11)
    failsWith(text, 'VALUE_NOT_INTEGER')
    failsWith(missing, 'KEY_NOT_FOUND')
    assert.equal(b, 12)
  },

  'a result that a number cannot hold exactly is refused, and the value stays': async ({ store }) => {
    const cases: [text: string, by: number][] = [
      [String(largest), 1],
      [String(-largest), -1],
      [String(largest), largest],
      ['1', largest],
      ['9223372036854775807', 1],
      ['-9223372036854775808', -1],
      ['9223372036854775807', 0],
      ['9007199254740993', -1],
    ]
    for (const [text, by] of cases) {
      await put(store, 'a', text, longTtl)
      const [answer] = await store.incr([{ key: 'a', by }])
      failsWith(answer, 'VALUE_OUT_OF_RANGE')
      assert.equal(await read(store, 'a'), text)
    }
    await hasTtl(store, 'a', longTtl)
  },

  'integers up to 64 bits are added to exactly': async ({ store }) => {
    const cases: [text: string, by: number, sum: number][] = [
      [String(largest - 1), 1, largest],
      [String(-largest + 1), -1, -largest],
      [String(-largest), largest, 0],
      ['9007199254740993', -2, largest],
      ['9007199254740993', -9, 9007199254740984],
      ['-9007199254740995', 5, -9007199254740990],
      ['9999999999999999', -999999999999999, 9000000000000000],
    ]
    for (const [text, by, sum] of cases) {
      await put(store, 'a', text)
      same(await store.incr([{ key: 'a', by }]), [sum])
      assert.equal(await read(store, 'a'), String(sum))
    }
  },

  'an integer of more than 64 bits is refused': async ({ store }) => {
    for (const text of ['9223372036854775808', '-9223372036854775809', '1'.repeat(40)]) {
      await put(store, 'a', text)
      const [answer] = await store.incr([{ key: 'a', by: -1 }])
      failsWith(answer, 'VALUE_OUT_OF_RANGE')
      assert.equal(await read(store, 'a'), text)
    }
  },
}
