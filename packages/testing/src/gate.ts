/** Something to wait at until a test opens it. */
export interface Gate {
  /** Settles once the gate is open. */
  pass(): Promise<void>
  /** Lets all through that wait, and whoever comes later. */
  open(): void
  /** How many wait. */
  readonly waiting: number
}

/** A gate that is shut. */
export function createGate(): Gate {
  return new ShutGate()
}

class ShutGate implements Gate {
  #isOpen = false
  readonly #waiters: (() => void)[] = []

  get waiting(): number {
    return this.#waiters.length
  }

  pass(): Promise<void> {
    if (this.#isOpen) return Promise.resolve()
    return new Promise((resolve) => this.#waiters.push(resolve))
  }

  open(): void {
    this.#isOpen = true
    for (const resolve of this.#waiters.splice(0)) resolve()
  }
}
