import { parseMemoryUrl } from '@shale/memory'
import { expect, test } from 'vitest'

test.each([
  ['memory:', {}],
  ['memory:?', {}],
  ['memory:?maxBytes=1024', { maxBytes: 1024 }],
  ['memory:?maxEntries=10&maxBytes=1', { maxEntries: 10, maxBytes: 1 }],
])('%s', (url, options) => {
  expect(parseMemoryUrl(url)).toEqual(options)
})

test.each([
  'memory',
  'memory://',
  'memory://localhost',
  'memory:/x',
  'memory:x',
  'memory:#x',
  'Memory:',
  'redis://localhost',
  '',
  'memory:?maxSize=1',
  'memory:?maxbytes=1',
  'memory:?maxBytes=',
  'memory:?maxBytes=0',
  'memory:?maxBytes=-1',
  'memory:?maxBytes=1.5',
  'memory:?maxBytes=64mb',
  'memory:?maxBytes=1e3',
  'memory:?maxBytes= 1',
  'memory:?maxBytes=01',
  'memory:?maxBytes=9007199254740993',
  'memory:?maxBytes=1&maxBytes=2',
  'memory:?maxBytes=1#x',
  undefined,
  null,
  7,
  new URL('memory:'),
])('%s is refused', (url) => {
  expect(() => parseMemoryUrl(url as string)).toThrow(
    expect.objectContaining({ code: 'CONFIG_INVALID', message: expect.stringMatching(/^servers: expected 'memory:' .*; found .+\.$/) }),
  )
})
