import { ShaleError, type Endpoint } from '@shale/contracts'
import { askSentinel, type SentinelView } from './sentinel-view.ts'
import type { ServerDefaults } from '../options/server-address.ts'
import { isTlsProblem } from '../server/reply-error.ts'
import type { OpenServer, Server } from '../server/server.ts'

export interface SentinelPeerOptions {
  readonly shard: string
  readonly master: string
  readonly open: OpenServer
  /** Who the cache is to the servers of data, for a sentinel that asks for a password and was named without. */
  readonly credentials: Pick<ServerDefaults, 'username' | 'password'>
}

/** One sentinel that can be asked. */
export class SentinelPeer {
  readonly name: string
  readonly #options: SentinelPeerOptions
  /** Who we may be to it, in the order tried. */
  readonly #endpoints: Endpoint[]
  #server: Server
  #open: Promise<SentinelView> | undefined

  constructor(endpoint: Endpoint, options: SentinelPeerOptions) {
    this.#options = options
    // A sentinel has one database.
    const { username, password, ...place } = { ...endpoint, database: 0, name: endpoint.path ?? endpoint.name.replace(/\/\d+$/, '') }
    const own = credentialsOf({ username, password })
    const others = password === undefined ? credentialsOf(options.credentials) : {}
    this.name = place.name
    this.#endpoints = [{ ...place, ...own }]
    if (own.password !== others.password) this.#endpoints.push({ ...place, ...others })
    this.#server = this.#connectTo(this.#endpoints[0] as Endpoint)
  }

  /** What it says now. Of several questions at once one is sent. Rejects as `askSentinel`. */
  ask(): Promise<SentinelView> {
    this.#open ??= this.#ask().finally(() => (this.#open = undefined))
    return this.#open
  }

  close(): Promise<void> {
    return this.#server.close()
  }

  async #ask(): Promise<SentinelView> {
    const { master } = this.#options
    try {
      return await askSentinel(this.#server, master)
    } catch (error) {
      // Sentinels often have no password where their servers have one, or the same one.
      const [, another] = this.#endpoints
      if (!isLoginRefused(error) || another === undefined) throw error
      const server = this.#connectTo(another)
      try {
        const view = await askSentinel(server, master)
        this.#endpoints.length = 1
        void this.#server.close().catch(() => {})
        this.#server = server
        return view
      } catch (other) {
        if (isLoginRefused(other)) this.#endpoints.length = 1
        void server.close().catch(() => {})
        throw error
      }
    }
  }

  #connectTo(endpoint: Endpoint): Server {
    const { open, shard } = this.#options
    return open(endpoint, { shard })
  }
}

/** Whether we are not who may ask, as opposed to a certificate that is not trusted: that says nothing of the login. */
function isLoginRefused(error: unknown): boolean {
  return ShaleError.is(error) && error.code === 'SERVER_AUTH' && !isTlsProblem(error.cause)
}

function credentialsOf({ username, password }: ServerDefaults): Pick<Endpoint, 'username' | 'password'> {
  return { ...(username === undefined ? {} : { username }), ...(password === undefined ? {} : { password }) }
}
