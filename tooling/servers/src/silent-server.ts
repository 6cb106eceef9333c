import { createServer, type AddressInfo, type Socket } from 'node:net'

/** A server that accepts connections and says nothing. */
export interface SilentServer extends AsyncDisposable {
  readonly host: string
  readonly port: number
  /** How many connections are open now. */
  readonly connections: number
  /** How many were ever made. */
  readonly accepted: number
  stop(): Promise<void>
}

export function startSilentServer(): Promise<SilentServer> {
  const sockets = new Set<Socket>()
  let accepted = 0
  const server = createServer((socket) => {
    accepted++
    sockets.add(socket)
    socket.resume()
    socket.on('error', () => {})
    socket.on('close', () => sockets.delete(socket))
  })
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const silent: SilentServer = {
        host: '127.0.0.1',
        port: (server.address() as AddressInfo).port,
        get connections() {
          return sockets.size
        },
        get accepted() {
          return accepted
        },
        stop: () =>
          new Promise((done) => {
            server.close(() => done())
            for (const socket of sockets) socket.destroy()
          }),
        [Symbol.asyncDispose]: () => silent.stop(),
      }
      resolve(silent)
    })
  })
}
