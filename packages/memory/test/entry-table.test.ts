import fc from 'fast-check'
import { expect, test } from 'vitest'
import { EntryTable } from '../src/entry-table.ts'

const seed = Date.now() % 2 ** 31
console.log(`entry table: seed ${seed}`)

const name = fc.integer({ min: 0, max: 7 }).map((number) => `k${number}`)
const step = fc.oneof(
  fc.record({ what: fc.constant('put' as const), name, end: fc.integer({ min: 1, max: 20 }) }),
  fc.record({ what: fc.constant('use' as const), name }),
  fc.record({ what: fc.constant('remove' as const), name }),
  fc.record({ what: fc.constant('evict' as const) }),
  fc.record({ what: fc.constant('sweep' as const), now: fc.integer({ min: 0, max: 15 }), slots: fc.integer({ min: 0, max: 5 }) }),
)

test('it holds the same entries in the same order of use as a list does', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const table = new EntryTable()
      let model: { key: string; end: number }[] = []
      for (const now of steps) {
        if (now.what === 'put') {
          const old = table.get(now.name)
          if (old === undefined) table.add(now.name, now.name, now.end, now.end)
          else table.replace(old, now.name, now.end, now.end)
          model = [...model.filter(({ key }) => key !== now.name), { key: now.name, end: now.end }]
        } else if (now.what === 'evict') {
          table.removeLeastRecentlyUsed()
          model.shift()
        } else if (now.what === 'sweep') {
          table.sweep(now.now, now.slots)
          model = model.filter(({ key, end }) => end > now.now || table.get(key) !== undefined)
        } else {
          const entry = table.get(now.name)
          const held = model.find(({ key }) => key === now.name)
          if (entry === undefined || held === undefined) {
            expect([entry, held]).toEqual([undefined, undefined])
            continue
          }
          model = model.filter((other) => other !== held)
          if (now.what === 'use') {
            table.use(entry)
            model.push(held)
          } else table.remove(entry)
        }
        expect(table.size).toBe(model.length)
        expect(table.bytes).toBe(model.reduce((sum, { end }) => sum + end, 0))
        expect(Array.from({ length: table.size }, (_, slot) => table.at(slot)!.key).sort()).toEqual(model.map(({ key }) => key).sort())
      }
      for (const { key } of model) {
        expect(table.get(key)).toMatchObject({ key })
        table.removeLeastRecentlyUsed()
        expect(table.get(key)).toBeUndefined()
      }
      table.removeLeastRecentlyUsed()
      expect([table.size, table.bytes]).toEqual([0, 0])
    }),
    { seed, numRuns: 3000 },
  )
})

test('sweeps that follow one another find every expired entry', () => {
  const table = new EntryTable()
  for (let index = 0; index < 1000; index++) table.add(`key ${index}`, '', index % 3 === 0 ? Infinity : 100, 1)
  for (let round = 0; round < 250; round++) table.sweep(100, 4)
  expect(table.size).toBe(334)
  table.sweep(100, 10_000)
  expect(table.size).toBe(334)
})

test('a walk down the slots meets every entry that stays', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.boolean(), fc.nat({ max: 99 })), { maxLength: 200 }), (changes) => {
      const table = new EntryTable()
      for (let index = 0; index < 100; index++) table.add(`${index}`, '', Infinity, 1)
      const changed = new Set(changes.map(([, index]) => `${index}`))
      const seen = new Set<string>()
      let next = 0
      for (let slot = table.size; slot > 0;) {
        slot = Math.min(slot, table.size) - 1
        if (slot >= 0) seen.add(table.at(slot)!.key)
        for (const [comes, index] of changes.slice(next, (next += 3))) {
          const entry = table.get(`${index}`)
          if (entry !== undefined) table.remove(entry)
          if (comes) table.add(`${index}`, '', Infinity, 1)
        }
      }
      for (let index = 0; index < 100; index++) if (!changed.has(`${index}`)) expect(seen).toContain(`${index}`)
    }),
    { seed, numRuns: 2000 },
  )
})
