import type { Clock, TimerHandle } from '@shale/contracts'

export interface WhileUsedOptions {
  readonly clock: Clock
  /** Called again and again. */
  tick(): void
  /** Milliseconds until the next tick. */
  gap(): number
  /** Milliseconds without use after which it ends. */
  idle(): number
  /** Whether it is in use although there was no call; not unless stated. */
  isUsed?(): boolean
}

/** Does something at intervals for as long as there are calls. */
export class WhileUsed {
  /** Whether it has ended for good. */
  isClosed = false
  readonly #options: WhileUsedOptions
  #wasUsed = false
  #unusedMs = 0
  #timer: TimerHandle | undefined

  constructor(options: WhileUsedOptions) {
    this.#options = options
  }

  get isRunning(): boolean {
    return this.#timer !== undefined
  }

  /** There was a call; where nothing has been done for a while, `first` is called and then the first tick made. */
  use(first?: () => void): void {
    this.#wasUsed = true
    if (this.#timer !== undefined || this.isClosed) return
    first?.()
    this.#unusedMs = 0
    this.tick()
  }

  /** Makes the next tick now. */
  readonly tick = (): void => {
    const { clock, gap, idle, isUsed } = this.#options
    clock.clearTimeout(this.#timer)
    this.#timer = undefined
    if (this.isClosed) return
    const next = gap()
    if (this.#wasUsed || isUsed?.() === true) this.#unusedMs = 0
    else this.#unusedMs += next
    this.#wasUsed = false
    if (this.#unusedMs > idle()) return
    this.#timer = clock.setTimeout(this.tick, next)
    this.#options.tick()
  }

  close(): void {
    this.isClosed = true
    this.#options.clock.clearTimeout(this.#timer)
  }
}
