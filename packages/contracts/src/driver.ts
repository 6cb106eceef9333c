import type { SecureContextOptions } from 'node:tls'

/** TLS as a client needs it: `true` trusts the system's authorities. */
export interface TlsOptions extends Pick<SecureContextOptions, 'ca' | 'cert' | 'key' | 'passphrase' | 'minVersion' | 'ciphers'> {
  readonly servername?: string | undefined
  /** `false` accepts any certificate; for tests only. */
  readonly rejectUnauthorized?: boolean | undefined
}

/** One server, and who we are to it. Exactly one of `path` and `host` is there. */
export interface Endpoint {
  readonly host?: string
  readonly port?: number
  /** A Unix socket. */
  readonly path?: string
  readonly tls?: TlsOptions
  readonly username?: string
  readonly password?: string
  readonly database: number
  /** The server as it may be shown: `host:port/db` or the path; without any secret. */
  readonly name: string
}

/** A command and its arguments. */
export type Command = readonly (string | Uint8Array)[]

/** What a server replies: status text, integer, bulk bytes, null, or an array of these. */
export type Reply = string | number | Uint8Array | null | Reply[]

/** One connection to one server, ready for commands. Replies come in the order of the commands. */
export interface Connection {
  /**
   * Sends a command, in the order of the calls. The command and its bytes are the connection's until the promise settles: no
   * one may change them meanwhile. Commands of one turn of the event loop go out together. Rejects with the server's error reply, or with another error if the connection ended first: then nobody
   * knows whether the command was run. It is never sent twice.
   */
  send(command: Command): Promise<Reply>
  /** Waits for the replies that are due, then ends the connection. */
  close(): Promise<void>
  /** Ends the connection at once; what waits is rejected. */
  destroy(): void
}

/** What a connection tells whoever opened it. */
export interface ConnectionEvents {
  /** The connection ended without `close` or `destroy`; called at most once. */
  onEnd(error: Error): void
}

/** Speaks to one server by some client library. It connects once and never reconnects: that is the caller's. */
export interface Driver {
  readonly name: string
  /**
   * Opens a connection: TLS, authentication and database included. Rejects when that fails, or when `signal` aborts,
   * and then leaves no socket behind. An open connection keeps the process alive; one that is being opened should not: whoever
   * waits for it sees to that.
   */
  connect(endpoint: Endpoint, events: ConnectionEvents, signal: AbortSignal): Promise<Connection>
  /** Whether an error of `send` or `connect` is the server's own reply, so that its message starts with a Redis error code. */
  isErrorReply(error: unknown): boolean
}
