import { createServer, type AddressInfo } from 'node:net'
import { inspect } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ShaleError, type Driver, type Store } from '@shale/contracts'
import { freePort, startProxy, startRedis, startSilentServer, until, type RedisServer } from '@tooling/servers'
import { certs } from '@tooling/servers'
import { createStore, ioredis, nodeRedis, type StoreOptions } from '@shale/client'

const bytes = (text: string): Uint8Array => Buffer.from(text)
const put = (store: Store, key: string, value = 'v'): Promise<unknown[]> => store.set([{ key, value: bytes(value), ttl: null }])
const codesOf = (answers: readonly unknown[]): unknown[] =>
  answers.map((answer) => (ShaleError.is(answer) ? answer.code : answer instanceof Uint8Array ? Buffer.from(answer).toString() : answer))
const rejection = (promise: Promise<unknown>): Promise<ShaleError> =>
  promise.then(
    () => Promise.reject(new Error('expected a rejection')),
    (error: ShaleError) => error,
  )

/** Slack for a busy machine, beyond what is promised. */
const slackMs = 250

async function timed<T>(work: Promise<T>): Promise<[T, number]> {
  const start = performance.now()
  return [await work, performance.now() - start]
}

const unhandled: unknown[] = []
const listen = (reason: unknown): void => void unhandled.push(reason)
beforeAll(() => void process.on('unhandledRejection', listen))
afterAll(() => {
  process.off('unhandledRejection', listen)
  expect(unhandled).toEqual([])
})

const drivers: readonly Driver[] = [nodeRedis(), ioredis()]

describe.each(drivers.map((driver) => [driver.name, driver] as const))('with %s', (_, driver) => {
  const open = (url: string, options: StoreOptions = {}): Store => createStore(url, { driver, ...options })

  test('a closed port is SERVER_UNAVAILABLE soon, and the message names the server', async () => {
    const port = await freePort()
    const store = open(`redis://127.0.0.1:${port}`, { connectTimeout: '20s' })
    const [error, ms] = await timed(rejection(store.connect()))
    expect(error.code).toBe('SERVER_UNAVAILABLE')
    expect(error.message).toMatch(new RegExp(`127\\.0\\.0\\.1:${port}/0.*ECONNREFUSED.*Check that the server runs, and listens there`))
    expect(ms).toBeLessThan(5000)
    expect(codesOf(await store.get(['a', 'b']))).toEqual(['SERVER_UNAVAILABLE', 'SERVER_UNAVAILABLE'])
    await store.close()
  })

  test('a host that does not resolve and a socket that is not there are SERVER_UNAVAILABLE', async () => {
    for (const [server, advice] of [
      ['redis://no-such-host.invalid', "Check the host's name."],
      ['/no/such/redis.sock', 'Check that the server runs, and listens there.'],
    ] as const) {
      const store = open(server, { connectTimeout: '5s' })
      const { code, message } = await rejection(store.connect())
      expect(code).toBe('SERVER_UNAVAILABLE')
      if (!message.includes('connectTimeout')) expect(message).toContain(advice)
      await store.close()
    }
  })

  test('something that is no server of this kind: SERVER_UNAVAILABLE, with advice, and without the password', async () => {
    const web = createServer((socket) => {
      socket.on('error', () => {})
      socket.once('data', () => socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n'))
    })
    const port = await new Promise<number>((resolve) => web.listen(0, '127.0.0.1', () => resolve((web.address() as AddressInfo).port)))
    const store = open(`redis://:s3cret@127.0.0.1:${port}`)
    const error = await rejection(store.connect())
    expect(error.code).toBe('SERVER_UNAVAILABLE')
    expect(error.message).toMatch(
      new RegExp(`^127\\.0\\.0\\.1:${port}/0: no connection \\(.*\\)\\. Something other than a Redis or Valkey server answers`),
    )
    expect(inspect(error, { depth: 9, showHidden: true })).not.toContain('s3cret')
    await store.close()
    await new Promise((resolve) => web.close(resolve))
  })

  test('a server that accepts and says nothing: connect ends with connectTimeout, calls with timeout, close leaves no socket', async () => {
    await using silent = await startSilentServer()
    const store = open(`redis://127.0.0.1:${silent.port}`, { connectTimeout: 300, timeout: 100 })
    const [answers, callMs] = await timed(store.get(['a']))
    expect(codesOf(answers)).toEqual(['SERVER_TIMEOUT'])
    expect(callMs).toBeLessThan(100 + 50 + slackMs)
    const other = open(`redis://127.0.0.1:${silent.port}`, { connectTimeout: 300 })
    const [error, ms] = await timed(rejection(other.connect()))
    expect(error.code).toBe('SERVER_UNAVAILABLE')
    expect(error.message).toMatch(/300 ms/)
    expect(ms).toBeGreaterThan(290)
    expect(ms).toBeLessThan(300 + slackMs)
    await Promise.all([store.close(), other.close()])
    await until('no socket is left', () => silent.connections === 0)
  })

  test('a stopped server: calls end with their deadline, then at once, and are served again when it goes on', async () => {
    await using server = await startRedis()
    const store = open(server.url, { timeout: 200 })
    await store.connect()
    expect(codesOf(await put(store, 'a', 'value'))).toEqual([true])
    server.pause()
    const started = performance.now()
    const calls: Promise<readonly [at: number, code: unknown, ms: number]>[] = []
    while (performance.now() - started < 800) {
      const at = performance.now() - started
      calls.push(timed(store.get(['a'])).then(([answers, ms]) => [at, codesOf(answers)[0], ms] as const))
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
    const answers = await Promise.all(calls)
    expect(new Set(answers.map(([, code]) => code))).toEqual(new Set(['SERVER_TIMEOUT', 'SERVER_UNAVAILABLE']))
    expect(Math.max(...answers.map(([, , ms]) => ms))).toBeLessThan(200 + 50 + slackMs)
    const timedOut = answers.filter(([, code]) => code === 'SERVER_TIMEOUT')
    expect(timedOut[0]?.[2]).toBeGreaterThan(198)
    expect(Math.max(...timedOut.map(([at]) => at))).toBeLessThan(3 * 200)
    server.resume()
    const [, back] = await timed(until('it serves again', async () => codesOf(await store.get(['a']))[0] === 'value'))
    expect(back).toBeLessThan(1000 + slackMs)
    await store.close()
  })

  test('close settles against a stopped server, and leaves no socket', async () => {
    await using server = await startRedis()
    const store = open(server.url, { timeout: 200 })
    await store.connect()
    server.pause()
    const answers = store.get(['a'])
    const [, ms] = await timed(store.close())
    expect(ms).toBeLessThan(200 + 100 + slackMs)
    expect(['SERVER_TIMEOUT', 'SERVER_UNAVAILABLE']).toContain(codesOf(await answers)[0])
    server.resume()
    await until(
      'only the connection of the test is left',
      async () =>
        String(await server.command('CLIENT', 'LIST'))
          .trim()
          .split('\n').length === 1,
    )
    expect(codesOf(await store.get(['a']))).toEqual(['CLOSED'])
  })

  test('a server that is killed: what is in flight fails, and after a restart on the same port it serves again', async () => {
    await using server = await startRedis()
    const store = open(server.url)
    await store.connect()
    expect(codesOf(await put(store, 'a'))).toEqual([true])
    server.pause()
    const inFlight = store.get(Array.from({ length: 100 }, (_, i) => `k${i}`))
    await server.kill()
    expect(new Set(codesOf(await inFlight))).toEqual(new Set(['SERVER_UNAVAILABLE']))
    const [answers, ms] = await timed(store.get(['a']))
    expect(codesOf(answers)).toEqual(['SERVER_UNAVAILABLE'])
    expect(ms).toBeLessThan(50 + slackMs)
    await server.restart()
    const [, back] = await timed(until('it serves again', async () => codesOf(await put(store, 'a'))[0] === true))
    expect(back).toBeLessThan(3000)
    await store.close()
  })

  test('a caller that asks without pause does not keep the store from coming back', async () => {
    await using server = await startRedis()
    const store = open(server.url)
    await store.connect()
    expect(codesOf(await put(store, 'a', 'value'))).toEqual([true])
    await server.kill()
    const restarted = server.restart()
    const end = performance.now() + 20_000
    // Never lets go of the loop by itself: only the answers do.
    while (ShaleError.is((await store.get(['a']))[0])) if (performance.now() > end) throw new Error('It did not come back')
    await restarted
    await store.close()
  })

  test('a command whose reply is lost is run once', async () => {
    await using server = await startRedis()
    await using proxy = await startProxy({ host: server.host, port: server.port })
    const store = open(`redis://127.0.0.1:${proxy.port}`)
    for (let i = 1; i <= 5; i++) {
      await until('connected', async () => codesOf(await put(store, 'n', '0'))[0] === true)
      proxy.cutAfter(1)
      expect(codesOf(await store.incr([{ key: 'n', by: 1 }]))).toEqual(['SERVER_UNAVAILABLE'])
      proxy.heal()
      await until('connected again', async () => codesOf(await store.get(['other']))[0] === undefined)
      // What it left is removed: nobody knows what that is.
      expect(await server.command('INFO', 'commandstats')).toMatch(new RegExp(`cmdstat_incrby:calls=${i},`))
    }
    await store.close()
  })

  test('a server that speaks something else is an error, not a hang', async () => {
    const server = createServer((socket) => {
      socket.on('error', () => {})
      socket.on('data', () => socket.write('HTTP/1.1 400 Bad Request\r\n\r\n'))
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as { port: number }
    const store = open(`redis://127.0.0.1:${port}`, { connectTimeout: 500 })
    expect((await rejection(store.connect())).code).toBe('SERVER_UNAVAILABLE')
    await store.close()
    server.close()
  })

  test('a wrong password, a missing one, an unneeded one and a wrong database are told as such, and asked once a second at most', async () => {
    await using server = await startRedis({ password: 's3cret' })
    await using free = await startRedis()
    await using proxy = await startProxy({ host: server.host, port: server.port })
    for (const [url, code, pattern] of [
      [`redis://:wr0ng@127.0.0.1:${proxy.port}`, 'SERVER_AUTH', /WRONGPASS/],
      [`redis://127.0.0.1:${proxy.port}`, 'SERVER_AUTH', /NOAUTH.*password/],
      [`redis://u:wr0ng@127.0.0.1:${proxy.port}`, 'SERVER_AUTH', /WRONGPASS/],
      [`redis://:wr0ng@127.0.0.1:${free.port}`, 'SERVER_AUTH', /the server has none/],
      [`redis://:s3cret@127.0.0.1:${proxy.port}/99999`, 'CONFIG_INVALID', /database/],
    ] as const) {
      const store = open(url)
      const start = performance.now()
      const [error, ms] = await timed(rejection(store.connect()))
      expect(error.code).toBe(code)
      expect(error.message).toMatch(pattern)
      expect(ms).toBeLessThan(2000)
      expect(inspect(error, { depth: 9, showHidden: true })).not.toMatch(/wr0ng|s3cret/)
      const accepted = proxy.accepted
      for (let i = 0; i < 20; i++) {
        expect(codesOf(await store.get(['a']))).toEqual([code])
        await new Promise((resolve) => setTimeout(resolve, 20))
      }
      expect(proxy.accepted - accepted).toBeLessThanOrEqual(Math.floor((performance.now() - start) / 1000))
      await store.close()
    }
  })

  test('TLS: an unknown authority, another name, a plain server and a plain client', async () => {
    await using server = await startRedis({ tls: true })
    await using plain = await startRedis()
    const ca = server.tlsCa
    const good = open(server.url, { tls: { ca } })
    await good.connect()
    await good.close()
    const byOption = open(`127.0.0.1:${server.port}`, { tls: { ca, servername: 'localhost' } })
    await byOption.connect()
    await byOption.close()
    const anyone = open(server.url, { tls: { rejectUnauthorized: false } })
    await anyone.connect()
    await anyone.close()
    for (const [url, options, code] of [
      [server.url, {}, 'SERVER_AUTH'],
      [server.url, { tls: { ca: certs.otherCa } }, 'SERVER_AUTH'],
      [server.url, { tls: { ca, servername: 'example.com' } }, 'SERVER_AUTH'],
      [`rediss://127.0.0.1:${plain.port}`, { tls: { ca }, connectTimeout: 300 }, 'SERVER_UNAVAILABLE'],
      [`redis://127.0.0.1:${server.port}`, {}, 'SERVER_UNAVAILABLE'],
    ] as const) {
      const store = open(url, options)
      const [error, ms] = await timed(rejection(store.connect()))
      expect(error.code).toBe(code)
      expect(error.message).toMatch(/TLS/)
      expect(ms).toBeLessThan(2000 + slackMs)
      await store.close()
    }
  })

  test('a full server is SERVER_OOM, for scripts too, and is still read', async () => {
    await using server = await startRedis({ args: ['--maxmemory-policy', 'noeviction'] })
    const store = open(server.url)
    for (const key of ['n', 'm', 'o']) await put(store, key, '1')
    await server.command('CONFIG', 'SET', 'maxmemory', '1')
    expect(codesOf(await put(store, 'b'))).toEqual(['SERVER_OOM'])
    expect(codesOf(await store.add([{ key: 'b', value: bytes('v'), ttl: null }]))).toEqual(['SERVER_OOM'])
    expect(codesOf(await store.incr([{ key: 'n', by: 1 }]))).toEqual(['SERVER_OOM'])
    expect(codesOf(await store.swap([{ key: 'm', expected: bytes('1'), value: bytes('2') }]))).toEqual(['SERVER_OOM'])
    expect(codesOf(await store.get(['n', 'o']))).toEqual(['1', '1'])
    await store.close()
  })

  test('a replica is SERVER_READONLY for whatever writes, and is read', async () => {
    await using primary = await startRedis()
    await primary.command('MSET', 'n', '1', 'r', '1')
    await using replica = await startRedis({ args: ['--replicaof', primary.host, String(primary.port)] })
    await until('in sync', async () => (await replica.command('GET', 'n')) === '1')
    const store = open(replica.url)
    const value = bytes('1')
    const readonly = ['SERVER_READONLY']
    expect(codesOf(await put(store, 'n'))).toEqual(readonly)
    expect(codesOf(await store.add([{ key: 'x', value, ttl: 5 }]))).toEqual(readonly)
    expect(codesOf(await store.swap([{ key: 'n', expected: value, value }]))).toEqual(readonly)
    expect(codesOf(await store.incr([{ key: 'n', by: 1 }]))).toEqual(readonly)
    expect(codesOf(await store.touch(['n'], null))).toEqual(readonly)
    expect(codesOf(await store.touch(['n'], 1000))).toEqual(readonly)
    expect(codesOf(await store.move([{ from: 'n', to: 'm' }]))).toEqual(readonly)
    expect(codesOf([...((await store.delete(['n'])).failed?.values() ?? [])])).toEqual(readonly)
    // A key whose write failed reads as missing: what is there may be older.
    expect(codesOf(await store.get(['n', 'r']))).toEqual([undefined, '1'])
    await store.close()
  })

  test('a replica without its primary and a server with a script that does not end are SERVER_UNAVAILABLE', async () => {
    await using replica = await startRedis({ args: ['--replicaof', '127.0.0.1', '1', '--replica-serve-stale-data', 'no'] })
    const orphan = open(replica.url)
    expect(codesOf(await orphan.get(['a']))).toEqual(['SERVER_UNAVAILABLE'])
    await orphan.close()
    await using busy = await startRedis({ args: ['--lua-time-limit', '20'] })
    const store = open(busy.url)
    await store.connect()
    const script = busy.command('EVAL', 'while true do end', '0').catch(() => {})
    await until('it says so', async () => /BUSY/.test(String((await store.get(['a']))[0])))
    expect(codesOf(await store.get(['a']))).toEqual(['SERVER_UNAVAILABLE'])
    await store.close()
    await busy.kill()
    await script
  })

  test('a user without permissions is SERVER_AUTH for what it may not do', async () => {
    await using server = await startRedis({
      acl: { username: 'reader', password: 's3cret', rules: ['~open:*', '+get', '+mget', '+select'] },
    })
    const store = open(`redis://reader:s3cret@127.0.0.1:${server.port}/1`)
    expect(codesOf(await store.get(['open:a']))).toEqual([undefined])
    expect(codesOf(await store.get(['shut:a']))).toEqual(['SERVER_AUTH'])
    expect(codesOf(await put(store, 'open:a'))).toEqual(['SERVER_AUTH'])
    expect(codesOf(await store.incr([{ key: 'open:a', by: 1 }]))).toEqual(['SERVER_AUTH'])
    expect((await rejection(store.flush())).code).toBe('SERVER_AUTH')
    await store.close()
  })

  test('a user, a password and a database are those of the URL, over TCP, a Unix socket and TLS', async () => {
    const acl = { username: 'ålice', password: 'p@ss:/ #%' }
    const user = `${encodeURIComponent(acl.username)}:${encodeURIComponent(acl.password)}@`
    for (const options of [{}, { unixSocket: true }, { tls: true }]) {
      await using server = await startRedis({ ...options, acl })
      const url = `${server.url.replace('://', `://${user}`)}${'unixSocket' in options ? '?db=' : '/'}7`
      const store = open(url, 'tls' in options ? { tls: { ca: server.tlsCa } } : {})
      expect(codesOf(await put(store, 'a', 'in seven'))).toEqual([true])
      await server.command('SELECT', 7)
      expect(await server.command('GET', 'a')).toBe('in seven')
      expect(String(await server.command('CLIENT', 'LIST'))).toMatch(/user=\S*lice/)
      await store.close()
      const separate = open(server.url, {
        username: acl.username,
        password: acl.password,
        database: 7,
        ...('tls' in options ? { tls: { ca: server.tlsCa } } : {}),
      })
      expect(codesOf(await separate.get(['a']))).toEqual(['in seven'])
      await separate.close()
    }
  })

  test('a client name is shown by the server', async () => {
    await using server = await startRedis({ password: 's3cret' })
    const named = createStore(server.url, { driver: (driver.name === 'ioredis' ? ioredis : nodeRedis)({ clientName: 'the-cache' }) })
    await named.connect()
    expect(String(await server.command('CLIENT', 'LIST'))).toMatch(/name=the-cache /)
    await named.close()
  })

  test('a reply that came while the process was busy wins over the deadline', async () => {
    await using server = await startRedis()
    const store = open(server.url, { timeout: 60 })
    await store.connect()
    expect(codesOf(await put(store, 'a', 'value'))).toEqual([true])
    for (let i = 0; i < 5; i++) {
      const answer = store.get(['a'])
      // The command must be on its way before the process is busy.
      await new Promise((resolve) => setImmediate(resolve))
      await new Promise((resolve) => setImmediate(resolve))
      const end = performance.now() + 200
      while (performance.now() < end);
      expect(codesOf(await answer)).toEqual(['value'])
    }
    await store.close()
  })
})

describe('keys of another type', () => {
  let server: RedisServer
  beforeAll(async () => {
    server = await startRedis()
  })
  afterAll(() => server.stop())

  test('are CODEC_CORRUPT alone, missing and told of among others, and can be handled', async () => {
    const store = createStore(server.url)
    const foreign: string[] = []
    store.observe?.({ foreign: (key) => foreign.push(key) })
    await server.command('RPUSH', 'list', 'x')
    await put(store, 'text', 'v')
    const [alone] = await store.get(['list'])
    expect(alone).toMatchObject({ code: 'CODEC_CORRUPT', message: expect.stringMatching(/type/) as string })
    expect(codesOf(await store.get(['text', 'list', 'missing']))).toEqual(['v', undefined, undefined])
    await until('it is told of', () => foreign.length > 0)
    expect(foreign).toEqual(['list'])
    expect(codesOf(await store.incr([{ key: 'list', by: 1 }]))).toEqual(['VALUE_NOT_INTEGER'])
    expect(await store.has(['list'])).toEqual([true])
    expect(await store.ttl(['list'])).toEqual([null])
    expect(await store.touch(['list'], 100_000)).toEqual([true])
    expect(await store.touch(['list'], null)).toEqual([true])
    expect(await store.add([{ key: 'list', value: bytes('v'), ttl: null }])).toEqual([false])
    expect(await store.swap([{ key: 'list', expected: bytes('x'), value: bytes('y') }])).toEqual([false])
    expect(codesOf(await put(store, 'list', 'now text'))).toEqual([true])
    expect(await server.command('GET', 'list')).toBe('now text')
    await store.close()
  })
})

test('observers hear of connections and of their end', async () => {
  await using server = await startRedis()
  const store = createStore(server.url)
  const heard: string[] = []
  store.observe?.({ connected: (name) => heard.push(`+${name}`), disconnected: (name, { code }) => heard.push(`-${name} ${code}`) })
  await store.connect()
  await server.command('CLIENT', 'KILL', 'TYPE', 'normal')
  await until('it is back', () => heard.length === 3)
  const name = `127.0.0.1:${server.port}/0`
  expect(heard).toEqual([`+${name}`, `-${name} SERVER_UNAVAILABLE`, `+${name}`])
  await store.close()
  expect(heard).toHaveLength(3)
})
