import { Resharding, Sharded } from '@shale/client'
import type { Clock, Store } from '@shale/contracts'
import { createMemoryStore } from '@shale/memory'
import { createSeededRandom } from '@shale/testing'
import { NamedStore } from './named-store.ts'

export const timeout = 500

/** Servers by name, in memory, and stores over some of them. */
export class Layouts {
  readonly servers: ReadonlyMap<string, Store>
  readonly #clock: Clock

  constructor(names: readonly string[], clock: Clock, wrap: (store: Store, name: string) => Store = (store) => store) {
    this.#clock = clock
    this.servers = new Map(names.map((name) => [name, new NamedStore(name, wrap(createMemoryStore({ clock }), name))]))
  }

  /** A store that knows of one layout only. */
  alone(names: readonly string[]): Store {
    const shards = names.map((name) => ({ name, store: this.servers.get(name) as Store }))
    return new Sharded({ shards, timeout, clock: this.#clock })
  }

  /** A store over a layout, with another one as the previous. */
  beside(names: readonly string[], previous: readonly string[]): Resharding {
    return new Resharding({
      current: this.alone(names),
      previous: this.alone(previous),
      timeout,
      clock: this.#clock,
      random: createSeededRandom(1),
    })
  }
}
