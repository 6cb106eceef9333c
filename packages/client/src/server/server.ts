import type { Command, Endpoint, Reply, ServerStatus, Store, StoreObserver } from '@shale/contracts'
import { ServerStore, type ServerStoreOptions } from './server-store.ts'

/** What is said of a server that is found at run time. */
export type FoundServer = Pick<ServerStoreOptions, 'shard' | 'leaseKey' | 'singleKeys' | 'admit'>

/** Opens servers with what holds for all servers of a store: driver, connections, timeouts, clock. */
export type OpenServer = (endpoint: Endpoint, found: FoundServer) => Server

/** One server: its store, guarded, and how it is. */
export class Server {
  readonly endpoint: Endpoint
  readonly shard: string
  /** Refuses at once what the server cannot answer now; has no deadline of its own. */
  readonly store: Store
  /** As `store`, for keys whose slot the server is about to be given. */
  readonly asking: Store
  readonly #store: ServerStore

  constructor(options: ServerStoreOptions) {
    this.endpoint = options.endpoint
    this.shard = options.shard
    this.#store = new ServerStore(options)
    this.store = this.#store
    this.asking = this.#store.asking
  }

  /** The server as it may be shown. */
  get name(): string {
    return this.endpoint.name
  }

  /** Whether calls are let through to it: it was not found to be down. To ask for it keeps a server that is down being probed. */
  get available(): boolean {
    return this.#store.links.available
  }

  /** Milliseconds from a command to its reply, smoothed; `undefined` before the first. */
  get latency(): number | undefined {
    return this.#store.links.latency.smoothed
  }

  /** For how many milliseconds it has not said a word, though it owes an answer. */
  get quietFor(): number {
    return this.#store.links.watchdog.quietFor
  }

  /** How often a connection to it was lost: it may have begun anew since. */
  get losses(): number {
    return this.#store.links.losses
  }

  /** Milliseconds, ever, by which this process was late itself to look at what it had asked. */
  get lateness(): number {
    return this.#store.links.watchdog.lateness
  }

  /** How it is; what its part in a replica set is, and how far behind it is, only that knows. */
  status(): ServerStatus {
    const { state, breaker, latency, reconnects } = this.#store.links
    return {
      shard: this.shard,
      server: this.name,
      role: 'unknown',
      state,
      breaker,
      latency: latency.percentiles(),
      lag: undefined,
      reconnects,
    }
  }

  /** Asks the server about itself. Rejects with a `ShaleError`. */
  ask(command: Command): Promise<Reply> {
    return this.#store.ask(command)
  }

  /**
   * Makes the first attempt after a loss now, instead of some time within the next 800 ms: for what cannot go on without this very
   * server.
   */
  hurry(): void {
    this.#store.links.hurry()
  }

  observe(observer: StoreObserver): void {
    this.#store.observe(observer)
  }

  connect(): Promise<void> {
    return this.#store.connect()
  }

  close(): Promise<void> {
    return this.#store.close()
  }
}
