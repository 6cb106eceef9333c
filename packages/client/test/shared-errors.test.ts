import { expect, test } from 'vitest'
import { ShaleError, type Answer, type Store } from '@shale/contracts'
import { createManualClock } from '@shale/testing'
import { withDeadline } from '@shale/client'
import { turn } from './scripted-driver.ts'
import { scriptedStore } from './scripted-server.ts'

// Where a hundred thousand calls fail at once an error for each of them, with its stack, would hold the process up for longer than
// all else that it does.

const many = 1000

const reads = (store: Store): Promise<Answer<unknown>[]> =>
  Promise.all(Array.from({ length: many }, (_, i) => store.get([`key:${i}`]).then(([answer]) => answer as Answer<unknown>)))

/** The different errors that calls gave, of which each gave one. */
async function errorsOf(answers: Promise<Answer<unknown>[]>): Promise<ShaleError[]> {
  const all = await answers
  expect(all).toHaveLength(many)
  expect(all.every((answer) => ShaleError.is(answer))).toBe(true)
  return [...new Set(all)] as ShaleError[]
}

test('what a connection takes along when it ends has one error, of each ending its own', async () => {
  const { clock, driver, store } = scriptedStore()
  void store.connect()
  const first = await driver.attempts[0]!.accept()
  const before = errorsOf(reads(store))
  await first.end(new Error('cut'))
  const [one, ...others] = await before
  expect(others).toEqual([])
  expect(one).toMatchObject({ code: 'SERVER_UNAVAILABLE', cause: { message: 'cut' } })
  expect(one!.message).toMatch(/h:1\/0: the connection ended before the reply came; whether the command was run is not known \(cut\)/)

  clock.advance(1000)
  await turn()
  const second = await driver.attempts.at(-1)!.accept()
  const after = errorsOf(reads(store))
  await second.end(new Error('cut'))
  const [another, ...more] = await after
  expect(more).toEqual([])
  expect(another).not.toBe(one)
})

test('commands that ended for different reasons say so', async () => {
  const { driver, store } = scriptedStore()
  void store.connect()
  const connection = await driver.attempts[0]!.accept()
  const reading = reads(store)
  await connection.reply(new TypeError('unreadable'))
  await connection.end(new Error('cut'))
  const answers = await reading
  expect(answers.slice(0, 3).map((answer) => (answer as { cause: Error }).cause.message)).toEqual(['unreadable', 'cut', 'cut'])
  expect(new Set(answers).size).toBe(2)
})

test('what waits for a connection for too long has one error, which says that it was not sent', async () => {
  const { clock, store } = scriptedStore()
  const waiting = errorsOf(reads(store))
  clock.advance(600)
  const errors = await waiting
  expect(errors.map(({ code }) => code)).toEqual(['SERVER_TIMEOUT'])
  expect(errors[0]!.message).toMatch(/not sent/)
})

test('a closed server has one error', async () => {
  const { driver, store } = scriptedStore()
  void store.connect()
  await driver.attempts[0]!.accept()
  await store.close()
  expect((await errorsOf(reads(store))).map(({ code }) => code)).toEqual(['CLOSED'])
})

test('calls that are late at once have one error for each server, those that are late another time another one', async () => {
  const clock = createManualClock()
  const stuck = {
    get: () => new Promise(() => {}),
    locate: (key: string) => ({ shard: 'shard', server: `server ${key.length % 2}` }),
  } as unknown as Store
  const store = withDeadline(stuck, { timeout: 500, clock })
  const late = async (): Promise<ShaleError[]> => {
    const errors = errorsOf(reads(store))
    clock.advance(500)
    await turn()
    return errors
  }
  const first = await late()
  expect(first.map(({ message }) => message.slice(0, 'server 0'.length)).sort()).toEqual(['server 0', 'server 1'])
  const second = await late()
  expect(second).toHaveLength(2)
  expect(second.some((error) => first.includes(error))).toBe(false)
})
