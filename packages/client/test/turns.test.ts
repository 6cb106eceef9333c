import { expect, test } from 'vitest'
import { Turns } from '../src/calls/turns.ts'

function log(): { lines: string[]; say: (text: string) => () => void } {
  const lines: string[] = []
  return { lines, say: (text) => () => void lines.push(text) }
}

test('what nobody holds goes at once', () => {
  const { lines, say } = log()
  const turns = new Turns<string>()
  turns.enter(['a', 'b', 'a'], say('1'))
  turns.enter([], say('2'))
  turns.enterAll(say('3'))
  expect(lines).toEqual(['1', '2', '3'])
  expect(turns.idle).toBe(true)
})

test('what is held waits, in the order made, and nothing comes between those who wait', () => {
  const { lines, say } = log()
  const turns = new Turns<string>()
  turns.hold('a')
  turns.hold('a')
  turns.enter(['a'], () => {
    say('1')()
    turns.enter(['a'], say('made while the first goes'))
  })
  turns.enter(['a'], say('2'))
  turns.enter(['b'], say('of another key'))
  turns.leave('a')
  expect(lines).toEqual(['of another key'])
  expect([turns.waits('a'), turns.waits('b'), turns.idle]).toEqual([true, false, false])
  turns.leave('a')
  expect(lines).toEqual(['of another key', '1', '2', 'made while the first goes'])
  expect(turns.idle).toBe(true)
})

test('it is known whether one alone holds a key', () => {
  const turns = new Turns<string>()
  expect(turns.isHeldByOne('a')).toBe(false)
  turns.hold('a')
  expect(turns.isHeldByOne('a')).toBe(true)
  turns.hold('a')
  expect(turns.isHeldByOne('a')).toBe(false)
  turns.leave('a')
  turns.enter(['a'], () => {})
  expect(turns.isHeldByOne('a')).toBe(false)
  turns.leave('a')
  expect(turns.idle).toBe(true)
})

test('work alone with everything keeps all else waiting', async () => {
  const { lines, say } = log()
  const turns = new Turns<string>()
  turns.hold('a')
  const work = turns.aloneWithAll(async () => {
    say('begun')()
    await Promise.resolve()
    say('done')()
  })
  turns.enter(['b'], say('after'))
  turns.leave('a')
  expect(lines).toEqual(['begun'])
  expect(turns.waits('c')).toBe(true)
  await work
  expect(lines).toEqual(['begun', 'done', 'after'])
  await expect(turns.aloneWithAll(() => Promise.reject(new Error('broken')))).rejects.toThrow('broken')
  expect(turns.idle).toBe(true)
})

test('one that waits may hold its key in turn', () => {
  const { lines, say } = log()
  const turns = new Turns<string>()
  turns.hold('a')
  turns.enter(['a'], () => turns.hold('a'))
  turns.enter(['a'], say('last'))
  turns.leave('a')
  expect(lines).toEqual([])
  turns.leave('a')
  expect(lines).toEqual(['last'])
})

test('a call on several keys waits for all, and those after it for it', () => {
  const { lines, say } = log()
  const turns = new Turns<string>()
  turns.hold('a')
  turns.hold('b')
  turns.enter(['a', 'b', 'c'], say('all'))
  turns.enter(['c'], say('c'))
  turns.enter(['b', 'a'], say('both'))
  turns.leave('b')
  expect(lines).toEqual([])
  turns.leave('a')
  expect(lines).toEqual(['all', 'both', 'c'])
  expect(turns.idle).toBe(true)
})

test('a call on everything waits for what is held, and whatever comes waits behind it', () => {
  const { lines, say } = log()
  const turns = new Turns<string>()
  turns.hold('a')
  turns.enter(['a'], say('before'))
  turns.enterAll(say('all'))
  turns.enter(['b'], say('after'))
  turns.enterAll(say('all again'))
  turns.enter(['a', 'b'], say('last'))
  expect([turns.waits('never seen'), turns.idle]).toEqual([true, false])
  turns.leave('a')
  expect(lines).toEqual(['before', 'all', 'after', 'all again', 'last'])
  expect(turns.idle).toBe(true)
})

test('work alone on its keys keeps them until it has settled, however it does', async () => {
  const { lines, say } = log()
  const turns = new Turns<string>()
  const work = turns.alone(['a', 'b'], async () => {
    await Promise.resolve()
    say('worked')()
    return 7
  })
  turns.enter(['b'], say('after'))
  expect(await work).toBe(7)
  expect(lines).toEqual(['worked', 'after'])
  await expect(turns.alone(['a'], () => Promise.reject(new Error('broken')))).rejects.toThrow('broken')
  expect(turns.idle).toBe(true)
})
