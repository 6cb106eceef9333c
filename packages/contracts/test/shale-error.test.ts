import { errorCodes, ShaleError } from '@shale/contracts'
import { inspect } from 'node:util'
import { expect, test, vi } from 'vitest'

test('an error has a code, a message, and what led to it', () => {
  const cause = new Error('socket closed')
  const error = new ShaleError('SERVER_UNAVAILABLE', 'expected a server', { cause, partial: { done: 3 } })
  expect(error).toBeInstanceOf(Error)
  expect(error.name).toBe('ShaleError')
  expect(error).toMatchObject({ code: 'SERVER_UNAVAILABLE', message: 'expected a server', cause, partial: { done: 3 } })
  expect(error.stack).toContain('ShaleError: expected a server')
})

test('the list of codes has no doubles', () => {
  expect(new Set(errorCodes).size).toBe(errorCodes.length)
  expect(errorCodes).toContain('CONFIG_INVALID')
})

test('it is recognised across two copies of the package', async () => {
  vi.resetModules()
  const other = await import('@shale/contracts')
  expect(other.ShaleError).not.toBe(ShaleError)
  const theirs = new other.ShaleError('KEY_INVALID', 'theirs')
  expect(theirs).not.toBeInstanceOf(ShaleError)
  expect(ShaleError.is(theirs)).toBe(true)
  expect(other.ShaleError.is(new ShaleError('KEY_INVALID', 'ours'))).toBe(true)
  expect(ShaleError.from(theirs, 'SERVER_REPLY')).toBe(theirs)
})

test('nothing else is taken for one', () => {
  for (const value of [
    undefined,
    null,
    'ShaleError',
    new Error('x'),
    { name: 'ShaleError', code: 'KEY_INVALID', message: 'x' },
    ShaleError,
    () => 1,
  ]) {
    expect(ShaleError.is(value)).toBe(false)
  }
})

test('whatever was thrown becomes one, as its cause', () => {
  const thrown = new TypeError('bad')
  expect(ShaleError.from(thrown, 'SERVER_REPLY')).toMatchObject({ code: 'SERVER_REPLY', message: 'bad', cause: thrown })
  expect(ShaleError.from('text', 'SERVER_REPLY')).toMatchObject({ message: 'text', cause: 'text' })
  expect(ShaleError.from(undefined, 'SERVER_REPLY')).toMatchObject({ message: 'undefined' })
})

test('printed, it shows its code, and neither an absent partial nor its name twice', () => {
  const shown = inspect(new ShaleError('CLOSED', 'closed'))
  expect(shown).toContain('ShaleError: closed')
  expect(shown).toContain("code: 'CLOSED'")
  expect(shown).not.toMatch(/partial|name:|Symbol/)
  expect(inspect(new ShaleError('CLOSED', 'closed', { partial: { done: 1 } }))).toContain('partial: { done: 1 }')
  expect('cause' in new ShaleError('CLOSED', 'closed')).toBe(false)
})

test('as JSON it keeps its code', () => {
  expect(JSON.parse(JSON.stringify(new ShaleError('CLOSED', 'closed')))).toEqual({ code: 'CLOSED' })
  expect(JSON.parse(JSON.stringify(new ShaleError('SHARDS_FAILED', 'x', { partial: { done: 1 } })))).toEqual({
    code: 'SHARDS_FAILED',
    partial: { done: 1 },
  })
})
