import { connect, createServer, type AddressInfo, type NetConnectOpts, type Socket } from 'node:net'

/** A TCP proxy in front of one server that can be told to misbehave. Each setter holds from now on, for open connections too. */
export interface FaultProxy extends AsyncDisposable {
  readonly host: string
  readonly port: number
  /** How many connections are open now. */
  readonly connections: number
  /** How many were ever accepted. */
  readonly accepted: number
  /** Delays every chunk, both ways, by so many milliseconds. */
  latency(ms: number): void
  /** Ends each connection after so many more bytes of replies. */
  cutAfter(bytes: number): void
  /** Swallows whatever comes, both ways: connections stay open and fall silent, for good once something of theirs was swallowed. */
  blackHole(on: boolean): void
  /** Swallows whatever comes on so many of the connections that are open now, the oldest first, for good; others go on. */
  silence(count: number): void
  /** Ends new connections at once. */
  refuse(on: boolean): void
  /** Resets all open connections. */
  reset(): void
  /** Undoes all of the above, except that a connection of which something was swallowed stays silent: no stream goes on with a gap. */
  heal(): void
  stop(): Promise<void>
}

interface Faults {
  latencyMs: number
  cutAfter: number
  blackHole: boolean
  refuse: boolean
}

/** Starts a proxy to `target`, on a port of its own. */
export function startProxy(target: NetConnectOpts): Promise<FaultProxy> {
  const faults: Faults = { latencyMs: 0, cutAfter: Infinity, blackHole: false, refuse: false }
  const pairs = new Set<readonly [Socket, Socket]>()
  const silent = new Set<readonly [Socket, Socket]>()
  let accepted = 0
  const server = createServer((client) => {
    accepted++
    client.on('error', () => {})
    if (faults.refuse) return client.resetAndDestroy()
    const upstream = connect(target)
    upstream.on('error', () => {})
    const pair = [client, upstream] as const
    pairs.add(pair)
    client.on('close', () => {
      upstream.destroy()
      pairs.delete(pair)
      silent.delete(pair)
    })
    const isSilent = (): boolean => {
      if (faults.blackHole) silent.add(pair)
      return silent.has(pair)
    }
    upstream.on('close', () => client.destroy())
    forward(client, upstream, faults, isSilent)
    forward(upstream, client, faults, isSilent, (chunk) => {
      if (chunk.length < faults.cutAfter) {
        faults.cutAfter -= chunk.length
        return chunk
      }
      const rest = chunk.subarray(0, faults.cutAfter)
      setImmediate(() => client.destroy())
      return rest
    })
  })
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const proxy: FaultProxy = {
        host: '127.0.0.1',
        port: (server.address() as AddressInfo).port,
        get connections() {
          return pairs.size
        },
        get accepted() {
          return accepted
        },
        latency: (ms) => void (faults.latencyMs = ms),
        cutAfter: (bytes) => void (faults.cutAfter = bytes),
        blackHole: (on) => void (faults.blackHole = on),
        silence: (count) => [...pairs].slice(0, count).forEach((pair) => silent.add(pair)),
        refuse: (on) => void (faults.refuse = on),
        reset: () => pairs.forEach(([client]) => client.resetAndDestroy()),
        heal: () => void Object.assign(faults, { latencyMs: 0, cutAfter: Infinity, blackHole: false, refuse: false } satisfies Faults),
        stop: () =>
          new Promise((done) => {
            server.close(() => done())
            pairs.forEach(([client]) => client.destroy())
          }),
        [Symbol.asyncDispose]: () => proxy.stop(),
      }
      resolve(proxy)
    })
  })
}

function forward(
  from: Socket,
  to: Socket,
  faults: Faults,
  isSilent: () => boolean,
  filter: (chunk: Buffer) => Buffer = (chunk) => chunk,
): void {
  const delayed: { readonly due: number; readonly chunk: Buffer }[] = []
  const write = (chunk: Buffer): void => {
    if (!isSilent() && !to.destroyed) to.write(filter(chunk))
  }
  const writeDue = (): void => {
    for (let head = delayed[0]; head !== undefined; head = delayed[0]) {
      const left = head.due - performance.now()
      if (left > 0) return void setTimeout(writeDue, left)
      delayed.shift()
      write(head.chunk)
    }
  }
  from.on('data', (chunk: Buffer) => {
    if (isSilent()) return
    if (faults.latencyMs === 0 && delayed.length === 0) return write(chunk)
    // Nothing overtakes what is delayed already.
    delayed.push({ due: performance.now() + faults.latencyMs, chunk })
    if (delayed.length === 1) setTimeout(writeDue, faults.latencyMs)
  })
}
