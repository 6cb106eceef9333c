import type { RouterNode } from '@shale/contracts'
import { checkCount, checkNodes, djangoRing, jump, ketama, rendezvous } from '@shale/router'
import { expect, test } from 'vitest'

const configInvalid = (message: RegExp): unknown =>
  expect.objectContaining({ code: 'CONFIG_INVALID', message: expect.stringMatching(message) })

test.each([
  [undefined, /^nodes: expected an array .*; found undefined/],
  ['a', /found the string "a"/],
  [new Set(['a']), /found an object of class Set/],
  [[], /^nodes: expected at least one .*; found an empty array\. Name the shards/],
  [[null], /^nodes\[0\]: expected \{ name, weight\? \}; found null/],
  [[{ name: 'a' }, 'b'], /^nodes\[1\]: .*found the string "b"/],
  [[['a']], /^nodes\[0\]: .*found an array of 1/],
  [Array(2), /^nodes\[0\]: .*found undefined/],
  [[{}], /^nodes\[0\]\.name: expected a non-empty, well-formed string; found undefined/],
  [[{ name: '' }], /found the string ""/],
  [[{ name: 'a\ud83e' }], /^nodes\[0\]\.name: .*well-formed/],
  [[{ name: 7 }], /found the number 7/],
  [[{ name: 'a', wieght: 2 }], /^nodes\[0\]: .*unknown property the string "wieght"/],
  [[{ name: 'a' }, { name: 'b' }, { name: 'a' }], /name of its own for each; found the string "a" at 0 and at 2\. Rename/],
  [[{ name: 'a', weight: 0 }], /^nodes\[0\]\.weight: expected a number from 0\.000001 to 1000000; found the number 0\. .*leave out a node/],
  [[{ name: 'a', weight: -1 }], /found the number -1/],
  [[{ name: 'a', weight: NaN }], /found the number NaN/],
  [[{ name: 'a', weight: Infinity }], /found the number Infinity/],
  [[{ name: 'a', weight: 1e6 + 1 }], /found the number 1000001/],
  [[{ name: 'a', weight: 1e-7 }], /found the number 1e-7/],
  [[{ name: 'a', weight: '2' }], /found the string "2"/],
  [[{ name: 'a', weight: null }], /found null/],
])('nodes %j are refused by every router', (nodes, message) => {
  for (const make of [checkNodes, rendezvous(), ketama(), jump(), djangoRing()])
    expect(() => make(nodes as readonly RouterNode[])).toThrow(configInvalid(message))
})

test('what is checked is a copy that stays as it is, with its weights', () => {
  const given = [{ name: 'a' }, { name: 'b', weight: undefined }, { name: 'c', weight: 1e6 }, { name: 'd', weight: 1e-6 }]
  const nodes = checkNodes(given)
  expect(nodes).toEqual([
    { name: 'a', weight: 1 },
    { name: 'b', weight: 1 },
    { name: 'c', weight: 1e6 },
    { name: 'd', weight: 1e-6 },
  ])
  expect(nodes).not.toBe(given)
  expect([nodes, ...nodes].every(Object.isFrozen)).toBe(true)
})

test('the extremes of weights route', () => {
  const router = rendezvous()([
    { name: 'light', weight: 1e-6 },
    { name: 'heavy', weight: 1e6 },
  ])
  const routes = Array.from({ length: 10_000 }, (_, i) => router.route(`key:${i}`))
  expect(routes.filter((name) => name === 'heavy').length).toBeGreaterThan(9_990)
})

test.each([-1, 0.5, NaN, Infinity, '1', null, undefined])('the count %s is refused', (count) => {
  const message = /^count: expected a whole number from 0; found /
  expect(() => checkCount(count as number)).toThrow(configInvalid(message))
  for (const make of [rendezvous(), ketama(), jump(), djangoRing()])
    expect(() => make([{ name: 'a' }]).rank('key', count as number)).toThrow(configInvalid(message))
})

test.each<unknown>([undefined, null, 7, Buffer.from('key'), ['key']])('the key %j is KEY_INVALID', (key) => {
  const refused = expect.objectContaining({
    code: 'KEY_INVALID',
    message: expect.stringMatching(/^key: expected a stored key, a string; found /),
  })
  for (const make of [rendezvous(), ketama(), jump(), djangoRing()]) {
    const router = make([{ name: 'a' }, { name: 'b' }])
    for (const call of [() => router.route(key as string), () => router.rank(key as string, 1)]) expect(call).toThrow(refused)
  }
})
