import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { ShaleError, systemClock, type Store } from '@shale/contracts'
import { startRedis, until, type RedisServer } from '@tooling/servers'
import { createStore } from '@shale/client'
import { MoveAcross } from '../src/calls/move-across.ts'

const timeout = 300
let a: RedisServer, b: RedisServer
let from: Store, to: Store
beforeAll(async () => {
  ;[a, b] = await Promise.all([startRedis(), startRedis()])
  ;[from, to] = [createStore(a.url, { timeout: '2s' }), createStore(b.url, { timeout: '2s' })]
  // Which is not to be within the time of the first move.
  await Promise.all([from.connect(), to.connect()])
})
afterEach(async () => {
  for (const server of [a, b]) server.resume()
  for (const server of [a, b]) await server.command('FLUSHALL')
})
afterAll(async () => {
  await Promise.all([from.close(), to.close()])
  await Promise.all([a.stop(), b.stop()])
})

const across = new MoveAcross({ timeout, clock: systemClock })
const move = { from: 'old', to: 'new' }

test('an entry goes over whatever is at its new place, with its ttl', async () => {
  await a.command('SET', 'old', 'value', 'PX', 60_000)
  await b.command('SET', 'new', 'another')
  expect(await across.move({ from, to }, move)).toBe(true)
  expect(await a.command('EXISTS', 'old')).toBe(0)
  expect(await b.command('GET', 'new')).toBe('value')
  expect(Number(await b.command('PTTL', 'new'))).toBeGreaterThan(50_000)
  expect(await across.move({ from, to }, move)).toBe(false)
  await a.command('SET', 'old', 'for ever')
  expect(await across.move({ from, to }, move)).toBe(true)
  expect(await b.command('PTTL', 'new')).toBe(-1)
})

test('of many who move an entry exactly one succeeds', async () => {
  await a.command('SET', 'old', 'value')
  const answers = await Promise.all(Array.from({ length: 20 }, (_, i) => across.move({ from, to }, { from: 'old', to: `new ${i}` })))
  expect(answers.filter((answer) => answer === true)).toHaveLength(1)
  expect(await b.command('DBSIZE')).toBe(1)
})

test('an entry that cannot be stored is put back, with its ttl, within the time', async () => {
  await a.command('SET', 'old', 'value', 'PX', 60_000)
  await to.connect()
  b.pause()
  const began = performance.now()
  const answer = await across.move({ from, to }, move)
  expect(performance.now() - began).toBeLessThan(timeout + 50)
  expect(answer).toMatchObject({ code: 'SERVER_TIMEOUT', partial: { putBack: true } })
  expect(await a.command('GET', 'old')).toBe('value')
  expect(Number(await a.command('PTTL', 'old'))).toBeGreaterThan(50_000)
})

test('an entry that the new server refuses is put back', async () => {
  await b.command('CONFIG', 'SET', 'maxmemory', '1')
  try {
    await a.command('SET', 'old', 'value')
    const answer = await across.move({ from, to }, move)
    expect(answer).toMatchObject({ code: 'SERVER_OOM', partial: { putBack: true } })
    expect((answer as ShaleError).message).toContain('at its old place again')
    expect(await a.command('GET', 'old')).toBe('value')
  } finally {
    await b.command('CONFIG', 'SET', 'maxmemory', '0')
  }
})

test('an entry whose place was taken meanwhile is not put back over what is there', async () => {
  await a.command('SET', 'old', 'value')
  await to.connect()
  b.pause()
  const moving = across.move({ from, to }, move)
  await until('it was taken', async () => (await a.command('EXISTS', 'old')) === 0)
  await a.command('SET', 'old', 'newer')
  expect(await moving).toMatchObject({ code: 'SERVER_TIMEOUT', partial: { putBack: false } })
  expect(await a.command('GET', 'old')).toBe('newer')
})

test('an entry whose server does not answer stays what it is', async () => {
  await from.connect()
  a.pause()
  const answer = await across.move({ from, to }, move)
  expect(answer).toMatchObject({ code: 'SERVER_TIMEOUT', partial: undefined })
})

test('a key of another type is left where it is', async () => {
  await a.command('RPUSH', 'old', 'item')
  expect(await across.move({ from, to }, move)).toMatchObject({ code: 'CODEC_CORRUPT' })
  expect(await a.command('LLEN', 'old')).toBe(1)
})
