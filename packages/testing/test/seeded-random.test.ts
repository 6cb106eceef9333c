import { createSeededRandom } from '@shale/testing'
import { expect, test } from 'vitest'

const take = (seed: number, count: number): number[] => {
  const random = createSeededRandom(seed)
  return Array.from({ length: count }, () => random())
}

test('the same seed gives the same numbers, and another one others', () => {
  expect(take(7, 100)).toEqual(take(7, 100))
  expect(take(7, 100)).not.toEqual(take(8, 100))
  expect(take(1, 2)).toEqual([0.6270739405881613, 0.002735721180215478])
})

test('the numbers are spread evenly from 0 up to, but not including, 1', () => {
  const counts = Array<number>(10).fill(0)
  for (const number of take(42, 100_000)) {
    expect(number >= 0 && number < 1).toBe(true)
    counts[Math.floor(number * 10)]!++
  }
  for (const count of counts) expect(Math.abs(count - 10_000)).toBeLessThan(500)
})
