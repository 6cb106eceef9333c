import {
  ShaleError,
  type Answer,
  type Brought,
  type ScanPage,
  type ServerStatus,
  type Store,
  type StoreObserver,
  type StorePart,
} from '@shale/contracts'
import type { Layouts } from './layouts.ts'
import { shardsFailed } from '../shards/shards-failed.ts'

/** Brings over what is where a part of the other layout has it; `undefined` is none of its parts. */
type BringFrom = (keys: readonly string[], before: StorePart | undefined) => Promise<Answer<Brought>[]>

/** What concerns two layouts as a whole, and no single key. */
export class BothLayouts {
  readonly #layouts: Layouts

  constructor(layouts: Layouts) {
    this.#layouts = layouts
  }

  /** The other layout is gone through before and after the current one, since entries may be on their way in either direction. */
  async *scan(pattern: string): AsyncGenerator<ScanPage, void, undefined> {
    const { current, previous, isSame } = this.#layouts
    const failures = new Map<string, ShaleError>()
    for (const store of [previous, current, previous]) {
      if (store === previous && failures.size > 0) continue
      try {
        for await (const page of store.scan(pattern)) yield store === previous ? page.filter((key) => !isSame(key)) : page
      } catch (error) {
        failures.set(this.#nameOf(store), ShaleError.from(error, 'SERVER_UNAVAILABLE'))
      }
    }
    throwAny('scan', failures)
  }

  /** Empties both twice: a copy that was under way may have been stored between. */
  async flush(): Promise<void> {
    for (let round = 0; round < 2; round++) throwAny('flush', await this.#each((store) => store.flush()))
  }

  async connect(): Promise<void> {
    throwAny('connect', await this.#each((store) => store.connect()))
  }

  async close(): Promise<void> {
    await Promise.all([this.#layouts.current.close(), this.#layouts.previous.close()])
  }

  observe(observer: StoreObserver): void {
    this.#layouts.current.observe?.(observer)
    this.#layouts.previous.observe?.(observer)
  }

  status(): readonly ServerStatus[] {
    const { current, previous } = this.#layouts
    const servers = new Map<string, ServerStatus>()
    for (const status of [...(current.status?.() ?? []), ...(previous.status?.() ?? [])]) {
      const name = `${status.shard} ${status.server}`
      if (!servers.has(name)) servers.set(name, status)
    }
    return [...servers.values()]
  }

  /** The parts of both, each store once; what belongs there is what the current layout has there. */
  parts(bring: BringFrom): readonly StorePart[] {
    const [here, there] = [partsOf(this.#layouts.current), partsOf(this.#layouts.previous)]
    const known = new Set(here.map(({ store }) => store))
    const others = there.filter(({ store }) => !known.has(store)).map((part) => ({ ...part, isHome: () => false }))
    return [...here, ...others].map((part) => {
      const before = there.find(({ store }) => store === part.store)
      return { ...part, bring: (keys) => bring(keys, before) }
    })
  }

  async #each(call: (store: Store) => Promise<void>): Promise<ReadonlyMap<string, ShaleError>> {
    const failures = new Map<string, ShaleError>()
    const callOne = async (store: Store): Promise<void> => {
      try {
        await call(store)
      } catch (error) {
        failures.set(this.#nameOf(store), ShaleError.from(error, 'SERVER_UNAVAILABLE'))
      }
    }
    await Promise.all([callOne(this.#layouts.current), callOne(this.#layouts.previous)])
    return failures
  }

  /** A layout, for people, where its error names no shards. */
  #nameOf(store: Store): string {
    return store === this.#layouts.current ? 'the servers' : 'the previous servers'
  }
}

function partsOf(store: Store): readonly StorePart[] {
  return store.parts?.() ?? [{ shard: store.locate('').shard, store, isHome: () => true }]
}

function throwAny(operation: string, failures: ReadonlyMap<string, ShaleError>): void {
  const [only] = failures.values()
  if (only !== undefined) throw failures.size === 1 ? only : shardsFailed(operation, failures)
}
