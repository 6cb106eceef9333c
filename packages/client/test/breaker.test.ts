import { describe, expect, test } from 'vitest'
import { ShaleError, type Answer } from '@shale/contracts'
import { Breaker, type BreakerOptions } from '../src/server/breaker.ts'
import { Server } from '../src/server/server.ts'
import { ErrorReply, outcome, turn } from './scripted-driver.ts'
import { scriptedOptions } from './scripted-server.ts'

const down = new ShaleError('SERVER_UNAVAILABLE', 'down')

function setUp(breaker?: BreakerOptions | false) {
  const { clock, driver, chance, options } = scriptedOptions()
  const server = new Server({ ...options, breaker })
  const heard: string[] = []
  server.observe({ breaker: (name, state) => heard.push(`${name} ${state}`) })
  const { store } = server
  const has = (key = 'a'): Promise<unknown> =>
    store.has([key]).then(([answer]: Answer<boolean>[]) => (ShaleError.is(answer) ? answer.code : answer))
  return { clock, driver, chance, server, store, heard, has }
}

describe('the breaker alone', () => {
  test('opens after as many failures in a row as it is told, and a sign of life begins the count anew', () => {
    const heard: string[] = []
    const breaker = new Breaker({ failures: 4 }, (state) => heard.push(state))
    expect(breaker.count(3, () => down)).toBe(false)
    breaker.close()
    expect(breaker.count(3, () => down)).toBe(false)
    expect(breaker.reason).toBe(undefined)
    expect(breaker.count(1, () => down)).toBe(true)
    expect([breaker.reason, breaker.state]).toEqual([down, 'open'])
    expect(breaker.count(5, () => down)).toBe(false)
    breaker.close()
    expect([breaker.reason, breaker.state]).toEqual([undefined, 'closed'])
    expect(heard).toEqual(['open', 'closed'])
  })

  test('that lapses lets calls through and is opened again by the first failure, which is no news', () => {
    const heard: string[] = []
    const breaker = new Breaker({}, (state) => heard.push(state))
    breaker.open(down)
    breaker.lapse()
    expect([breaker.reason, breaker.state]).toEqual([undefined, 'open'])
    expect(breaker.count(1, () => down)).toBe(true)
    expect(heard).toEqual(['open'])
  })

  test('that is off is not opened by calls without an answer, and tells nothing', () => {
    const breaker = new Breaker(false, () => expect.fail('it told something'))
    expect(breaker.count(1_000_000, () => down)).toBe(false)
    breaker.open(down)
    expect([breaker.reason, breaker.state]).toEqual([down, 'off'])
  })

  test.each([{ failures: 0 }, { failures: 1.5 }, { probe: 0 }, { probe: 'soon' as never }])('takes no %j', (options) => {
    expect(() => new Breaker(options, () => {})).toThrow(/breaker\.(failures|probe)/)
  })
})

test('without a breaker calls wait for a connection, and are refused while the attempt to make one has failed', async () => {
  const { clock, driver, has, server } = setUp(false)
  const waiting = has()
  expect(await outcome(waiting)).toBe('pending')
  await driver.last.refuse()
  expect(await waiting).toBe('SERVER_UNAVAILABLE')
  expect(await has()).toBe('SERVER_UNAVAILABLE')
  expect(server.status()).toMatchObject({ state: 'down', breaker: 'off' })
  clock.advance(800)
  const connection = await driver.last.accept()
  // However many are late: the connection is there.
  for (let i = 0; i < 10; i++) void has()
  clock.advance(550)
  const answer = has()
  await connection.replyAll(1)
  expect(await answer).toBe(true)
})

describe('a server that stops answering', () => {
  test('is refused at once when three calls are late, and let through with its first reply', async () => {
    const { clock, driver, server, heard, has } = setUp()
    void server.connect()
    const connection = await driver.last.accept()
    const late = [has(), has(), has()]
    clock.advance(499)
    expect(server.available).toBe(true)
    clock.advance(51)
    expect(server.available).toBe(false)
    expect(server.status()).toMatchObject({ state: 'ready', breaker: 'open' })
    expect(await has()).toBe('SERVER_UNAVAILABLE')
    expect(connection.lines).toHaveLength(3)
    await connection.replyAll(1)
    clock.advance(25)
    expect(await Promise.all(late)).toEqual([true, true, true])
    expect(server.available).toBe(true)
    expect(heard).toEqual(['h:1/0 open', 'h:1/0 closed'])
    expect(await outcome(has())).toBe('pending')
  })

  test('is not refused for fewer late calls than that, nor while it answers any', async () => {
    const { clock, driver, server, has } = setUp()
    void server.connect()
    const connection = await driver.last.accept()
    void has()
    void has()
    clock.advance(600)
    expect(server.available).toBe(true)
    await connection.replyAll(1)
    for (let i = 0; i < 10; i++) void has()
    for (let i = 0; i < 10; i++) {
      clock.advance(300)
      await connection.reply(1)
    }
    expect(server.available).toBe(true)
  })

  test('loses its connection at 1.75 times the deadline, what was in flight is SERVER_TIMEOUT, and is tried by one attempt after the other', async () => {
    const { clock, driver, server, has } = setUp()
    void server.connect()
    const connection = await driver.last.accept()
    const lost = has()
    clock.advance(874)
    expect(connection.state).toBe('open')
    clock.advance(51)
    expect(connection.state).toBe('destroyed')
    expect(await lost).toBe('SERVER_TIMEOUT')
    expect(server.status()).toMatchObject({ state: 'down', breaker: 'open' })
    const attempts: number[] = []
    for (let ms = 0, before = 1; ms < 5000; ms++) {
      void has()
      clock.advance(1)
      if (driver.attempts.length > before) attempts.push(ms)
      before = driver.attempts.length
    }
    const gaps = attempts.slice(1).map((at, i) => at - (attempts[i] as number))
    expect(attempts[0]).toBeLessThan(800)
    expect(new Set(gaps)).toEqual(new Set([687, 688]))
    // Those that are older than the time to connect, or too many, have ended.
    expect(driver.attempts.filter(({ signal }) => !signal.aborted).length).toBeLessThanOrEqual(4)
    expect(server.status().breaker).toBe('half-open')
    // The first that succeeds wins, whichever it is.
    const again = await driver.attempts.at(-2)!.accept()
    expect(again.introductions).toEqual(['CLIENT INFO', 'CLIENT KILL ID 1 ADDR 127.0.0.1:1'])
    expect(driver.last.signal.aborted).toBe(true)
    expect(server.status()).toMatchObject({ state: 'ready', breaker: 'closed', reconnects: 1 })
  })

  test('while it is asked for the first time is refused once calls were late', async () => {
    const { clock, server, has } = setUp()
    const first = has()
    clock.advance(525)
    expect(await first).toBe('SERVER_TIMEOUT')
    expect(server.available).toBe(true)
    const second = has()
    clock.advance(525)
    expect(await second).toBe('SERVER_TIMEOUT')
    expect(server.available).toBe(false)
    expect(await has()).toBe('SERVER_UNAVAILABLE')
  })

  test('whose process was busy itself is not blamed', async () => {
    const { clock, driver, server, has } = setUp()
    void server.connect()
    const connection = await driver.last.accept()
    const answers = [has(), has(), has()]
    // One look at the end of a long time, as after a pause of the process.
    const now = clock.now()
    clock.now = () => now + 10_000
    clock.advance(25)
    expect(server.available).toBe(true)
    expect(connection.state).toBe('open')
    await connection.replyAll(1)
    expect(await Promise.all(answers)).toEqual([true, true, true])
  })

  test('is not refused with the breaker off, but loses its connection all the same', async () => {
    const { clock, driver, server, heard, has } = setUp(false)
    void server.connect()
    const connection = await driver.last.accept()
    for (let i = 0; i < 100; i++) void has()
    clock.advance(600)
    expect(server.status()).toMatchObject({ state: 'ready', breaker: 'off' })
    void has()
    expect(connection.lines).toHaveLength(101)
    clock.advance(400)
    expect(connection.state).toBe('destroyed')
    expect(heard).toEqual([])
  })
})

describe('a connection that is silent, once the breaker is open,', () => {
  const silent = async (breaker?: false) => {
    const set = setUp(breaker)
    void set.server.connect()
    const connection = await set.driver.last.accept()
    const late = [set.has('a'), set.has('b'), set.has('c')]
    set.clock.advance(525)
    return { ...set, connection, late }
  }

  test.each([undefined, false] as const)(
    'has others tried beside it; the first that succeeds takes its place: breaker %s',
    async (breaker) => {
      const { clock, driver, chance, server, connection, late } = await silent(breaker)
      chance.next = 0
      expect(server.status().breaker).toBe(breaker === false ? 'off' : 'open')
      clock.advance(344)
      expect(driver.attempts).toHaveLength(2)
      expect(connection.state).toBe('open')
      const spare = await driver.last.accept()
      expect(connection.state).toBe('destroyed')
      expect(await Promise.all(late)).toEqual(['SERVER_TIMEOUT', 'SERVER_TIMEOUT', 'SERVER_TIMEOUT'])
      expect(server.status()).toMatchObject({ state: 'ready', breaker: breaker === false ? 'off' : 'closed', reconnects: 1 })
      const answer = server.store.has(['a'])
      // What the server may still have of the old one never comes after what is sent from now on.
      expect(spare.introductions).toEqual(['CLIENT INFO', 'CLIENT KILL ID 1 ADDR 127.0.0.1:1'])
      await spare.reply(1)
      expect(await answer).toEqual([true])
      clock.advance(10_000)
      expect(driver.attempts).toHaveLength(2)
      expect(clock.pending).toBe(0)
      await server.close()
      expect(spare.state).not.toBe('open')
    },
  )

  test('is used as before if it answers first, and the attempts end', async () => {
    const { clock, driver, server, heard, connection, late } = await silent()
    clock.advance(344)
    const { last } = driver
    await connection.replyAll(1)
    clock.advance(25)
    expect(await Promise.all(late)).toEqual([true, true, true])
    expect(last.signal.aborted).toBe(true)
    expect(server.status()).toMatchObject({ state: 'ready', breaker: 'closed', reconnects: 0 })
    expect(heard).toEqual(['h:1/0 open', 'h:1/0 closed'])
    clock.advance(10_000)
    expect(driver.attempts).toHaveLength(2)
    expect(clock.pending).toBe(0)
  })

  test('is used as before if it answers in the turn in which another is ready', async () => {
    const { clock, driver, server, connection, late } = await silent()
    clock.advance(344)
    await connection.reply(1)
    const spare = await driver.last.accept()
    expect([connection.state, spare.state]).toEqual(['open', 'closed'])
    await connection.reply(1, 1)
    expect(await Promise.all(late)).toEqual([true, true, true])
    expect(server.status()).toMatchObject({ state: 'ready', breaker: 'closed', reconnects: 0 })
  })

  test('is given up as before, and the attempts go on at their pace', async () => {
    const { clock, driver, has, connection } = await silent()
    const attempts = attemptsIn(4000, { clock, driver, has })
    expect(connection.state).toBe('destroyed')
    expect(attempts[0]).toBeLessThan(750)
    expect(gapsOf(attempts)).toEqual(new Set([687, 688]))
    const again = await driver.last.accept()
    expect(again.introductions).toEqual(['CLIENT INFO', 'CLIENT KILL ID 1 ADDR 127.0.0.1:1'])
    const answer = has()
    await again.reply(1)
    expect(await answer).toBe(true)
    // The next time, too.
    const late = [has(), has(), has()]
    clock.advance(525 + 344)
    expect(again.state).toBe('open')
    const third = await driver.last.accept()
    expect(again.state).toBe('destroyed')
    expect(await Promise.all(late)).toEqual(['SERVER_TIMEOUT', 'SERVER_TIMEOUT', 'SERVER_TIMEOUT'])
    const last = has()
    await third.reply(1)
    expect(await last).toBe(true)
  })
})

/** When attempts began in so many milliseconds, in each of which something is called. */
function attemptsIn(ms: number, { clock, driver, has }: Pick<ReturnType<typeof setUp>, 'clock' | 'driver' | 'has'>): number[] {
  const attempts: number[] = []
  for (let at = 0, before = driver.attempts.length; at < ms; at++) {
    void has()
    clock.advance(1)
    if (driver.attempts.length > before) attempts.push(at)
    before = driver.attempts.length
  }
  return attempts
}
const gapsOf = (times: readonly number[]): Set<number> => new Set(times.slice(1).map((at, i) => at - (times[i] as number)))

describe('without a breaker', () => {
  test('a server whose packets are dropped is tried by one attempt after the other, and no call is refused for that', async () => {
    const { clock, driver, server, heard, has } = setUp(false)
    void server.connect()
    const connection = await driver.last.accept()
    const lost = has()
    clock.advance(925)
    expect(connection.state).toBe('destroyed')
    expect(await lost).toBe('SERVER_TIMEOUT')
    const attempts = attemptsIn(1900, { clock, driver, has })
    expect(attempts[0]).toBeLessThan(750)
    expect(gapsOf(attempts)).toEqual(new Set([687, 688]))
    const waiting = has()
    expect(await outcome(waiting)).toBe('pending')
    const again = await driver.last.accept()
    expect(again.introductions).toEqual(['CLIENT INFO', 'CLIENT KILL ID 1 ADDR 127.0.0.1:1'])
    await again.replyAll(1)
    expect(await waiting).toBe(true)
    expect(driver.attempts.at(-2)!.signal.aborted).toBe(true)
    expect(heard).toEqual([])
  })

  test('one that was never reached is, too, and calls go on being let wait until an attempt has failed', async () => {
    const { clock, driver, has } = setUp(false)
    const calls = [has(), has(), has()]
    clock.advance(525)
    expect(await Promise.all(calls)).toEqual(['SERVER_TIMEOUT', 'SERVER_TIMEOUT', 'SERVER_TIMEOUT'])
    const attempts = attemptsIn(1400, { clock, driver, has })
    expect(attempts).toHaveLength(2)
    expect([687, 688]).toContain([...gapsOf(attempts)][0])
    const waiting = has()
    await (await driver.last.accept()).replyAll(1)
    expect(await waiting).toBe(true)
  })
})

describe('a server that cannot be reached', () => {
  test('is refused at once after one attempt, with its cause', async () => {
    const { driver, server, heard, has } = setUp({ failures: 100 })
    const first = has()
    await driver.last.refuse()
    expect(await first).toBe('SERVER_UNAVAILABLE')
    expect(server.available).toBe(false)
    expect(server.status()).toMatchObject({ state: 'down', breaker: 'open', latency: undefined, reconnects: 0 })
    expect(heard).toEqual(['h:1/0 open'])
    await expect(server.ask(['PING'])).rejects.toThrow(/ECONNREFUSED/)
  })

  test('is tried as long as someone asks whether it is available', async () => {
    const { clock, driver, server, has } = setUp()
    void has()
    await driver.last.refuse()
    for (let i = 0; i < 100; i++) {
      clock.advance(1000)
      if (!driver.last.signal.aborted) await driver.last.refuse()
      expect(server.available).toBe(false)
    }
    expect(driver.attempts.length).toBeGreaterThan(100)
    clock.advance(1000)
    await driver.last.accept()
    expect(server.available).toBe(true)
  })

  test('is tried as often as it is told', async () => {
    const { clock, driver, has } = setUp({ probe: '2s' })
    void has()
    await driver.last.refuse()
    clock.advance(2749)
    expect(driver.attempts).toHaveLength(1)
    clock.advance(1)
    expect(driver.attempts).toHaveLength(2)
  })
})

describe('attempts that nobody waits for', () => {
  test('end together now and then, between two attempts, so that they keep no process alive', async () => {
    const { clock, driver, server, has } = setUp()
    void has()
    clock.advance(525)
    void has()
    clock.advance(525)
    expect(server.available).toBe(false)
    const alone: number[] = []
    const attempts: number[] = []
    let before = driver.attempts.length
    for (let ms = 0; ms < 20_000; ms++) {
      // As the removal of keys in doubt asks.
      if (ms % 300 === 0) void has()
      clock.advance(1)
      if (driver.attempts.length > before) attempts.push(ms)
      before = driver.attempts.length
      if (driver.attempts.every(({ signal }) => signal.aborted)) alone.push(ms)
    }
    const gaps = attempts.slice(1).map((at, i) => at - (attempts[i] as number))
    expect(new Set(gaps)).toEqual(new Set([687, 688]))
    expect(alone.length).toBeGreaterThan(0)
    expect(alone[0]).toBeLessThan(5000 + 2 * 750)
    // One that takes as long as it may comes to its end between two such times.
    expect(Math.max(...alone) - Math.min(...alone)).toBeGreaterThan(4000)
    expect(alone.length).toBeLessThan(20)
  })

  test('go on where someone does', async () => {
    const { clock, driver, server, has } = setUp()
    void has()
    clock.advance(1050)
    for (let i = 0; i < 12; i++) {
      void has()
      clock.advance(500)
    }
    expect(server.available).toBe(false)
    let ends = 0
    for (let ms = 0; ms < 12_000; ms++) {
      if (ms % 100 === 0) void server.connect().catch(() => {})
      clock.advance(1)
      if (driver.attempts.every(({ signal }) => signal.aborted)) ends++
    }
    expect(ends).toBe(0)
  })
})

describe('a fresh connection', () => {
  test('serves only once the server was looked at; who fails that is refused for that reason', async () => {
    const wrong = new ShaleError('CONFIG_INVALID', 'h:1/0 is a replica')
    const { clock, driver, chance, options } = scriptedOptions()
    chance.next = 0
    const roles = ['slave', 'master']
    const server = new Server({
      ...options,
      admit: async (ask) => {
        if ((await ask(['ROLE'])) === 'slave') throw wrong
      },
    })
    const first = server.store.has(['a'])
    const replica = await driver.last.accept()
    expect(replica.lines).toEqual(['ROLE'])
    await replica.reply(roles[0]!)
    expect(await first).toEqual([wrong])
    expect(replica.state).toBe('destroyed')
    clock.advance(999)
    expect(driver.attempts).toHaveLength(1)
    clock.advance(1)
    const primary = await driver.last.accept()
    await primary.reply(roles[1]!)
    const second = server.store.has(['a'])
    await primary.reply(1)
    expect(await second).toEqual([true])
    expect(primary.lines).toEqual(['ROLE', 'EXISTS a'])
  })

  test('of a server that does not tell who we are, or lets us kill nobody, is used all the same', async () => {
    const { driver, has } = setUp()
    const answer = has()
    const accepted = driver.last.accept()
    driver.connections[0]!.introduce = () => Promise.reject(new ErrorReply('NOPERM this user has no permissions'))
    await (await accepted).reply(1)
    expect(await answer).toBe(true)
  })

  test('that falls silent before it serves is given up with the time to connect', async () => {
    const { clock, driver, server } = setUp()
    const connecting = server.connect()
    const accepted = driver.last.accept()
    driver.connections[0]!.introduce = () => new Promise(() => {})
    const connection = await accepted
    clock.advance(2000)
    await expect(connecting).rejects.toMatchObject({ code: 'SERVER_UNAVAILABLE' })
    expect(connection.state).toBe('destroyed')
    await turn()
  })
})

test('latency is measured of some commands, and told as percentiles', async () => {
  const { clock, driver, server, has } = setUp()
  void server.connect()
  const connection = await driver.last.accept()
  expect(server.latency).toBe(undefined)
  for (let i = 1; i <= 100; i++) {
    void has()
    clock.advance(i === 100 ? 40 : 4)
    await connection.replyAll(1)
    // Nothing is in flight for a while, so that the next command is one that is measured.
    clock.advance(100)
  }
  expect(server.status().latency).toEqual({ p50: 4, p95: 4, p99: 4 })
  expect(server.latency).toBeCloseTo(4 + 0.2 * 36)
})
