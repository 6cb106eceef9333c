import { StoreDecorator, type ServerStatus, type StoreLocation, type StoreObserver } from '@shale/contracts'
import type { Server } from '../server/server.ts'

/** A shard that is one server. */
export class OneServer extends StoreDecorator {
  override readonly observe: (observer: StoreObserver) => void
  override readonly status: () => readonly ServerStatus[]
  readonly #server: Server

  constructor(server: Server) {
    super(server.store)
    this.#server = server
    this.observe = (observer) => server.observe(observer)
    this.status = () => [server.status()]
  }

  override locate(_key: string): StoreLocation {
    return { shard: this.#server.shard, server: this.#server.name }
  }

  override connect(): Promise<void> {
    return this.#server.connect()
  }

  override close(): Promise<void> {
    return this.#server.close()
  }
}
