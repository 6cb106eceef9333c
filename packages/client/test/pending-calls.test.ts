import { expect, test } from 'vitest'
import { createManualClock } from '@shale/testing'
import { PendingCalls, type Excuse } from '../src/calls/pending-calls.ts'
import { turn } from './scripted-driver.ts'

/** Calls that never settle by themselves, each with 200 ms; which of them are late, and when. */
function setUp(excuse: Excuse) {
  const clock = createManualClock()
  const start = clock.now()
  const pending = new PendingCalls(200, clock, excuse)
  const late: [string, number][] = []
  const call = (name: string): void => {
    void pending.add(new Promise<void>(() => {}), () => void late.push([name, clock.now() - start]), undefined, undefined)
  }
  const advance = async (ms: number): Promise<void> => {
    for (let i = 0; i < ms; i += 5) {
      clock.advance(5)
      await turn()
    }
  }
  return { late, call, advance }
}

test('what the process was late by since a call was made puts its deadline off', async () => {
  const excuse = { lateness: 1000, counts: true }
  const { late, call, advance } = setUp(excuse)
  call('early')
  await advance(100)
  excuse.lateness += 90
  call('later')
  await advance(180)
  expect(late).toEqual([])
  await advance(120)
  expect(late.map(([name]) => name)).toEqual(['early', 'later'])
  const [early, later] = late.map(([, at]) => at) as [number, number]
  expect(early).toBeGreaterThanOrEqual(290)
  expect(early).toBeLessThanOrEqual(330)
  expect(later).toBeGreaterThanOrEqual(300)
  expect(later).toBeLessThanOrEqual(340)
})

test('an excuse that does not count any more is noticed within 30 ms', async () => {
  const excuse = { lateness: 0, counts: true }
  const { late, call, advance } = setUp(excuse)
  call('one')
  await advance(50)
  excuse.lateness = 10_000
  await advance(300)
  expect(late).toEqual([])
  excuse.counts = false
  await advance(30)
  expect(late.map(([name]) => name)).toEqual(['one'])
})

test('what a call is made of is given up before it, and tells in time, however their looks fall', async () => {
  const never = (): Promise<never> => new Promise(() => {})
  for (let offset = 0; offset < 50; offset++) {
    const clock = createManualClock()
    const inner = new PendingCalls(500, clock)
    const outer = new PendingCalls(500, clock)
    // Another call of either, which decides when its calls are looked at.
    void (offset % 2 === 0 ? inner : outer).add(never(), () => 0, undefined, undefined)
    clock.advance(offset)
    const part = inner.add(never(), () => 'a part', undefined, undefined)
    const whole = outer.add(
      part.then((told) => told).then((told) => told),
      () => 'nothing',
      undefined,
      undefined,
    )
    const began = clock.now()
    let at = 0
    void whole.then(() => (at = clock.now() - began))
    for (let i = 0; i < 112; i++) {
      clock.advance(5)
      await turn()
      await turn()
    }
    expect(await whole).toBe('a part')
    expect(at).toBeGreaterThanOrEqual(500)
    expect(at).toBeLessThanOrEqual(550)
  }
})

test('a later step of an older call is given up in its time, whatever came meanwhile', async () => {
  const clock = createManualClock()
  const pending = new PendingCalls(500, clock)
  const began = clock.now()
  const work = pending.add(Promise.resolve(), () => {}, undefined, undefined)
  await work
  for (let i = 0; i < 90; i++) {
    clock.advance(5)
    await turn()
    if (i === 50) void pending.add(new Promise<void>(() => {}), () => {}, undefined, undefined)
  }
  clock.advance(60)
  await turn()
  let at = 0
  const later = clock.now() - 400
  void pending.add(new Promise<void>(() => {}), () => void (at = clock.now() - later), undefined, undefined, later)
  for (let i = 0; i < 40; i++) {
    clock.advance(5)
    await turn()
    await turn()
  }
  expect(clock.now() - began).toBeLessThan(1000)
  expect(at).toBeGreaterThanOrEqual(500)
  expect(at).toBeLessThanOrEqual(550)
})
