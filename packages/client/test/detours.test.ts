import { expect, test } from 'vitest'
import { ShaleError, systemClock } from '@shale/contracts'
import { Turns } from '../src/calls/turns.ts'
import { Detours } from '../src/cluster/detours.ts'
import { BatchCall } from '../src/cluster/cluster-call.ts'

test('very many items of one slot that stray at once are all sent again', () => {
  const count = 200_000
  const get = { name: 'get', writes: false, keyOf: (key: string) => key, call: () => Promise.resolve([]) } as const
  const call = new BatchCall<string, undefined>(
    get,
    Array.from({ length: count }, (_, i) => `{slot}:${i}`),
    1,
    systemClock.now(),
  )
  const error = new ShaleError('SERVER_REPLY', 'MOVED 1 127.0.0.1:7000')
  const turns = new Turns<number>()
  const again: number[] = []
  const detours = new Detours({
    ...{ turns, timeout: 1000, clock: systemClock },
    look: () => Promise.resolve(),
    sendAgain: ({ place }) => again.push(place),
    givenUp: () => {},
  })
  for (const place of call.places) {
    detours.stray(1, { call, place, redirect: { kind: 'moved', address: '127.0.0.1:7000' }, error, pauses: false, tries: 1 })
  }
  detours.settle([1])
  expect(again).toEqual([...call.places])
  expect(turns.idle).toBe(true)
})
