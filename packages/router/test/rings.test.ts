import { hash } from 'node:crypto'
import { djangoRing, ketama } from '@shale/router'
import { describe, expect, test } from 'vitest'

const keys = Array.from({ length: 100_000 }, (_, i) => `key:${i}`)

describe('ketama', () => {
  test('of two nodes with one point the lowest name has it, in any order', () => {
    // Both have a point at 1410088479.
    const [low, high] = [{ name: 'node-546' }, { name: 'node-699' }]
    const rings = [ketama()([low, high]), ketama()([high, low])]
    const position = (key: string): number => Buffer.from(hash('md5', key), 'hex').readUInt32LE(0)
    const near = keys.filter((key) => position(key) <= 1410088479 && position(key) > 1410088479 - 1_000_000)
    expect(near.length).toBeGreaterThan(0)
    for (const ring of rings) for (const key of near) expect(ring.rank(key, 2)).toEqual([low.name, high.name])
    for (const key of keys.slice(0, 2000)) expect(rings[0]!.route(key)).toBe(rings[1]!.route(key))
  })

  test('a key beyond the last point belongs to the first', () => {
    const nodes = [{ name: 'a' }, { name: 'b' }]
    const points = nodes.flatMap(({ name }) =>
      Array.from({ length: 40 }, (_, i) => Buffer.from(hash('md5', `${name}-${i}`), 'hex')).flatMap((digest) =>
        [0, 4, 8, 12].map((at) => ({ position: digest.readUInt32LE(at), name })),
      ),
    )
    points.sort((a, b) => a.position - b.position)
    const beyond = keys.filter((key) => Buffer.from(hash('md5', key), 'hex').readUInt32LE(0) > points.at(-1)!.position)
    expect(beyond.length).toBeGreaterThan(0)
    const ring = ketama()(nodes)
    for (const key of beyond) expect(ring.route(key)).toBe(points[0]!.name)
  })

  test('a weight too small for a point is refused, rather than never used', () => {
    expect(
      ketama()([
        { name: 'a', weight: 1 },
        { name: 'b', weight: 70 },
      ]).nodes,
    ).toHaveLength(2)
    expect(() =>
      ketama()([
        { name: 'a', weight: 1 },
        { name: 'b', weight: 100 },
      ]),
    ).toThrow(
      expect.objectContaining({
        code: 'CONFIG_INVALID',
        message: expect.stringMatching(/at least one point .*found the number 1 for the string "a".*rendezvous\(\)/),
      }),
    )
  })

  test('fractions that differ in the order of the nodes only give one ring', () => {
    const nodes = [0.1, 0.2, 0.3, 0.7, 0.05, 1.1].map((weight, i) => ({ name: `n${i}`, weight }))
    const rings = [nodes, nodes.toReversed(), nodes.toSorted((a, b) => a.weight - b.weight)].map(ketama())
    for (const key of keys.slice(0, 2000)) expect(new Set(rings.map((ring) => ring.route(key))).size).toBe(1)
  })
})

describe('djangoRing', () => {
  test('of two nodes with one point the one given last has it, as in Django', () => {
    // Both have a point at 2907276172.
    const [one, two] = [{ name: 'node-4422' }, { name: 'node-4982' }]
    const forth = djangoRing()([one, two])
    const back = djangoRing()([two, one])
    const differing = keys.filter((key) => forth.route(key) !== back.route(key))
    expect(differing.length).toBeGreaterThan(0)
    for (const key of differing) expect([forth.route(key), back.route(key)]).toEqual([two.name, one.name])
    for (const key of differing) expect(forth.rank(key, 2)).toEqual([two.name, one.name])
  })

  test('a tag is not read, as in Django', () => {
    const ring = djangoRing()(Array.from({ length: 8 }, (_, i) => ({ name: `n${i}` })))
    expect(new Set(Array.from({ length: 100 }, (_, i) => ring.route(`{tag}${i}`))).size).toBeGreaterThan(1)
  })

  test('a node of weight 3 has 48 points', () => {
    const light = djangoRing()([{ name: 'a' }, { name: 'b' }])
    const heavy = djangoRing()([{ name: 'a' }, { name: 'b', weight: 3 }])
    const share = (ring: ReturnType<ReturnType<typeof djangoRing>>): number => keys.filter((key) => ring.route(key) === 'b').length
    expect(share(heavy)).toBeGreaterThan(share(light))
    for (const key of keys.slice(0, 5000)) if (light.route(key) === 'b') expect(heavy.route(key)).toBe('b')
  })

  test('a removed node leaves its keys to the next in rank', () => {
    const nodes = Array.from({ length: 6 }, (_, i) => ({ name: `n${i}` }))
    const all = djangoRing()(nodes)
    const rest = djangoRing()(nodes.slice(0, 5))
    for (const key of keys.slice(0, 5000)) expect(rest.rank(key, 5)).toEqual(all.rank(key, 6).filter((name) => name !== 'n5'))
  })

  test.each([1.5, 0.5, 1001])('the weight %d is refused', (weight) => {
    expect(() => djangoRing()([{ name: 'a', weight }])).toThrow(
      expect.objectContaining({
        code: 'CONFIG_INVALID',
        message: expect.stringMatching(/^nodes\[0\]\.weight: expected an integer up to 1000/),
      }),
    )
  })
})
