import { createServer } from 'node:net'

// Below what systems give to outgoing connections, so that none of these takes the port of a server that is being restarted.
const lowest = 10_000
const highest = 32_000

/** A port of the loopback interface that was free a moment ago; whoever binds it must be ready to try another. */
export async function freePort(below: number = highest): Promise<number> {
  for (;;) {
    const port = lowest + Math.floor(Math.random() * (below - lowest))
    if (await isFreePort(port)) return port
  }
}

/** Whether nobody listens on a port of the loopback interface. */
export function isFreePort(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
}
