import { expect, test } from 'vitest'
import { createSeededRandom } from '@shale/testing'
import { clusterLeaseKey, inSlotOfKey, usualLeaseKey } from '../src/server/lease-naming.ts'
import { slotOf } from '../src/cluster/slot.ts'

test('slots are those of the specification', () => {
  expect(slotOf('123456789')).toBe(0x31c3)
  expect(slotOf('')).toBe(0)
  expect(slotOf('foo')).toBe(12182)
  expect(slotOf('{foo}bar')).toBe(12182)
  expect(slotOf('a{foo}{bar}')).toBe(12182)
  expect(slotOf('foo{}{bar}')).toBe(8363)
  expect(slotOf('foo{{bar}}zap')).toBe(slotOf('{bar'))
  expect(slotOf('é')).toBe(slotOf('{é}'))
})

test('a lease is kept in the slot of its key, and no two keys share one', () => {
  const random = createSeededRandom(1)
  const keys = ['a', 'user:1', '{u}1', 'a{', 'a}', '}{', '{}', '{}a', 'a{}b', '{{a}', 'é{', '}é{}', 'a{b}c{d}', 'a}b{c']
  const letters = ['a', 'b', '{', '}', 'é', '{', '}']
  for (let i = 0; i < 3000; i++) {
    keys.push(Array.from({ length: 1 + Math.floor(random() * 8) }, () => letters[Math.floor(random() * letters.length)]).join(''))
  }
  const distinct = [...new Set(keys)]
  for (const leaseKey of [
    clusterLeaseKey,
    inSlotOfKey((stored) => `p:1~lease:${stored}`),
    inSlotOfKey((stored) => `{p:1~lease:${stored}`),
  ]) {
    for (const key of distinct) expect(slotOf(leaseKey(key)), key).toBe(slotOf(key))
    expect(new Set(distinct.map(leaseKey)).size).toBe(distinct.length)
  }
  expect(clusterLeaseKey('{u}1')).toBe(usualLeaseKey('{u}1'))
  expect(inSlotOfKey((stored) => `p:1~lease:${stored}`)('user:1')).toBe('p:1~lease:user:1{user:1}')
})
