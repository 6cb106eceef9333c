import { describe } from '@shale/contracts'
import { expect, test } from 'vitest'

class Point {}

test.each([
  ['text', 'the string "text"'],
  ['', 'the string ""'],
  ['a"b\n', 'the string "a\\"b\\n"'],
  [`${'x'.repeat(60)}secret`, `the string "${'x'.repeat(60)}"… (66 characters)`],
  [7, 'the number 7'],
  [-0, 'the number -0'],
  [NaN, 'the number NaN'],
  [7n, 'the bigint 7n'],
  [true, 'true'],
  [undefined, 'undefined'],
  [null, 'null'],
  [Symbol('s'), 'a symbol'],
  [() => 1, 'a function'],
  [[1, 2], 'an array of 2'],
  [{ password: 'secret' }, 'an object'],
  [Object.create(null), 'an object'],
  [{ constructor: 7 }, 'an object'],
  [new Point(), 'an object of class Point'],
  [new Map(), 'an object of class Map'],
])('%o is described safely', (value, text) => {
  expect(describe(value)).toBe(text)
})
