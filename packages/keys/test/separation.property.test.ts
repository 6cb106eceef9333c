import { compileGlob } from '@shale/contracts'
import { createKeyspace, type Keyspace } from '@shale/keys'
import fc from 'fast-check'
import { expect, test } from 'vitest'

const seed = Date.now() % 2 ** 31
console.log(`separation of keyspaces: seed ${seed}`)

const options = { seed, numRuns: 20_000 }
const unit = fc.constantFrom('a', 'b', '1', '2', '0', '-', '~', ':', ':', 'l', 'lock', '{', '}', '*', '[', ']', '?', '\\', 'é', '🧂')
const text = fc.string({ unit, maxLength: 8 })
const key = fc.string({ unit, minLength: 1, maxLength: 10 })
const version = fc.oneof(fc.constantFrom(1, 2, 0, -1, 12), fc.maxSafeInteger())

/** The keyspace of a prefix, if there can be one. */
function keyspaceOf(make: () => Keyspace): Keyspace | undefined {
  try {
    return make()
  } catch {
    return undefined
  }
}

test('what is formatted is parsed back, and never as bookkeeping', () => {
  fc.assert(
    fc.property(text, key, version, (prefix, name, number) => {
      const keyspace = keyspaceOf(() => createKeyspace({ prefix }))
      fc.pre(keyspace !== undefined)
      const stored = keyspace.format(name, number)
      expect(keyspace.parse(stored)).toEqual({ key: name, version: number })
      expect(keyspace.parseBookkeeping(stored)).toBeUndefined()
      const own = keyspace.bookkeeping('lock', name, number)
      expect(keyspace.parse(own)).toBeUndefined()
      expect(keyspace.parseBookkeeping(own)).toEqual({ kind: 'lock', key: name, version: number })
    }),
    options,
  )
})

test('no stored key is of two keyspaces, be they parent and namespace or strangers', () => {
  let checked = 0
  fc.assert(
    fc.property(text, text, fc.array(text, { maxLength: 2 }), key, version, (prefix, other, names, name, number) => {
      const spaces: Keyspace[] = []
      const one = keyspaceOf(() => createKeyspace({ prefix }))
      const two = keyspaceOf(() => createKeyspace({ prefix: other }))
      for (const space of [one, two]) if (space !== undefined) spaces.push(space)
      let parent = one
      for (const child of names) {
        const from = parent
        parent = from && keyspaceOf(() => from.namespace(child))
        if (parent !== undefined) spaces.push(parent)
      }
      const distinct = [...new Map(spaces.map((space) => [space.prefix, space])).values()]
      for (const owner of distinct) {
        for (const stored of [owner.format(name, number), owner.bookkeeping('lock', name, number)]) {
          const readers = distinct.filter((space) => (space.parse(stored) ?? space.parseBookkeeping(stored)) !== undefined)
          expect(readers).toEqual([owner])
        }
      }
      checked += distinct.length > 1 ? 1 : 0
    }),
    options,
  )
  expect(checked).toBeGreaterThan(1000)
})

test('no text at all is of two keyspaces', () => {
  fc.assert(
    fc.property(text, text, fc.string({ unit, maxLength: 20 }), (prefix, other, stored) => {
      const one = keyspaceOf(() => createKeyspace({ prefix }))
      const two = keyspaceOf(() => createKeyspace({ prefix: other }))
      fc.pre(one !== undefined && two !== undefined && prefix !== other)
      const reads = (space: Keyspace): boolean => (space.parse(stored) ?? space.parseBookkeeping(stored)) !== undefined
      expect(reads(one) && reads(two)).toBe(false)
    }),
    options,
  )
})

test('a pattern finds at least what its matcher takes', () => {
  fc.assert(
    fc.property(text, text, key, version, version, (prefix, glob, name, number, wanted) => {
      const keyspace = keyspaceOf(() => createKeyspace({ prefix, version: wanted }))
      fc.pre(keyspace !== undefined)
      const stored = keyspace.format(name, number)
      for (const which of [undefined, number, 'any'] as const) {
        const found = compileGlob(keyspace.pattern(glob, which))(stored)
        const taken = keyspace.matcher(glob, which)(stored)
        expect(taken).toBe((which === 'any' || number === (which ?? wanted)) && compileGlob(glob)(name) ? name : undefined)
        if (taken !== undefined) expect(found).toBe(true)
      }
      for (const which of [number, 'any'] as const)
        expect(compileGlob(keyspace.pattern('*', which))(keyspace.bookkeeping('lock', name, number))).toBe(true)
    }),
    options,
  )
})
