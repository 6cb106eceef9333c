/** Who waits in a line. */
interface Waiting {
  readonly shared: boolean
  go(): void
}

/** Those who are at one key, and those who wait for it. */
interface Line {
  /** How many share it now. */
  sharing: number
  /** Whether somebody has it alone. */
  isHeld: boolean
  /** Who came last: what `take` was told, `undefined` of one who shares. */
  last: unknown
  readonly waiting: Waiting[]
}

/**
 * Lines before keys, each served in the order of arrival: those who share a key are there together, who takes it is there alone. A key
 * that nobody wants costs nothing.
 */
export class KeyLines {
  readonly #lines = new Map<string, Line>()
  /** What came after somebody who wants all keys. */
  #behind: (() => void)[] | undefined
  #takeAll: (() => void) | undefined

  /** Whether somebody has all keys, or waits for them: whatever comes then belongs `behind`. */
  get isBlocked(): boolean {
    return this.#behind !== undefined
  }

  /** Whether somebody is at the key or waits for it. */
  isBusy(key: string): boolean {
    return this.#lines.has(key)
  }

  /** Who came last to a key, as told to `take`, and is not gone. */
  lastOf(key: string): unknown {
    return this.#lines.get(key)?.last
  }

  /** Calls `go` when nobody has the key alone and those who came before have gone to it: at once, if it can. Ends with `unshare`. */
  share(key: string, go: () => void): void {
    const line = this.#lines.get(key)
    if (line === undefined) this.#lines.set(key, { sharing: 1, isHeld: false, last: undefined, waiting: [] })
    else {
      line.last = undefined
      if (line.isHeld || line.waiting.length > 0) return void line.waiting.push({ shared: true, go })
      line.sharing++
    }
    go()
  }

  /** One more part of the work of somebody who shares the key; ends with an `unshare` of its own. */
  shareOn(key: string): void {
    const line = this.#lines.get(key)
    if (line !== undefined) line.sharing++
  }

  unshare(key: string): void {
    const line = this.#lines.get(key)
    if (line === undefined) return
    line.sharing--
    this.#serve(key, line)
  }

  /** Calls `go` when nobody else is at any of the keys: at once, if it can. Ends with `leave`. */
  take(keys: readonly string[], who: unknown, go: () => void): void {
    // All lines are entered in one turn, hence in the same order everywhere: nobody waits for each other in a circle.
    const distinct = [...new Set(keys)]
    let missing = distinct.length
    const arrive = (): void => {
      if (--missing === 0) go()
    }
    for (const key of distinct) {
      const line = this.#lines.get(key)
      if (line === undefined) {
        this.#lines.set(key, { sharing: 0, isHeld: true, last: who, waiting: [] })
        arrive()
      } else {
        line.last = who
        line.waiting.push({ shared: false, go: arrive })
      }
    }
  }

  /** Lets keys go that were taken together. */
  leave(keys: readonly string[]): void {
    for (const key of new Set(keys)) {
      const line = this.#lines.get(key)
      if (line === undefined) continue
      line.isHeld = false
      this.#serve(key, line)
    }
  }

  /** Calls `go` once all who came before are gone; whatever comes meanwhile belongs `behind`. Ends with `leaveAll`. */
  takeAll(go: () => void): void {
    this.#behind = []
    if (this.#lines.size === 0) go()
    else this.#takeAll = go
  }

  /** Calls `go` after whoever has all keys. */
  behind(go: () => void): void {
    if (this.#behind === undefined) go()
    else this.#behind.push(go)
  }

  leaveAll(): void {
    const behind = this.#behind ?? []
    this.#behind = undefined
    // One of them may want all keys, too: those after it wait again.
    for (const go of behind) this.behind(go)
  }

  /** Settles once all have gone to their keys who came before, and shared keys were left. */
  async settled(): Promise<void> {
    await Promise.all(
      [...this.#lines.keys()].map((key) => new Promise<void>((resolve) => this.take([key], undefined, () => this.#left(key, resolve)))),
    )
  }

  #left(key: string, resolve: () => void): void {
    this.leave([key])
    resolve()
  }

  #serve(key: string, line: Line): void {
    for (let next = line.waiting[0]; next !== undefined && !line.isHeld && (next.shared || line.sharing === 0); next = line.waiting[0]) {
      line.waiting.shift()
      if (next.shared) line.sharing++
      else line.isHeld = true
      next.go()
    }
    if (line.isHeld || line.sharing > 0 || line.waiting.length > 0 || this.#lines.get(key) !== line) return
    this.#lines.delete(key)
    const go = this.#takeAll
    if (go === undefined || this.#lines.size > 0) return
    this.#takeAll = undefined
    go()
  }
}
