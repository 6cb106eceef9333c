import type { Cache } from '@shale/cache'

const readers = 24

/** What became of the reads of a while. */
export interface Window {
  readonly reads: number
  readonly hits: number
}

/** A shop's pages: reads of products, and now and then a change of one, spread over the processes that run just now. */
export class Load {
  /** The caches of the processes that run. */
  readonly processes: Cache[] = []
  readonly #products: number
  readonly #running: Promise<void>[]
  #reads = 0
  #hits = 0
  #isOver = false

  constructor(products: number, processes: readonly Cache[]) {
    this.#products = products
    this.processes.push(...processes)
    this.#running = Array.from({ length: readers }, () => this.#visit())
  }

  /** What was read since the last look. */
  look(): Window {
    const window = { reads: this.#reads, hits: this.#hits }
    this.#reads = this.#hits = 0
    return window
  }

  async stop(): Promise<void> {
    this.#isOver = true
    await Promise.all(this.#running)
  }

  async #visit(): Promise<void> {
    while (!this.#isOver) {
      const id = Math.floor(Math.random() * this.#products)
      const cache = this.processes[Math.floor(Math.random() * this.processes.length)] as Cache
      if (Math.random() < 0.05) await cache.set(`product:${id}`, product(id))
      else {
        const found = await cache.get(`product:${id}`)
        this.#reads++
        if (found !== undefined) this.#hits++
        else await cache.set(`product:${id}`, product(id))
      }
      await new Promise((resolve) => setTimeout(resolve, 2 + Math.random() * 6))
    }
  }
}

export function product(id: number): object {
  return { id, name: `product ${id}`, price: id * 10, at: Date.now() }
}
