/** A place in line: what waits on one key. */
interface Line {
  /** How many steps are under way that nothing may overtake. */
  holders: number
  readonly waiting: (() => void)[]
}

/**
 * Who waits for whom where a call takes several steps: calls on a key that is held wait in line, in the order made, until it is
 * let go. A key that nobody holds costs nothing. Keys may be anything that a `Map` tells apart.
 */
export class Turns<K> {
  readonly #lines = new Map<K, Line>()
  /** What came after a call that concerns all keys and waits for those before. */
  #behind: (() => void)[] | undefined
  /** How much work is under way that concerns all keys. */
  #all = 0

  /** Whether no key is held and nothing waits. */
  get idle(): boolean {
    return this.#behind === undefined && this.#lines.size === 0
  }

  /** Whether a call on the key must wait. */
  waits(key: K): boolean {
    return this.#behind !== undefined || this.#lines.has(key)
  }

  /** Whether one alone holds the key, and nobody waits for it. */
  isHeldByOne(key: K): boolean {
    const line = this.#lines.get(key)
    return this.#behind === undefined && line?.holders === 1 && line.waiting.length === 0
  }

  /** Makes whatever comes for the key wait, until `leave`. May be called several times; each needs its `leave`. */
  hold(key: K): void {
    const line = this.#lines.get(key)
    if (line === undefined) this.#lines.set(key, { holders: 1, waiting: [] })
    else line.holders++
  }

  /** Takes one `hold` back; after the last one those who wait go on, at once and in order. */
  leave(key: K): void {
    const line = this.#lines.get(key)
    if (line === undefined) return
    line.holders--
    this.#go(key, line)
  }

  /** Calls `go` once nothing holds any of the keys and those in line before have gone: at once, if it can. What `go` holds stays held. */
  enter(keys: readonly K[], go: () => void): void {
    if (this.#behind !== undefined) {
      this.#behind.push(() => this.enter(keys, go))
      return
    }
    // All lines are entered in one turn, hence in the same order everywhere: calls cannot wait for each other in a circle.
    const distinct = [...new Set(keys)]
    let missing = distinct.length
    const arrive = (): void => {
      if (--missing > 0) return
      go()
      for (const key of distinct) this.leave(key)
    }
    if (missing === 0) return go()
    for (const key of distinct) {
      const line = this.#lines.get(key)
      if (line === undefined) {
        this.hold(key)
        arrive()
      } else {
        line.waiting.push(() => {
          line.holders++
          arrive()
        })
      }
    }
  }

  /** Calls `go` once nothing is held and nothing waits any more; whatever comes meanwhile, for any key, waits behind it. */
  enterAll(go: () => void): void {
    if (this.#behind !== undefined) {
      this.#behind.push(() => this.enterAll(go))
      return
    }
    this.enter([...this.#lines.keys()], go)
    if (this.#lines.size > 0) this.#behind = []
  }

  /** Settles once all has gone that is in line now, for any key; whatever comes meanwhile need not wait for it. */
  async passed(): Promise<void> {
    await Promise.all([...this.#lines.keys()].map((key) => new Promise<void>((resolve) => this.enter([key], resolve))))
  }

  /** Runs work of several steps alone on its keys. */
  alone<T>(keys: readonly K[], work: () => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.enter(keys, () => {
        for (const key of keys) this.hold(key)
        work()
          .finally(() => keys.forEach((key) => this.leave(key)))
          .then(resolve, reject)
      })
    })
  }

  /** Runs work of several steps while everything else waits. */
  aloneWithAll<T>(work: () => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.enterAll(() => {
        this.#all++
        this.#behind ??= []
        work()
          .finally(() => {
            this.#all--
            this.#goBehind()
          })
          .then(resolve, reject)
      })
    })
  }

  #go(key: K, line: Line): void {
    while (line.holders === 0 && line.waiting.length > 0) line.waiting.shift()?.()
    if (line.holders > 0 || line.waiting.length > 0 || this.#lines.get(key) !== line) return
    this.#lines.delete(key)
    this.#goBehind()
  }

  #goBehind(): void {
    if (this.#lines.size > 0 || this.#all > 0 || this.#behind === undefined) return
    const behind = this.#behind
    this.#behind = undefined
    for (const go of behind) go()
  }
}
