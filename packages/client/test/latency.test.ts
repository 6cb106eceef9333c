import { expect, test } from 'vitest'
import { systemClock } from '@shale/contracts'
import { Latency } from '../src/server/latency.ts'

test('percentiles are told to a hundredth of a millisecond', () => {
  const latency = new Latency(systemClock)
  expect(latency.percentiles()).toBe(undefined)
  for (const ms of [0.123456, 0.1049999, 12.3456789]) latency.add(ms)
  expect(latency.percentiles()).toEqual({ p50: 0.12, p95: 0.12, p99: 0.12 })
  expect(latency.smoothed).not.toBe(0.12)
  latency.add(100 / 3)
  for (let i = 0; i < 600; i++) latency.add(200 / 3)
  expect(latency.percentiles()).toEqual({ p50: 66.67, p95: 66.67, p99: 66.67 })
})
