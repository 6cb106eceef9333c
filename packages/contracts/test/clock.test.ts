import { systemClock } from '@shale/contracts'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'

beforeEach(() => {
  vi.useFakeTimers({ now: 1_000_000 })
})
afterEach(() => {
  vi.useRealTimers()
})

const longest = 2 ** 31 - 1

test('it tells the time of the machine', () => {
  expect(systemClock.now()).toBe(1_000_000)
  vi.advanceTimersByTime(5)
  expect(systemClock.now()).toBe(1_000_005)
})

test.each([0, 1, 500, longest, longest + 1, 3 * longest + 17, 100 * 365.25 * 86_400_000])(
  'a timer of %d ms fires once, and not before',
  (ms) => {
    const fired = vi.fn()
    systemClock.setTimeout(fired, ms)
    if (ms > 0) vi.advanceTimersByTime(ms - 1)
    expect(fired).not.toHaveBeenCalled()
    vi.advanceTimersByTime(1)
    expect(fired).toHaveBeenCalledTimes(1)
    expect(vi.getTimerCount()).toBe(0)
  },
)

test.each([500, 3 * longest])('a timer of %d ms can be cleared, at any time', (ms) => {
  const fired = vi.fn()
  const early = systemClock.setTimeout(fired, ms)
  const late = systemClock.setTimeout(fired, ms)
  systemClock.clearTimeout(early)
  vi.advanceTimersByTime(ms - 1)
  systemClock.clearTimeout(late)
  vi.advanceTimersByTime(ms)
  expect(fired).not.toHaveBeenCalled()
  expect(vi.getTimerCount()).toBe(0)
})

test('a timer keeps the process alive only where that is asked for', () => {
  vi.useRealTimers()
  const hasRef = (handle: unknown): boolean => (handle as { current: NodeJS.Timeout }).current.hasRef()
  const idle = systemClock.setTimeout(() => {}, 60_000)
  const needed = systemClock.setTimeout(() => {}, 60_000, true)
  expect([hasRef(idle), hasRef(needed)]).toEqual([false, true])
  systemClock.clearTimeout(idle)
  systemClock.clearTimeout(needed)
})
