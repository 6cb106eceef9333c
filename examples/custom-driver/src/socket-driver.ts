import { connect as connectTcp } from 'node:net'
import { connect as connectTls } from 'node:tls'
import type { Command, Connection, Driver, Endpoint, Reply } from '@shale/contracts'

class ErrorReply extends Error {}

type Waiting = [resolve: (reply: Reply) => void, reject: (error: Error) => void]

/** A driver over a bare socket: RESP 2 and nothing else. */
export const socketDriver: Driver = {
  name: 'socket',
  isErrorReply: (error) => error instanceof ErrorReply,
  async connect(endpoint, events, signal): Promise<Connection> {
    signal.throwIfAborted()
    const { host = '', port = 0, path, tls } = endpoint
    const place = path === undefined ? { host, port } : { path }
    const socket = tls === undefined ? connectTcp(place) : connectTls({ ...place, ...tls })
    const waiting: Waiting[] = []
    let state: 'opening' | 'open' | 'ended' = 'opening'
    let unread: Buffer = Buffer.alloc(0)
    const pieces: (string | Uint8Array)[] = []

    const end = (error: Error): void => {
      if (state === 'open') events.onEnd(error)
      state = 'ended'
      socket.destroy()
      for (const [, reject] of waiting.splice(0)) reject(error)
    }
    const flush = (): void => {
      socket.cork()
      for (const piece of pieces.splice(0)) socket.write(piece)
      socket.uncork()
    }
    const send = (command: Command): Promise<Reply> => {
      if (socket.destroyed) return Promise.reject(new Error('The connection has ended'))
      if (pieces.length === 0) setImmediate(flush)
      pieces.push(`*${command.length}\r\n`)
      for (const part of command) pieces.push(`$${Buffer.byteLength(part)}\r\n`, part, '\r\n')
      return new Promise((resolve, reject) => waiting.push([resolve, reject]))
    }
    const abort = (): void => end(signal.reason as Error)
    signal.addEventListener('abort', abort)
    socket.on('error', end)
    socket.on('close', () => end(new Error('The server closed the connection')))
    socket.on('data', (chunk) => {
      unread = unread.length === 0 ? chunk : Buffer.concat([unread, chunk])
      try {
        let start = 0
        for (let found = read(unread, 0); found !== undefined; found = read(unread, start)) {
          start = found.end
          const [resolve, reject] = waiting.shift() as Waiting
          if (found.reply instanceof ErrorReply) reject(found.reply)
          else resolve(found.reply)
        }
        unread = unread.subarray(start)
      } catch (error) {
        end(error as Error)
      }
    })
    const ready = Promise.all(login(endpoint).map(send)).finally(() => signal.removeEventListener('abort', abort))
    ready.catch(end)
    await ready
    state = 'open'
    const destroy = (): void => {
      state = 'ended'
      end(new Error('The connection was destroyed'))
    }
    return { send, destroy, close: () => send(['PING']).then(destroy, destroy) }
  },
}

function login({ username = 'default', password, database }: Endpoint): Command[] {
  return [...(password === undefined ? [] : [['AUTH', username, password]]), ['SELECT', String(database)], ['PING']]
}

/** The reply at `start`, and where it ends; `undefined` while it is incomplete. https://redis.io/docs/latest/develop/reference/protocol-spec/ */
function read(bytes: Buffer, start: number): { reply: Reply | ErrorReply; end: number } | undefined {
  const lineEnd = bytes.indexOf('\r\n', start)
  if (lineEnd < 0) return undefined
  const [kind, line, end] = [bytes.toString('latin1', start, start + 1), bytes.toString('utf8', start + 1, lineEnd), lineEnd + 2]
  if (kind === '+') return { reply: line, end }
  if (kind === '-') return { reply: new ErrorReply(line), end }
  if (kind === ':') return { reply: Number(line), end }
  const length = Number(line)
  if (kind === '$') {
    if (length < 0) return { reply: null, end }
    return bytes.length < end + length + 2 ? undefined : { reply: bytes.subarray(end, end + length), end: end + length + 2 }
  }
  if (kind !== '*') throw new Error(`Expected a RESP 2 reply; found ${JSON.stringify(kind)}`)
  if (length < 0) return { reply: null, end }
  const list = { reply: [] as Reply[], end }
  while (list.reply.length < length) {
    const item = read(bytes, list.end)
    if (item === undefined) return undefined
    list.reply.push(item.reply as Reply)
    list.end = item.end
  }
  return list
}
