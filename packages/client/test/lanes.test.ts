import { expect, test } from 'vitest'
import { ShaleError } from '@shale/contracts'
import { turn, type ScriptedConnection } from './scripted-driver.ts'
import { scriptedStore } from './scripted-server.ts'

const setUp = (min: number, max: number) => scriptedStore({ connections: { min, max } })

/** A connection that owes nothing is asked for a sign of life while another one hangs. */
const isNoPing = (line: string): boolean => line !== 'PING'

const keys = Array.from({ length: 400 }, (_, i) => `key:${i}`)

/** Two connections, and two keys that do not share one. */
async function twoLanes() {
  const set = setUp(2, 2)
  void set.store.connect()
  const connections: ScriptedConnection[] = []
  for (const attempt of [...set.driver.attempts]) connections.push(await attempt.accept())
  const [one, two] = connections as [ScriptedConnection, ScriptedConnection]
  void set.store.has(keys)
  const onOne = one.lines.map((line) => line.slice('EXISTS '.length))
  const onTwo = two.lines.map((line) => line.slice('EXISTS '.length))
  await one.replyAll(0)
  await two.replyAll(0)
  one.sent.length = two.sent.length = 0
  return { ...set, one, two, a: onOne[0]!, a2: onOne[1]!, b: onTwo[0]!, b2: onTwo[1]! }
}

test('keys are spread over the connections, and each stays with its own', async () => {
  const { one, two, store } = await twoLanes()
  void store.has(keys)
  const first = [one.lines, two.lines].map((lines) => [...lines])
  expect(first[0]!.length + first[1]!.length).toBe(400)
  expect(Math.min(first[0]!.length, first[1]!.length)).toBeGreaterThan(100)
  one.sent.length = two.sent.length = 0
  await one.replyAll(0)
  await two.replyAll(0)
  void store.has(keys)
  expect([one.lines, two.lines]).toEqual(first)
})

test('a batch is one command for each connection, and comes back in order', async () => {
  const { one, two, store, a, a2, b, b2 } = await twoLanes()
  const got = store.get([b, a, b2, a2, b])
  expect(one.lines).toEqual([`MGET ${a} ${a2}`])
  expect(two.lines).toEqual([`MGET ${b} ${b2} ${b}`])
  await two.reply([Buffer.from('B'), null, Buffer.from('B')])
  await one.reply([Buffer.from('A'), Buffer.from('A2')])
  expect((await got).map((answer) => answer && String(answer))).toEqual(['B', 'A', undefined, 'A2', 'B'])
})

test('one connection that fails leaves the keys of the other their answers', async () => {
  const { one, two, store, a, b } = await twoLanes()
  const got = store.get([a, b])
  const removed = store.delete([a, b])
  await two.end()
  await one.reply([Buffer.from('A')], 1)
  const [first, second] = await got
  expect(String(first)).toBe('A')
  expect(ShaleError.is(second) && second.code).toBe('SERVER_UNAVAILABLE')
  const { count, failed } = await removed
  expect(count).toBe(1)
  expect([...failed!.keys()]).toEqual([b])
})

test('a move between two connections neither overtakes nor is overtaken', async () => {
  const { one, two, store, a, a2, b, b2 } = await twoLanes()
  void store.has([a])
  void store.has([b])
  const moved = store.move([{ from: a, to: b }])
  void store.has([a2])
  void store.has([b2])
  await turn()
  expect(one.lines).toEqual([`EXISTS ${a}`])
  expect(two.lines).toEqual([`EXISTS ${b}`])
  await one.reply(1)
  expect(one.lines).toHaveLength(1)
  await two.reply(1)
  expect(one.lines).toEqual([`EXISTS ${a}`, `RENAME ${a} ${b}`])
  expect(two.lines).toHaveLength(1)
  await one.reply('OK')
  expect(await moved).toEqual([true])
  expect(one.lines.at(-1)).toBe(`EXISTS ${a2}`)
  expect(two.lines.at(-1)).toBe(`EXISTS ${b2}`)
})

test('moves in opposite directions end', async () => {
  const { one, two, store, a, b } = await twoLanes()
  const moves = [store.move([{ from: a, to: b }]), store.move([{ from: b, to: a }]), store.move([{ from: a, to: b }])]
  for (let i = 0; i < 10; i++) {
    await one.replyAll('OK')
    await two.replyAll('OK')
  }
  expect(await Promise.all(moves)).toEqual([[true], [true], [true]])
  expect([...one.lines, ...two.lines].filter((line) => line.startsWith('RENAME'))).toHaveLength(3)
})

test('a flush and the beginning of a scan wait for what was sent before, on every connection', async () => {
  const { one, two, store, a, b } = await twoLanes()
  void store.has([b])
  const flushed = store.flush()
  void store.has([a])
  await turn()
  expect(one.lines).toEqual([])
  await two.reply(1)
  expect(one.lines).toEqual(['FLUSHDB ASYNC'])
  await one.reply('OK')
  await flushed
  expect(one.lines.at(-1)).toBe(`EXISTS ${a}`)
  void store.has([b])
  const page = store.scan('*')[Symbol.asyncIterator]().next()
  await turn()
  await one.replyAll(0)
  expect(one.lines.at(-1)).not.toMatch(/^SCAN/)
  await two.replyAll(0)
  expect(one.lines.at(-1)).toBe('SCAN 0 MATCH * COUNT 1000')
  await one.reply([Buffer.from('0'), [Buffer.from('k'), Buffer.from([0xff])]])
  expect(await page).toEqual({ done: false, value: ['k'] })
})

test('a connection that ends leaves its keys to the others, and what waits for it at a barrier goes on', async () => {
  const { one, two, store, a, b, a2 } = await twoLanes()
  void store.has([b])
  const moved = store.move([{ from: a, to: b }])
  const after = store.has([a2])
  await two.end()
  expect(one.introductions.at(-1)).toMatch(/^CLIENT KILL ID 2 /)
  expect(one.lines).toEqual([`RENAME ${a} ${b}`])
  await one.reply('OK')
  expect(await moved).toEqual([true])
  await one.replyAll(1)
  expect(await after).toEqual([true])
  expect(one.lines).toEqual([`RENAME ${a} ${b}`, `EXISTS ${a2}`])
})

test('a connection that ends while the commands of a barrier are in flight ends it', async () => {
  const { one, two, store, a, b, b2 } = await twoLanes()
  const moved = store.move([{ from: a, to: b }])
  const after = store.has([b2])
  await turn()
  expect(one.lines).toEqual([`RENAME ${a} ${b}`])
  await one.end()
  expect(((await moved)[0] as ShaleError).code).toBe('SERVER_UNAVAILABLE')
  await turn()
  await two.replyAll(1)
  expect(await after).toEqual([true])
  const again = store.has([a])
  await two.replyAll(1)
  expect(await again).toEqual([true])
})

test('a barrier that waited past its deadline sends nothing', async () => {
  const { clock, one, two, store, a, b } = await twoLanes()
  void store.has([b])
  const moved = store.move([{ from: a, to: b }])
  clock.advance(500)
  await two.reply(1)
  await turn()
  expect(((await moved)[0] as ShaleError).code).toBe('SERVER_TIMEOUT')
  expect(one.lines.filter(isNoPing)).toEqual([])
  void store.has([a])
  expect(one.lines.filter(isNoPing)).toEqual([`EXISTS ${a}`])
})

test('further connections are made under load, take their share once nothing is in flight, and go when nobody needs them', async () => {
  const { clock, driver, store } = setUp(1, 3)
  void store.connect()
  const first = await driver.last.accept()
  void store.has(keys.slice(0, 50))
  expect(driver.attempts).toHaveLength(1)
  void store.has(keys.slice(50, 200))
  expect(driver.attempts).toHaveLength(2)
  const second = await driver.last.accept()
  // The keys of the new connection have commands in flight on the first one.
  void store.has(keys.slice(0, 10))
  expect(second.sent).toEqual([])
  await first.replyAll(0)
  expect(second.sent.length).toBeGreaterThan(0)
  expect(new Set([...first.lines.slice(200), ...second.lines])).toEqual(new Set(keys.slice(0, 10).map((key) => `EXISTS ${key}`)))
  await first.replyAll(0)
  await second.replyAll(0)
  void store.has(keys)
  expect(driver.attempts).toHaveLength(3)
  const third = await driver.last.accept()
  await Promise.all([first.replyAll(0), second.replyAll(0)])
  void store.has(keys)
  expect(third.sent.length).toBeGreaterThan(50)
  await Promise.all([first.replyAll(0), second.replyAll(0), third.replyAll(0)])
  for (let i = 0; i < 4; i++) {
    clock.advance(10_000)
    await turn()
  }
  expect([first.state, second.state, third.state]).toEqual(['open', 'closed', 'closed'])
  expect(clock.pending).toBe(0)
  void store.has(['k1', 'k2', 'k3', 'k4'])
  expect(first.lines.slice(-4)).toEqual(['EXISTS k1', 'EXISTS k2', 'EXISTS k3', 'EXISTS k4'])
})

test('a further connection that ends leaves its keys to the others', async () => {
  const { driver, store } = setUp(1, 2)
  void store.connect()
  const first = await driver.last.accept()
  void store.has(keys)
  const second = await driver.last.accept()
  await first.replyAll(0)
  void store.has(keys.slice(0, 20))
  expect(second.sent.length).toBeGreaterThan(0)
  await second.end()
  await first.replyAll(0)
  const answers = store.has(keys.slice(0, 20))
  await turn()
  await first.replyAll(1)
  expect(await answers).toEqual(Array.from({ length: 20 }, () => true))
})

test('a connection that hangs does not keep the others standing still at a barrier', async () => {
  const { clock, one, two, store, a, b } = await twoLanes()
  // The reply on the second connection never comes.
  void store.get([b])
  const moved = store.move([{ from: a, to: b }])
  await turn()
  clock.advance(499)
  await turn()
  await one.replyAll('PONG')
  const got = store.get([a])
  expect(one.lines).toEqual(['PING'])
  clock.advance(1)
  await turn()
  expect((await moved)[0]).toMatchObject({ code: 'SERVER_TIMEOUT' })
  expect(one.lines).toEqual(['PING', `GET ${a}`])
  expect(two.lines).toEqual([`GET ${b}`])
  await one.reply(Buffer.from('A'))
  expect(String((await got)[0])).toBe('A')
})

test('what waits at barriers is bounded', async () => {
  const { store, one, a, b } = await twoLanes()
  void store.get([b])
  const moves = Array.from({ length: 1200 }, () => store.move([{ from: a, to: b }]))
  const refused = await Promise.all(moves.slice(1000))
  expect(refused.every(([answer]) => ShaleError.is(answer) && answer.code === 'SERVER_UNAVAILABLE')).toBe(true)
  expect(one.lines).toEqual([])
})

test('connections that are all silent are replaced by a spare one that succeeds, and the others follow', async () => {
  const { clock, driver, store, one, two, a, b } = await twoLanes()
  const got = store.get([a, b])
  const more = [store.has([a]), store.has([b])]
  clock.advance(525 + 344)
  expect(driver.attempts).toHaveLength(3)
  const spare = await driver.last.accept()
  expect([one.state, two.state]).toEqual(['destroyed', 'destroyed'])
  for (const answers of [await got, ...(await Promise.all(more))]) {
    for (const answer of answers) expect(answer).toMatchObject({ code: 'SERVER_TIMEOUT' })
  }
  const again = store.get([a, b])
  expect(spare.introductions.slice(1).toSorted()).toEqual(['CLIENT KILL ID 1 ADDR 127.0.0.1:1', 'CLIENT KILL ID 2 ADDR 127.0.0.1:2'])
  await spare.replyAll([Buffer.from('A')])
  expect((await again).map(String)).toEqual(['A', 'A'])
  clock.advance(800)
  expect(driver.attempts).toHaveLength(4)
  const other = await driver.last.accept()
  void store.has(keys)
  expect(other.sent.length).toBeGreaterThan(100)
  expect(spare.sent.length).toBeGreaterThan(100)
})
