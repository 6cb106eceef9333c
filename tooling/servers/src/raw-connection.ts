import { connect, type NetConnectOpts, type Socket } from 'node:net'

/** A reply as it came: text, number, null, an `Error` for an error reply, or an array of these. */
export type RawReply = string | number | null | Error | RawReply[]

/** The smallest connection to a server that tests can look through, beside the client under test. Bulk replies are read as Latin-1. */
export class RawConnection {
  readonly #socket: Socket
  #buffer = ''
  #waiting: { resolve(reply: RawReply): void; reject(error: Error): void }[] = []

  constructor(options: NetConnectOpts) {
    this.#socket = connect(options)
    this.#socket.setEncoding('latin1')
    this.#socket.on('data', (chunk: string) => this.#read(chunk))
    this.#socket.on('error', (error) => this.#end(error))
    this.#socket.on('close', () => this.#end(new Error('The connection is closed')))
    this.#socket.unref()
  }

  /** Whether it has ended, by `close` or by the server. */
  get closed(): boolean {
    return this.#socket.destroyed
  }

  /** Sends a command; gives its reply, or throws its error reply. */
  async command(...args: (string | number | Uint8Array)[]): Promise<RawReply> {
    const parts: Buffer[] = [Buffer.from(`*${args.length}\r\n`)]
    for (const arg of args) {
      const bytes = typeof arg === 'object' ? Buffer.from(arg) : Buffer.from(String(arg))
      parts.push(Buffer.from(`$${bytes.length}\r\n`), bytes, Buffer.from('\r\n'))
    }
    if (this.#socket.destroyed) throw new Error('The connection is closed')
    this.#socket.ref()
    const reply = await new Promise<RawReply>((resolve, reject) => {
      this.#waiting.push({ resolve, reject })
      this.#socket.write(Buffer.concat(parts))
    })
    if (reply instanceof Error) throw reply
    return reply
  }

  close(): void {
    this.#socket.destroy()
  }

  #read(chunk: string): void {
    this.#buffer += chunk
    for (;;) {
      const parsed = parse(this.#buffer, 0)
      if (parsed === undefined) return
      this.#buffer = this.#buffer.slice(parsed[1])
      this.#waiting.shift()?.resolve(parsed[0])
      if (this.#waiting.length === 0) this.#socket.unref()
    }
  }

  #end(error: Error): void {
    for (const { reject } of this.#waiting.splice(0)) reject(error)
  }
}

/** The reply at `start`, and where it ends; `undefined` while it is incomplete. */
function parse(text: string, start: number): [RawReply, number] | undefined {
  const end = text.indexOf('\r\n', start)
  if (end < 0) return undefined
  const line = text.slice(start + 1, end)
  const next = end + 2
  switch (text[start]) {
    case '+':
      return [line, next]
    case '-':
      return [new Error(line), next]
    case ':':
      return [Number(line), next]
    case '$': {
      const length = Number(line)
      if (length < 0) return [null, next]
      return text.length < next + length + 2 ? undefined : [text.slice(next, next + length), next + length + 2]
    }
    default: {
      const count = Number(line)
      if (count < 0) return [null, next]
      const items: RawReply[] = []
      let at = next
      for (let i = 0; i < count; i++) {
        const item = parse(text, at)
        if (item === undefined) return undefined
        items.push(item[0])
        at = item[1]
      }
      return [items, at]
    }
  }
}
