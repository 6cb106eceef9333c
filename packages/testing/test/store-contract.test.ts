import { ShaleError, type StoreEntry, type StoreIncrement, type StoreMove, type StoreSwap } from '@shale/contracts'
import { createManualClock, storeContract } from '@shale/testing'
import { expect, test } from 'vitest'
import { ReferenceStore } from './reference-store.ts'
import { runSuite, type SuiteOutcome } from './run-suite.ts'

type Kind = typeof ReferenceStore

const tryOn = (Kind: Kind): Promise<SuiteOutcome> => {
  const clock = createManualClock()
  return runSuite((run) =>
    storeContract({ test: run, create: () => ({ store: new Kind(clock) }), capabilities: { advance: (ms) => clock.advance(ms) } }),
  )
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

test('a store that keeps the contract passes', async () => {
  const { passed, failed } = await tryOn(ReferenceStore)
  expect([...failed]).toEqual([])
  expect(passed.length).toBeGreaterThan(50)
})

const broken: [what: string, Kind: Kind, caughtBy: string][] = [
  [
    'get leaves out what is missing',
    class extends ReferenceStore {
      override async get(keys: readonly string[]) {
        return (await super.get(keys)).filter((value) => value !== undefined)
      }
    },
    'get answers in the order asked, with undefined for what is missing',
  ],
  [
    'get gives what is held itself',
    class extends ReferenceStore {
      override async get(keys: readonly string[]) {
        return keys.map((key) => this.find(key)?.value)
      }
    },
    'what is given out belongs to the caller',
  ],
  [
    'set keeps the bytes of the caller',
    class extends ReferenceStore {
      override put(key: string, value: Uint8Array, ttl: number | null): true {
        super.put(key, value, ttl)
        this.entries.get(key)!.value = value
        return true
      }
    },
    'what is handed in may be changed once the call has settled',
  ],
  [
    'set keeps the old ttl',
    class extends ReferenceStore {
      override async set(entries: readonly StoreEntry[]) {
        return entries.map((entry) => {
          const old = this.find(entry.key)?.expiresAt
          this.put(entry.key, entry.value, entry.ttl)
          if (old !== undefined) this.entries.get(entry.key)!.expiresAt = old
          return true as const
        })
      }
    },
    'set replaces the ttl',
  ],
  [
    'values are treated as text',
    class extends ReferenceStore {
      override put(key: string, value: Uint8Array, ttl: number | null): true {
        return super.put(key, Buffer.from(Buffer.from(value).toString('utf8')), ttl)
      }
    },
    'a value may consist of any bytes',
  ],
  [
    'add checks and then acts',
    class extends ReferenceStore {
      override async add(entries: readonly StoreEntry[]) {
        const absent = entries.map(({ key }) => this.find(key) === undefined)
        await turn()
        return entries.map(({ key, value, ttl }, index) => absent[index]! && this.put(key, value, ttl))
      }
    },
    'of many concurrent adds of one key exactly one stores',
  ],
  [
    'add expires what is there',
    class extends ReferenceStore {
      override async add(entries: readonly StoreEntry[]) {
        return entries.map(({ key, value, ttl }) => {
          const held = this.find(key)
          if (held === undefined) return this.put(key, value, ttl)
          held.expiresAt = this.end(ttl)
          return false
        })
      }
    },
    'add stores only what is absent, and harms nothing that is there',
  ],
  [
    'swap compares lengths alone',
    class extends ReferenceStore {
      override async swap(swaps: readonly StoreSwap[]) {
        return swaps.map(({ key, expected, value, ttl }) => {
          const held = this.find(key)
          if (held === undefined || held.value.length !== expected.length) return false
          if (value === undefined) return this.entries.delete(key)
          held.value = value.slice()
          if (ttl !== undefined) held.expiresAt = this.end(ttl)
          return true
        })
      }
    },
    'swap compares every byte',
  ],
  [
    'swap makes persistent',
    class extends ReferenceStore {
      override swap(swaps: readonly StoreSwap[]) {
        return super.swap(swaps.map((swap) => ({ ...swap, ttl: swap.ttl ?? null })))
      }
    },
    'swap keeps the ttl, or gives the one that is stated',
  ],
  [
    'delete counts what it was asked',
    class extends ReferenceStore {
      override async delete(keys: readonly string[]) {
        await super.delete(keys)
        return { count: keys.length, failed: undefined }
      }
    },
    'delete counts what was there, once',
  ],
  [
    'ttl gives seconds',
    class extends ReferenceStore {
      override async ttl(keys: readonly string[]) {
        return (await super.ttl(keys)).map((left) => (typeof left === 'number' ? left / 1000 : left))
      }
    },
    'set replaces the ttl',
  ],
  [
    'touch creates',
    class extends ReferenceStore {
      override touch(keys: readonly string[], ttl: number | null) {
        for (const key of keys) if (this.find(key) === undefined) this.put(key, new Uint8Array(), ttl)
        return super.touch(keys, ttl)
      }
    },
    'touch gives a new ttl to what is there, and leaves its value',
  ],
  [
    'nothing expires',
    class extends ReferenceStore {
      override find(key: string) {
        super.find('')
        return this.entries.get(key)
      }
    },
    'an entry is gone to every method when its ttl is over',
  ],
  [
    'incr creates',
    class extends ReferenceStore {
      override increment(key: string, by: number) {
        if (this.find(key) === undefined) this.put(key, Buffer.from('0'), null)
        return super.increment(key, by)
      }
    },
    'incr never creates',
  ],
  [
    'incr forgets the ttl',
    class extends ReferenceStore {
      override increment(key: string, by: number) {
        const sum = super.increment(key, by)
        if (typeof sum === 'number') this.entries.get(key)!.expiresAt = Infinity
        return sum
      }
    },
    'incr keeps the ttl',
  ],
  [
    'incr counts with floating point',
    class extends ReferenceStore {
      override increment(key: string, by: number) {
        const held = this.find(key)
        const sum = Number(Buffer.from(held?.value ?? []).toString()) + by
        if (held === undefined || Number.isNaN(sum)) return super.increment(key, by)
        if (!Number.isSafeInteger(sum)) return new ShaleError('VALUE_OUT_OF_RANGE', 'too large')
        held.value = Buffer.from(String(sum))
        return sum
      }
    },
    'integers up to 64 bits are added to exactly',
  ],
  [
    'incr reads and then writes',
    class extends ReferenceStore {
      override async incr(increments: readonly StoreIncrement[]) {
        const before = increments.map(({ key }) => this.find(key)?.value)
        await turn()
        return increments.map(({ key, by }, index) => {
          const held = this.find(key)
          if (held !== undefined && before[index] !== undefined) held.value = before[index]
          return this.increment(key, by)
        })
      }
    },
    'many concurrent increments all count',
  ],
  [
    'move leaves the ttl behind',
    class extends ReferenceStore {
      override async move(moves: readonly StoreMove[]) {
        const answers = await super.move(moves)
        for (const { to } of moves) if (this.entries.has(to)) this.entries.get(to)!.expiresAt = Infinity
        return answers
      }
    },
    'move takes value and ttl along, over whatever is there',
  ],
  [
    'move clears the place of what is missing',
    class extends ReferenceStore {
      override move(moves: readonly StoreMove[]) {
        for (const { from, to } of moves) if (this.find(from) === undefined) this.entries.delete(to)
        return super.move(moves)
      }
    },
    'a move of what is missing leaves the other place alone',
  ],
  [
    'scan goes by position',
    class extends ReferenceStore {
      override async *scan() {
        super.find('')
        for (let at = 0; at < this.entries.size; at += 100) yield [...this.entries.keys()].slice(at, at + 100)
      }
    },
    'what a scan gives may be deleted on the way',
  ],
  [
    'scan ignores escapes',
    class extends ReferenceStore {
      override scan(pattern: string) {
        return super.scan(pattern.replaceAll('\\', ''))
      }
    },
    'scan reads globs as Redis does',
  ],
  [
    'large values are stored a turn later',
    class extends ReferenceStore {
      override async set(entries: readonly StoreEntry[]) {
        if (entries.some(({ value }) => value.length > 1000)) await turn()
        return super.set(entries)
      }
    },
    'the last of many sets that nobody waits for stays',
  ],
  [
    'close does nothing',
    class extends ReferenceStore {
      override async close() {}
    },
    'after close every call answers CLOSED, and close may be called again',
  ],
]

test.each(broken)('a store of which this is true fails: %s', async (_, Kind, caughtBy) => {
  const { failed } = await tryOn(Kind)
  expect([...failed.keys()]).toContain(`store: ${caughtBy}`)
})

test('the store is closed, and what was made for it is cleaned up, also after a failure', async () => {
  const events: string[] = []
  class Observed extends ReferenceStore {
    override async get(): Promise<never> {
      throw new Error('broken')
    }
    override async close(): Promise<void> {
      events.push('close')
    }
  }
  const clock = createManualClock()
  const { failed } = await runSuite((run) =>
    storeContract({
      test: run,
      create: async () => ({ store: new Observed(clock), cleanup: () => void events.push('cleanup') }),
      capabilities: { advance: (ms) => clock.advance(ms) },
    }),
  )
  expect(failed.size).toBeGreaterThan(10)
  expect(events.at(-1)).toBe('cleanup')
  expect(events.filter((event) => event === 'cleanup').length).toBeGreaterThan(failed.size)
})

test('without a clock the suite waits for real time', async () => {
  let waited = 0
  const clock = createManualClock()
  class Real extends ReferenceStore {
    override async has(keys: readonly string[]): Promise<boolean[]> {
      waited++
      clock.advance(50)
      return super.has(keys)
    }
  }
  const { failed } = await runSuite((run) => storeContract({ test: run, create: () => ({ store: new Real(clock) }) }))
  expect([...failed]).toEqual([])
  expect(waited).toBeGreaterThan(10)
})

test('keys of another type are tested where they can be made', async () => {
  const clock = createManualClock()
  const { passed, failed } = await runSuite((run) =>
    storeContract({
      test: run,
      create: () => ({ store: new ReferenceStore(clock) }),
      capabilities: {
        advance: (ms) => clock.advance(ms),
        putForeign: async (store, key) => void (await store.set([{ key, value: Buffer.from('text'), ttl: null }])),
      },
    }),
  )
  expect([...failed.keys()]).toEqual(['store: a key of another type is no value'])
  expect(passed).toContain('store: a key of another type is replaced by set, moved, and deleted')
})
