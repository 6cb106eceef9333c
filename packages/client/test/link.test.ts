import { describe, expect, test } from 'vitest'
import { ShaleError, type StoreObserver } from '@shale/contracts'
import type { ServerStoreOptions } from '../src/server/server-store.ts'
import { ErrorReply, outcome, turn } from './scripted-driver.ts'
import { scriptedStore } from './scripted-server.ts'

function setUp(given: Pick<Partial<ServerStoreOptions>, 'connections' | 'breaker'> = {}) {
  const { store, ...played } = scriptedStore(given)
  const heard: string[] = []
  store.observe({
    connected: (server) => heard.push(`connected ${server}`),
    disconnected: (server, { code }) => heard.push(`disconnected ${server} ${code}`),
  } satisfies StoreObserver)
  return { ...played, store, heard }
}

const codes = async (answers: Promise<unknown[]>): Promise<unknown[]> =>
  (await answers).map((answer) => (ShaleError.is(answer) ? answer.code : answer))

describe('connecting', () => {
  test('begins with the first call, which waits for it', async () => {
    const { driver, store, heard } = setUp()
    expect(driver.attempts).toHaveLength(0)
    const answer = store.has(['a'])
    expect(driver.attempts).toHaveLength(1)
    expect(await outcome(answer)).toBe('pending')
    const connection = await driver.last.accept()
    expect(connection.lines).toEqual(['EXISTS a'])
    await connection.reply(1)
    expect(await answer).toEqual([true])
    expect(heard).toEqual(['connected h:1/0'])
  })

  test('is one attempt, whoever asks', async () => {
    const { driver, store } = setUp()
    const waiting = [store.connect(), store.connect(), store.has(['a']), store.has(['b'])]
    expect(driver.attempts).toHaveLength(1)
    const connection = await driver.last.accept()
    await connection.replyAll(0)
    await Promise.all(waiting)
    await store.connect()
    expect(driver.attempts).toHaveLength(1)
  })

  test('is given up after connectTimeout, even if the driver ignores the signal', async () => {
    const { clock, driver, store } = setUp()
    const connecting = store.connect()
    const attempt = driver.last
    clock.advance(1999)
    expect(await outcome(connecting)).toBe('pending')
    clock.advance(1)
    await expect(connecting).rejects.toMatchObject({
      code: 'SERVER_UNAVAILABLE',
      message: expect.stringMatching(/h:1\/0.*2000 ms/) as string,
    })
    expect(attempt.signal.aborted).toBe(true)
    const late = await attempt.accept()
    expect(late.state).toBe('destroyed')
    expect(late.sent).toEqual([])
  })

  test('that fails fails what waits for it, with the cause', async () => {
    const { driver, store } = setUp()
    const answers = store.has(['a', 'b'])
    await driver.last.refuse()
    expect(await codes(answers)).toEqual(['SERVER_UNAVAILABLE', 'SERVER_UNAVAILABLE'])
    expect(((await answers)[0] as Error).message).toMatch(/ECONNREFUSED/)
  })
})

describe('between two attempts', () => {
  test('calls fail at once, with the last cause, and make no attempt', async () => {
    const { driver, store } = setUp()
    void store.has(['a'])
    await driver.last.refuse()
    for (let i = 0; i < 10; i++) expect(await codes(store.has(['a']))).toEqual(['SERVER_UNAVAILABLE'])
    await expect(store.connect()).rejects.toMatchObject({ code: 'SERVER_UNAVAILABLE' })
    expect(driver.attempts).toHaveLength(1)
  })

  test.each([
    [0, 625],
    [0.4, 675],
    [0.9999, 750],
  ])('there is a time drawn from 625 to 750 ms: %d', async (draw, ms) => {
    const { clock, driver, store, chance } = setUp()
    chance.next = draw
    void store.has(['a'])
    for (let i = 1; i <= 5; i++) {
      await driver.last.refuse()
      void store.has(['a'])
      clock.advance(ms - 1)
      expect(driver.attempts).toHaveLength(i)
      clock.advance(1)
      expect(driver.attempts).toHaveLength(i + 1)
    }
  })

  test('without calls nothing is tried after a while; the next call tries at once, and waits', async () => {
    const { clock, driver, store } = setUp()
    void store.has(['a'])
    await driver.last.refuse()
    for (let i = 0; i < 60; i++) {
      clock.advance(1000)
      if (driver.attempts.at(-1)?.signal.aborted === false) await driver.last.refuse()
    }
    const tried = driver.attempts.length
    expect(tried).toBeLessThan(10)
    expect(clock.pending).toBe(0)
    const answer = store.has(['a'])
    expect(driver.attempts).toHaveLength(tried + 1)
    await (await driver.last.accept()).reply(1)
    expect(await answer).toEqual([true])
  })

  test.each([
    ['WRONGPASS invalid', 'SERVER_AUTH'],
    ['ERR DB index is out of range', 'CONFIG_INVALID'],
  ])('a refusal (%s) keeps its code and is tried again once a second at most', async (reply, code) => {
    const { clock, driver, store, chance } = setUp()
    chance.next = 0
    const first = store.has(['a'])
    await driver.last.refuse(new ErrorReply(reply))
    expect(await codes(first)).toEqual([code])
    for (let i = 0; i < 100; i++) {
      expect(await codes(store.has(['a']))).toEqual([code])
      clock.advance(10)
    }
    expect(driver.attempts).toHaveLength(2)
  })
})

describe('a lost connection', () => {
  test('fails what was in flight, once, and is made anew in the background', async () => {
    const { clock, driver, store, heard } = setUp()
    const answers = store.has(['a', 'b'])
    const connection = await driver.last.accept()
    await connection.reply(1)
    await connection.end()
    expect(await codes(answers)).toEqual([true, 'SERVER_UNAVAILABLE'])
    expect(((await answers)[1] as Error).message).toMatch(/not known/)
    expect(await codes(store.has(['c']))).toEqual(['SERVER_UNAVAILABLE'])
    clock.advance(343)
    expect(driver.attempts).toHaveLength(1)
    clock.advance(1)
    expect(driver.attempts).toHaveLength(2)
    const again = await driver.last.accept()
    expect(again.sent).toEqual([])
    expect(heard).toEqual(['connected h:1/0', 'disconnected h:1/0 SERVER_UNAVAILABLE', 'connected h:1/0'])
  })

  test.each([
    [0.2, 130],
    [0.4, 270],
    [0.9999, 750],
  ])('comes back after a time drawn from 0 to 750 ms: %d', async (draw, ms) => {
    const { clock, driver, store, chance } = setUp()
    chance.next = draw
    void store.connect()
    await (await driver.last.accept()).end()
    clock.advance(ms - 1)
    expect(driver.attempts).toHaveLength(1)
    clock.advance(1)
    expect(driver.attempts).toHaveLength(2)
  })

  test('whose end is told while it is handed over is not used', async () => {
    const { driver, store } = setUp()
    const answers = store.has(['a'])
    const accepted = driver.last.accept()
    void driver.connections[0]!.end()
    await accepted
    expect(await codes(answers)).toEqual(['SERVER_UNAVAILABLE'])
  })
})

test('a driver that refuses at once, before it tells of the end, leaves the event loop its turns', async () => {
  const { driver, store } = setUp()
  void store.connect()
  const connection = await driver.last.accept()
  connection.send = () => Promise.reject(new Error('not writable'))
  let ended = false
  setTimeout(() => (ended = true), 5)
  for (let i = 0; !ended; i++) {
    expect(await codes(store.has(['a']))).toEqual(['SERVER_UNAVAILABLE'])
    if (i === 1_000_000) throw new Error('the timer never had its turn')
  }
})

describe('what waits for a connection', () => {
  test('is sent in order before anything newer', async () => {
    const { driver, store } = setUp()
    for (const key of ['a', 'b', 'c']) void store.has([key])
    const accepted = driver.last.accept()
    void store.has(['d'])
    const connection = await accepted
    void store.has(['e'])
    expect(connection.lines).toEqual(['EXISTS a', 'EXISTS b', 'EXISTS c', 'EXISTS d', 'EXISTS e'])
  })

  test('is not sent once its deadline has passed', async () => {
    const { clock, driver, store } = setUp()
    const old = store.set([{ key: 'a', value: Buffer.from('old'), ttl: null }])
    clock.advance(300)
    const young = store.set([{ key: 'b', value: Buffer.from('young'), ttl: null }])
    clock.advance(200)
    const connection = await driver.last.accept()
    expect(connection.lines).toEqual(['SET b young'])
    expect(await codes(old)).toEqual(['SERVER_TIMEOUT'])
    await connection.reply('OK')
    expect(await young).toEqual([true])
  })

  test('is bounded in number, and what has timed out makes room', async () => {
    const { clock, driver, store } = setUp({ breaker: false })
    const keys = Array.from({ length: 40_000 }, (_, i) => `k${i}`)
    const answers = store.has(keys)
    expect(await codes(store.has(['one more']))).toEqual(['SERVER_UNAVAILABLE'])
    clock.advance(500)
    const young = store.has(['young'])
    expect(await outcome(young)).toBe('pending')
    const connection = await driver.last.accept()
    expect(connection.lines).toEqual(['EXISTS young'])
    await connection.reply(0)
    const found = await codes(answers)
    expect(found.filter((code) => code === 'SERVER_UNAVAILABLE').length).toBe(40_000 - 32_768)
    expect(found.filter((code) => code === 'SERVER_TIMEOUT').length).toBe(32_768)
    expect(await young).toEqual([false])
  })

  test('is bounded in bytes', async () => {
    const { store } = setUp()
    const value = new Uint8Array(16 * 1024 * 1024)
    expect(
      await outcome(
        store.set([
          { key: 'a', value, ttl: null },
          { key: 'b', value, ttl: null },
        ]),
      ),
    ).toBe('pending')
    expect(await codes(store.set([{ key: 'c', value: new Uint8Array(1), ttl: null }]))).toEqual(['SERVER_UNAVAILABLE'])
  })
})

describe('what is in flight', () => {
  test('is bounded on a connection whose replies are overdue, and not on one that answers', async () => {
    const { clock, driver, store } = setUp({ breaker: false })
    const keys = Array.from({ length: 8192 }, (_, i) => `k${i}`)
    void store.connect()
    const connection = await driver.last.accept()
    void store.has(keys)
    // A burst, however large, is no sign of anything.
    void store.has(keys)
    clock.advance(499)
    void store.has(['a'])
    clock.advance(50)
    expect(await codes(store.has(['b']))).toEqual(['SERVER_UNAVAILABLE'])
    expect(connection.sent).toHaveLength(2 * 8192 + 1)
    // The oldest is still overdue.
    await connection.reply(0)
    clock.advance(25)
    expect(await codes(store.has(['c']))).toEqual(['SERVER_UNAVAILABLE'])
    await connection.replyAll(0)
    clock.advance(25)
    expect(await outcome(store.has(['d']))).toBe('pending')
    await connection.reply(0)
    expect(connection.unanswered).toBe(0)
  })
})

describe('close', () => {
  test('refuses what comes, waits for what is under way, and ends the connection', async () => {
    const { clock, driver, store } = setUp()
    const answer = store.has(['a'])
    const connection = await driver.last.accept()
    const closing = store.close()
    expect(await codes(store.has(['b']))).toEqual(['CLOSED'])
    await expect(store.connect()).rejects.toMatchObject({ code: 'CLOSED' })
    expect(await outcome(closing)).toBe('pending')
    await connection.reply(1)
    expect(await answer).toEqual([true])
    await closing
    expect(connection.state).not.toBe('open')
    expect(clock.pending).toBe(0)
    expect(await codes(store.has(['c']))).toEqual(['CLOSED'])
    await store.close()
  })

  test('does not wait longer than the deadline', async () => {
    const { clock, driver, store } = setUp()
    const answer = store.has(['a'])
    const connection = await driver.last.accept()
    const closing = store.close()
    clock.advance(499)
    expect(await outcome(closing)).toBe('pending')
    clock.advance(1)
    await turn()
    clock.advance(50)
    await closing
    expect(connection.state).toBe('destroyed')
    expect(await codes(answer)).toEqual(['SERVER_UNAVAILABLE'])
    expect(clock.pending).toBe(0)
  })

  test('ends an attempt, and what waits for it', async () => {
    const { clock, driver, store } = setUp()
    const answer = store.has(['a'])
    const closing = store.close()
    clock.advance(499)
    await turn()
    clock.advance(51)
    await closing
    expect(await codes(answer)).toEqual(['SERVER_TIMEOUT'])
    expect(driver.last.signal.aborted).toBe(true)
    expect((await driver.last.accept()).state).toBe('destroyed')
    expect(clock.pending).toBe(0)
  })

  test('before anything was asked, and between two attempts, is immediate', async () => {
    const idle = setUp()
    await idle.store.close()
    expect(await codes(idle.store.has(['a']))).toEqual(['CLOSED'])
    await expect(idle.store.connect()).rejects.toMatchObject({ code: 'CLOSED' })
    const failed = setUp()
    void failed.store.has(['a'])
    await failed.driver.last.refuse()
    await failed.store.close()
    expect(failed.clock.pending).toBe(0)
    expect(await codes(failed.store.has(['a']))).toEqual(['CLOSED'])
  })
})
