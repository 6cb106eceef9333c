import { expect, test } from 'vitest'
import { createManualClock } from '@shale/testing'
import { PrimaryOffsets } from '../src/replicas/primary-offsets.ts'

test('a replica is up to date, so far behind, or further than is known', () => {
  const clock = createManualClock(0)
  const offsets = new PrimaryOffsets(1000)
  expect(offsets.coveredUntil(100, clock.now())).toBe(undefined)
  for (const offset of [100, 200, 200, 300]) {
    offsets.record(offset, clock.now())
    clock.advance(250)
  }
  expect(offsets.coveredUntil(300, clock.now())).toBe(1000)
  expect(offsets.coveredUntil(301, clock.now())).toBe(1000)
  // It has all of the latest sample that it has reached, which an idle primary repeats.
  expect(offsets.coveredUntil(299, clock.now())).toBe(500)
  expect(offsets.coveredUntil(150, clock.now())).toBe(0)
  expect(offsets.coveredUntil(99, clock.now())).toBe(undefined)
  clock.advance(750)
  offsets.record(400, clock.now())
  expect(offsets.coveredUntil(200, clock.now())).toBe(undefined)
  expect(offsets.coveredUntil(300, clock.now())).toBe(750)
  offsets.restart()
  expect(offsets.coveredUntil(400, clock.now())).toBe(undefined)
})
