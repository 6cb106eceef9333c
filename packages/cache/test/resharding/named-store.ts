import { StoreDecorator, type Store, type StoreLocation } from '@shale/contracts'

/** A store that says that it is a server of its own. */
export class NamedStore extends StoreDecorator {
  readonly #name: string

  constructor(name: string, store: Store) {
    super(store)
    this.#name = name
  }

  override locate(): StoreLocation {
    return { shard: this.#name, server: this.#name }
  }
}
