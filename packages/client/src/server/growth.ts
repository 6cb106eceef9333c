import type { Clock, TimerHandle } from '@shale/contracts'
import type { Link } from './link.ts'
import type { Links } from './links.ts'

/** A further connection that nobody needed for this long is closed. */
const idleMs = 10_000

/** How many connections serve: more under load, and fewer when that is over. */
export class Growth {
  readonly #links: Links
  readonly #kept: number
  readonly #clock: Clock
  #isAskedFor = false
  #timer: TimerHandle | undefined
  #isOver = false

  constructor(links: Links, kept: number, clock: Clock) {
    this.#links = links
    this.#kept = kept
    this.#clock = clock
  }

  /** There is more in flight than those that serve should carry. */
  grow(): void {
    if (this.#isOver) return
    this.#isAskedFor = true
    this.look()
    const { serving, all } = this.#links
    if (serving.length < all.length) all.find((link) => !serving.includes(link))?.want()
  }

  /** Looks, after some time, whether all that serve are needed. */
  look(): void {
    if (!this.#isOver && this.#links.serving.length > this.#kept) this.#timer ??= this.#clock.setTimeout(this.#shrink, idleMs)
  }

  end(): void {
    this.#isOver = true
    this.#clock.clearTimeout(this.#timer)
  }

  readonly #shrink = (): void => {
    this.#timer = undefined
    const { serving } = this.#links
    if (!this.#isAskedFor && serving.length > this.#kept) this.#links.serve(serving.slice(0, -1))
    this.#isAskedFor = false
    this.look()
  }

  /** Lets a link go that serves no more. */
  leave(link: Link): void {
    if (!this.#links.serving.includes(link)) link.retire()
  }
}
