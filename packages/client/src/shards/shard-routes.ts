import { describe, ShaleError, type KeyGroup, type Router, type RouterFactory, type RouterNode } from '@shale/contracts'

/** What of a batch concerns one shard. */
export interface Part<I> {
  readonly shard: number
  readonly items: readonly I[]
  /** Where its items are in the batch; `undefined` where it is the whole of it. */
  readonly places: readonly number[] | undefined
}

/** Which of several shards a key lives on, by a router. */
export class ShardRoutes {
  readonly #names: readonly string[]
  readonly #router: Router
  readonly #indexOf: ReadonlyMap<string, number>
  /** Batches all of whose keys are known to live on one shard. */
  readonly #groups = new WeakMap<readonly unknown[], number>()

  /** @throws ShaleError `CONFIG_INVALID` for shards that the router refuses, and for a router that is none. */
  constructor(shards: readonly RouterNode[], factory: RouterFactory) {
    this.#names = shards.map(({ name }) => name)
    this.#indexOf = new Map(this.#names.map((name, i) => [name, i]))
    this.#router = factory(shards.map(({ name, weight }) => (weight === undefined ? { name } : { name, weight })))
    if (typeof (this.#router as Partial<Router> | undefined)?.route === 'function') return
    // `router: ketama` instead of `router: ketama()`: what is called then is what makes the factory.
    const hint = typeof this.#router === 'function' ? ` Call it: ${factory.name || 'router'}().` : ''
    throw new ShaleError('CONFIG_INVALID', `router: expected a factory of routers; it gave ${describe(this.#router)}.${hint}`)
  }

  /** The place of a key's shard among the shards. */
  of(key: string): number {
    if (this.#names.length === 1) return 0
    const name = this.#router.route(key)
    const index = this.#indexOf.get(name)
    if (index !== undefined) return index
    const names = this.#names.map((one) => JSON.stringify(one)).join(', ')
    throw new ShaleError('CONFIG_INVALID', `router: expected route() to give one of its nodes' names, ${names}; it gave ${describe(name)}.`)
  }

  /** The items of a batch by their shards. */
  divide<I>(items: readonly I[], keyOf: (item: I) => string): readonly Part<I>[] {
    const known = this.#groups.get(items)
    if (known !== undefined) return [{ shard: known, items, places: undefined }]
    const parts = new Array<GrowingPart<I> | undefined>(this.#names.length)
    for (let place = 0; place < items.length; place++) {
      const item = items[place] as I
      const shard = this.of(keyOf(item))
      const part = (parts[shard] ??= { shard, items: [], places: [] })
      part.items.push(item)
      part.places.push(place)
    }
    return parts.filter((part) => part !== undefined)
  }

  /** Keys by their shards, in arrays whose shard is known from now on. */
  groups(keys: readonly string[]): readonly KeyGroup[] {
    return this.divide(keys, itself).map(({ shard, items, places = [...keys.keys()] }) => {
      this.#groups.set(items, shard)
      return { shard: this.#names[shard] as string, keys: items, places }
    })
  }
}

interface GrowingPart<I> extends Part<I> {
  readonly items: I[]
  readonly places: number[]
}

const itself = (key: string): string => key
