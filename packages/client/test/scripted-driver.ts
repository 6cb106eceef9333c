import type { Command, Connection, ConnectionEvents, Driver, Endpoint, Reply } from '@shale/contracts'

export class ErrorReply extends Error {}

/** A connection whose replies the test gives. */
export class ScriptedConnection implements Connection {
  readonly sent: Command[] = []
  /** What was sent before the connection was used, or to end another one: it is answered at once. */
  readonly introductions: string[] = []
  state: 'open' | 'closed' | 'destroyed' | 'ended' = 'open'
  /** What the server calls it. */
  readonly id: number
  readonly #events: ConnectionEvents
  readonly #waiting: { resolve(reply: Reply): void; reject(error: Error): void }[] = []

  constructor(events: ConnectionEvents, id: number) {
    this.id = id
    this.#events = events
  }

  get unanswered(): number {
    return this.#waiting.length
  }

  /** What was sent, as text. */
  get lines(): string[] {
    return this.sent.map((command) => command.map((part) => (typeof part === 'string' ? part : Buffer.from(part).toString())).join(' '))
  }

  send(command: Command): Promise<Reply> {
    if (command[0] === 'CLIENT') {
      this.introductions.push(command.join(' '))
      return this.introduce(command)
    }
    this.sent.push(command)
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }))
  }

  introduce(command: Command): Promise<Reply> {
    return Promise.resolve(command[1] === 'INFO' ? `id=${this.id} addr=127.0.0.1:${this.id} name=` : 1)
  }

  /** Answers the oldest commands that have no reply. */
  async reply(...replies: (Reply | Error)[]): Promise<void> {
    for (const reply of replies) {
      const next = this.#waiting.shift()
      if (next === undefined) throw new Error('Nothing waits for a reply')
      if (reply instanceof Error) next.reject(reply)
      else next.resolve(reply)
    }
    await turn()
  }

  async replyAll(reply: Reply): Promise<void> {
    await this.reply(...this.#waiting.map(() => reply))
  }

  async end(error = new Error('cut')): Promise<void> {
    this.state = 'ended'
    this.#events.onEnd(error)
    for (const { reject } of this.#waiting.splice(0)) reject(error)
    await turn()
  }

  close(): Promise<void> {
    this.state = 'closed'
    return Promise.resolve()
  }

  destroy(): void {
    this.state = 'destroyed'
    for (const { reject } of this.#waiting.splice(0)) reject(new Error('destroyed'))
  }
}

export interface Attempt {
  readonly endpoint: Endpoint
  readonly signal: AbortSignal
  accept(): Promise<ScriptedConnection>
  refuse(error?: Error): Promise<void>
}

/** A driver whose every step the test takes. */
export class ScriptedDriver implements Driver {
  readonly name = 'scripted'
  readonly attempts: Attempt[] = []
  readonly connections: ScriptedConnection[] = []

  connect(endpoint: Endpoint, events: ConnectionEvents, signal: AbortSignal): Promise<Connection> {
    return new Promise((resolve, reject) => {
      this.attempts.push({
        endpoint,
        signal,
        accept: async () => {
          const connection = new ScriptedConnection(events, this.connections.length + 1)
          this.connections.push(connection)
          resolve(connection)
          await turn()
          return connection
        },
        refuse: async (error = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' })) => {
          reject(error)
          await turn()
        },
      })
    })
  }

  isErrorReply(error: unknown): boolean {
    return error instanceof ErrorReply
  }

  /** The last attempt that was begun. */
  get last(): Attempt {
    const last = this.attempts.at(-1)
    if (last === undefined) throw new Error('There was no attempt')
    return last
  }
}

/** Lets whatever is due without a timer happen. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(() => setImmediate(resolve)))
}

/** Whether a promise has settled, and how. */
export async function outcome<T>(promise: Promise<T>): Promise<T | Error | 'pending'> {
  return Promise.race([promise.catch((error: Error) => error), turn().then(() => 'pending' as const)])
}
