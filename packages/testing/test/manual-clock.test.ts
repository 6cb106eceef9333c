import { createManualClock } from '@shale/testing'
import { expect, test } from 'vitest'

test('time stands still until it is turned', () => {
  const clock = createManualClock(1000)
  expect(clock.now()).toBe(1000)
  clock.advance(0)
  clock.advance(250)
  expect(clock.now()).toBe(1250)
})

test('timers fire in the order of their time, at their time, also those set meanwhile', () => {
  const clock = createManualClock(0)
  const fired: [string, number][] = []
  const note = (name: string) => (): void => void fired.push([name, clock.now()])
  clock.setTimeout(note('late'), 300)
  clock.setTimeout(note('first of two'), 100)
  clock.setTimeout(note('second of two'), 100)
  clock.setTimeout(() => {
    note('setter')()
    clock.setTimeout(note('set meanwhile'), 50)
    clock.setTimeout(note('beyond'), 500)
  }, 200)
  expect(clock.pending).toBe(4)
  clock.advance(300)
  expect(fired).toEqual([
    ['first of two', 100],
    ['second of two', 100],
    ['setter', 200],
    ['set meanwhile', 250],
    ['late', 300],
  ])
  expect(clock.pending).toBe(1)
  clock.advance(400)
  expect(fired.at(-1)).toEqual(['beyond', 700])
  expect(clock.pending).toBe(0)
})

test('a timer fires only once its time has come, and not when it was cleared', () => {
  const clock = createManualClock()
  let fired = 0
  const handle = clock.setTimeout(() => fired++, 100)
  const cleared = clock.setTimeout(() => fired++, 100)
  clock.advance(99)
  expect(fired).toBe(0)
  clock.clearTimeout(cleared)
  clock.advance(1)
  expect(fired).toBe(1)
  clock.clearTimeout(handle)
  clock.clearTimeout(undefined)
  clock.advance(1000)
  expect(fired).toBe(1)
})

test('what a timer throws comes out, and the timers after it wait for the next turn', () => {
  const clock = createManualClock(0)
  let fired = 0
  clock.setTimeout(() => {
    throw new Error('from a timer')
  }, 10)
  clock.setTimeout(() => fired++, 20)
  expect(() => clock.advance(100)).toThrow('from a timer')
  expect([clock.now(), fired]).toEqual([10, 0])
  clock.advance(10)
  expect(fired).toBe(1)
})

test.each([-1, NaN, Infinity, '5' as unknown as number])('it cannot be turned by %s', (ms) => {
  expect(() => createManualClock().advance(ms)).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }))
})
