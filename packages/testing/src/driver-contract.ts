import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { connect as connectSocket, createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import type { Connection, Driver, Endpoint, Reply } from '@shale/contracts'
import type { TestFunction } from './test-function.ts'

/** A driver to be tested, and a server for it. */
export interface DriverFixture {
  readonly driver: Driver
  /** A server that may be written to: keys are random, and go with the connection that wrote them or within a minute. */
  readonly endpoint: Endpoint
  readonly cleanup?: (() => void | Promise<void>) | undefined
}

/** What the server can do beside what every one can. */
export interface DriverCapabilities {
  /** Whether it has a second database; `true` unless stated. */
  readonly databases?: boolean | undefined
}

export interface DriverContract {
  readonly test: TestFunction
  /** Called for each test. */
  readonly create: () => DriverFixture | Promise<DriverFixture>
  readonly capabilities?: DriverCapabilities | undefined
}

/** An open connection and what its driver has told of it. */
interface Opened extends Connection {
  readonly ends: Error[]
}

interface Context extends DriverFixture {
  /** Opens a connection that is destroyed after the test. */
  open(endpoint?: Endpoint): Promise<Opened>
}

const never = new AbortController().signal

/**
 * The contract of `Driver` as a suite: declares one test for each thing that every driver promises. It needs a real server.
 * A failed test throws an `AssertionError`.
 */
export function driverContract({ test, create, capabilities = {} }: DriverContract): void {
  const { databases = true } = capabilities
  const suites = databases ? { ...cases, ...databaseCases } : cases
  for (const [name, run] of Object.entries(suites)) {
    test(`driver: ${name}`, async () => {
      const fixture = await create()
      const opened: Connection[] = []
      const open = async (endpoint = fixture.endpoint): Promise<Opened> => {
        const ends: Error[] = []
        const connection = await fixture.driver.connect(endpoint, { onEnd: (error) => ends.push(error) }, never)
        opened.push(connection)
        return { ends, send: (command) => connection.send(command), close: () => connection.close(), destroy: () => connection.destroy() }
      }
      try {
        await run({ ...fixture, open })
      } finally {
        for (const connection of opened) connection.destroy()
        await fixture.cleanup?.()
      }
    })
  }
}

const cases: Readonly<Record<string, (context: Context) => Promise<void>>> = {
  async 'status, integer, null and nested replies come as they are'({ open }) {
    const { send } = await open()
    assert.equal(text(await send(['PING'])), 'PONG')
    assert.equal(await send(['GET', newKey()]), null)
    assert.equal(await send(['EXISTS', newKey()]), 0)
    const nested = (await send(['EVAL', "return {1,{'a',false},'b',-7}", '0'])) as Reply[]
    assert.ok(Array.isArray(nested) && Array.isArray(nested[1]), 'an array reply is an array')
    assert.deepEqual([nested[0], text(nested[1][0]), nested[1][1], text(nested[2]), nested[3]], [1, 'a', null, 'b', -7])
  },

  async 'bulk replies are bytes, whatever they hold'({ open }) {
    const { send } = await open()
    const everyByte = Uint8Array.from({ length: 512 }, (_, i) => i % 256)
    for (const value of [everyByte, new Uint8Array(0), new TextEncoder().encode('\r\n$-1\r\n'), Buffer.from('a Buffer')]) {
      const key = newKey()
      await send(['SET', key, value, 'PX', '60000'])
      const stored = await send(['GET', key])
      assert.ok(stored instanceof Uint8Array, `expected bytes; found ${typeof stored}`)
      assert.deepEqual([...stored], [...value])
    }
  },

  async 'a part of a larger array is sent as that part'({ open }) {
    const { send } = await open()
    const key = newKey()
    await send(['SET', key, new TextEncoder().encode('before|value|after').subarray(7, 12), 'PX', '60000'])
    assert.equal(text(await send(['GET', key])), 'value')
  },

  async 'text is sent as UTF-8'({ open }) {
    const { send } = await open()
    const key = `${newKey()}:日本語🧂`
    await send(['SET', new TextEncoder().encode(key), 'é', 'PX', '60000'])
    assert.equal(text(await send(['GET', key])), 'é')
  },

  async 'commands of one turn are run in order, and each gets its own reply'({ open }) {
    const { send } = await open()
    const key = newKey()
    const replies = await Promise.all(Array.from({ length: 5000 }, () => send(['INCR', key])))
    assert.deepEqual(
      replies,
      replies.map((_, i) => i + 1),
    )
    await send(['PEXPIRE', key, '60000'])
    const mixed = Array.from({ length: 300 }, (_, i) =>
      i % 3 === 0 ? send(['SET', key, String(i), 'PX', '60000']) : i % 3 === 1 ? send(['GET', key]) : send(['STRLEN', key]),
    )
    const values = (await Promise.all(mixed)).map((reply) => (typeof reply === 'number' ? reply : text(reply)))
    values.forEach((value, i) => assert.equal(value, [`OK`, String(i - 1), String(i - 2).length][i % 3]))
  },

  async 'an error reply rejects its command alone, and is told apart'({ driver, open }) {
    const { send, ends } = await open()
    const key = newKey()
    const [, wrong, unknown, value] = await Promise.allSettled([
      send(['SET', key, 'v', 'PX', '60000']),
      send(['LPUSH', key, 'x']),
      send(['NO.SUCH.COMMAND']),
      send(['GET', key]),
    ])
    assert.equal(wrong.status, 'rejected')
    assert.ok(driver.isErrorReply(wrong.reason), 'an error reply is recognised')
    assert.match((wrong.reason as Error).message, /^WRONGTYPE /)
    assert.ok(unknown.status === 'rejected' && /^ERR /.test((unknown.reason as Error).message))
    assert.equal(value.status === 'fulfilled' && text(value.value), 'v')
    assert.ok(!driver.isErrorReply(new Error('ERR not from a server')), 'another error is no error reply')
    assert.equal(ends.length, 0)
  },

  async 'large values go and come whole'({ open }) {
    const { send } = await open()
    const value = new Uint8Array(8 * 1024 * 1024).map((_, i) => (i * 31) % 251)
    const keys = [newKey(), newKey(), newKey()]
    await Promise.all(keys.map((key) => send(['SET', key, value, 'PX', '60000'])))
    for (const stored of (await send(['MGET', ...keys])) as Uint8Array[]) assert.ok(Buffer.from(value).equals(stored))
    await send(['DEL', ...keys])
  },

  async 'destroy rejects what waits, is no end to be told of, and may be called again'({ driver, open }) {
    const connection = await open()
    const waiting = connection.send(['BLPOP', newKey(), '0'])
    connection.destroy()
    const error = await rejection(waiting)
    assert.ok(!driver.isErrorReply(error), 'a lost connection is no error reply')
    await rejection(connection.send(['PING']))
    connection.destroy()
    await turns()
    assert.equal(connection.ends.length, 0)
  },

  async 'close waits for the replies that are due'({ open }) {
    const connection = await open()
    const key = newKey()
    const due = Array.from({ length: 200 }, () => connection.send(['INCR', key]))
    await connection.close()
    assert.equal((await Promise.all(due)).at(-1), 200)
    await (await open()).send(['DEL', key])
    await rejection(connection.send(['PING']))
    await turns()
    assert.equal(connection.ends.length, 0)
  },

  async 'an end by the server is told once, rejects what waits, and is final'({ open }) {
    const connection = await open()
    const other = await open()
    const id = await connection.send(['CLIENT', 'ID'])
    const waiting = [connection.send(['BLPOP', newKey(), '0']), connection.send(['PING'])].map(rejection)
    await turns()
    await other.send(['CLIENT', 'KILL', 'ID', String(id)])
    await Promise.all(waiting)
    await until('the end is told', () => connection.ends.length > 0)
    await rejection(connection.send(['PING']))
    await turns()
    assert.equal(connection.ends.length, 1)
    assert.equal(text(await other.send(['PING'])), 'PONG')
  },

  async 'an unreadable reply ends the connection'({ endpoint, open }) {
    if (endpoint.host === undefined || endpoint.tls !== undefined) return
    const relay = await startRelay(endpoint)
    try {
      const connection = await open({ ...endpoint, host: '127.0.0.1', port: relay.port })
      const waiting = rejection(connection.send(['BLPOP', newKey(), '0']))
      relay.inject('?nonsense\r\n')
      await waiting
      await until('the end is told', () => connection.ends.length > 0)
    } finally {
      relay.stop()
    }
  },

  async 'a wrong password rejects with the reply of the server'({ driver, endpoint, open }) {
    const error = await rejection(open({ ...endpoint, username: 'nobody-of-this-name', password: 'certainly not the password' }))
    assert.ok(driver.isErrorReply(error), `expected an error reply; found ${String(error)}`)
  },

  async 'a closed port rejects soon'({ driver, open }) {
    const server = await listen(() => {})
    const { port } = server.address() as AddressInfo
    await new Promise((resolve) => server.close(resolve))
    const error = await within(5000, rejection(open({ host: '127.0.0.1', port, database: 0, name: 'closed' })))
    assert.ok(!driver.isErrorReply(error))
  },

  async 'a server that hangs up at once rejects soon'({ open }) {
    const server = await listen((socket) => socket.destroy())
    try {
      await within(
        5000,
        rejection(open({ host: '127.0.0.1', port: (server.address() as AddressInfo).port, database: 0, name: 'hangs up' })),
      )
    } finally {
      server.close()
    }
  },

  async 'connect rejects when the signal aborts, and leaves no socket behind'({ driver }) {
    const sockets = new Set<Socket>()
    const server = await listen((socket) => {
      sockets.add(socket)
      socket.resume()
      socket.on('close', () => sockets.delete(socket))
    })
    try {
      const silent: Endpoint = { host: '127.0.0.1', port: (server.address() as AddressInfo).port, database: 0, name: 'silent' }
      const abort = new AbortController()
      const attempt = rejection(driver.connect(silent, { onEnd() {} }, abort.signal))
      await until('the connection is made', () => sockets.size === 1)
      await turns()
      abort.abort(new Error('enough'))
      await within(1000, attempt)
      await until('the socket is gone', () => sockets.size === 0)
      await within(1000, rejection(driver.connect(silent, { onEnd() {} }, AbortSignal.abort())))
      await until('no socket is left', () => sockets.size === 0)
    } finally {
      for (const socket of sockets) socket.destroy()
      server.close()
    }
  },
}

const databaseCases: Readonly<Record<string, (context: Context) => Promise<void>>> = {
  async 'the database of the endpoint is selected'({ endpoint, open }) {
    const zero = await open({ ...endpoint, database: 0 })
    const one = await open({ ...endpoint, database: 1 })
    const key = newKey()
    await one.send(['SET', key, 'in one', 'PX', '60000'])
    assert.equal(await zero.send(['GET', key]), null)
    assert.equal(text(await one.send(['GET', key])), 'in one')
  },

  async 'a database that is not there rejects with the reply of the server'({ driver, endpoint, open }) {
    assert.ok(driver.isErrorReply(await rejection(open({ ...endpoint, database: 1_000_000 }))))
  },
}

const newKey = (): string => `driver-contract:${randomUUID()}`

function text(reply: Reply | undefined): string {
  assert.ok(typeof reply === 'string' || reply instanceof Uint8Array, `expected text or bytes; found ${String(reply)}`)
  return typeof reply === 'string' ? reply : Buffer.from(reply).toString()
}

async function rejection(promise: Promise<unknown>): Promise<unknown> {
  let found: unknown
  try {
    found = await promise
  } catch (error) {
    return error
  }
  assert.fail(`expected a rejection; found ${String(found)}`)
}

/** A few turns of the event loop, for what should not happen to have had its chance. */
async function turns(): Promise<void> {
  for (let i = 0; i < 5; i++) await new Promise((resolve) => setTimeout(resolve, 2))
}

async function until(what: string, condition: () => boolean): Promise<void> {
  const end = performance.now() + 5000
  while (!condition()) {
    assert.ok(performance.now() < end, `not within 5 s: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
}

async function within<T>(ms: number, promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>(
    (_, reject) => (timer = setTimeout(() => reject(new assert.AssertionError({ message: `not settled within ${ms} ms` })), ms)),
  )
  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}

function listen(onSocket: (socket: Socket) => void): Promise<Server> {
  return new Promise((resolve) => {
    const server = createServer((socket) => {
      socket.on('error', () => {})
      onSocket(socket)
    })
    server.listen(0, '127.0.0.1', () => resolve(server))
  })
}

/** Stands between a driver and its server, and can put in words of its own. */
async function startRelay({ host, port }: Endpoint): Promise<{ port: number; inject(text: string): void; stop(): void }> {
  const sockets: Socket[] = []
  const clients: Socket[] = []
  const server = await listen((client) => {
    const upstream = connectSocket(port ?? 6379, host)
    upstream.on('error', () => {})
    client.pipe(upstream).pipe(client)
    clients.push(client)
    sockets.push(client, upstream)
  })
  return {
    port: (server.address() as AddressInfo).port,
    inject: (words) => clients.forEach((client) => client.write(words)),
    stop() {
      for (const socket of sockets) socket.destroy()
      server.close()
    },
  }
}
