import { maxDurationMs, parseDuration, parsePositiveDuration } from '@shale/contracts'
import { expect, test } from 'vitest'

test.each([
  [0, 0],
  [1500, 1500],
  [-1, -1],
  [0.2, 1],
  [-0.2, -1],
  ['250ms', 250],
  ['30s', 30_000],
  ['5m', 300_000],
  ['2h', 7_200_000],
  ['7d', 604_800_000],
  ['1.5s', 1500],
  ['0.1ms', 1],
  ['-5s', -5000],
  ['0s', 0],
  [maxDurationMs, maxDurationMs],
  ['36525d', maxDurationMs],
])('%j is %j ms', (duration, ms) => {
  expect(parseDuration(duration, 'ttl')).toBe(ms)
})

test.each([
  NaN,
  Infinity,
  -Infinity,
  maxDurationMs + 1,
  '36526d',
  '',
  '5',
  's',
  '5 s',
  ' 5s',
  '5S',
  '5min',
  '1e3s',
  '+5s',
  '.5s',
  '5.s',
  '٥s',
  '5s\n',
  null,
  undefined,
  true,
  5n,
  {},
  [5],
  ['5s'],
  new Date(5),
  () => 5,
  Symbol('5s'),
])('%s is no duration', (duration) => {
  expect(() => parseDuration(duration, 'staleFor')).toThrow(
    expect.objectContaining({ code: 'CONFIG_INVALID', message: expect.stringMatching(/^staleFor: expected a duration .*; found .+\.$/s) }),
  )
})

test('a positive duration is above zero', () => {
  expect(parsePositiveDuration('1ms', 'timeout')).toBe(1)
  for (const duration of [0, -1, '0s', '-5m', NaN]) {
    expect(() => parsePositiveDuration(duration, 'timeout')).toThrow(
      expect.objectContaining({ code: 'CONFIG_INVALID', message: expect.stringMatching(/^timeout: /) }),
    )
  }
})
