import {
  BatchStore,
  type Answer,
  type BatchOperation,
  type Random,
  type ScanPage,
  type Store,
  type StoreLocation,
  type Tally,
} from '@shale/contracts'
import type { ManualClock } from '@shale/testing'

/** What is on its way between a process and a server, in order in either direction. */
class Channel {
  readonly requests: (() => Promise<() => void>)[] = []
  readonly replies: (() => void)[] = []
  /** How likely it is to be the next, against the others. */
  weight = 1
  /** Up to which step nothing happens on it. */
  stillUntil = 0
  readonly process: number
  /** A request that is being carried out: the stores of these tests answer at once, but in a promise. */
  isBusy = false

  constructor(process: number) {
    this.process = process
  }

  get isIdle(): boolean {
    return this.isBusy || (this.requests.length === 0 && this.replies.length === 0)
  }
}

/** Servers in memory and processes that call them, where chance decides what happens next: whose request arrives, whose reply, or time. */
export class Steps {
  /** How long a request that stores was under way at most, in milliseconds. */
  longestFlight = 0
  now = 0
  readonly #channels: Channel[] = []
  readonly #random: Random
  readonly clock: ManualClock

  constructor(random: Random, clock: ManualClock) {
    this.#random = random
    this.clock = clock
  }

  /** Whether a process stands still just now. */
  get hasStill(): boolean {
    return this.#channels.some(({ stillUntil }) => stillUntil > this.now)
  }

  /** A way from a process to a server, on which every call and every answer waits for its step. */
  open(process: number, name: string, store: Store): Store {
    const channel = new Channel(process)
    this.#channels.push(channel)
    return new SteppedStore(name, store, channel, this)
  }

  /** Lets a process stand still for so many steps. */
  standStill(process: number, steps: number): void {
    for (const channel of this.#channels) if (channel.process === process) channel.stillUntil = this.now + steps
  }

  /** Lets things happen one by one until `isOver`; `tick` gives how much time passes with a step. */
  async run(isOver: () => boolean, tick: () => number): Promise<void> {
    for (let left = 20_000; ; left--) {
      await turn()
      if (isOver()) return
      if (left === 0) throw new Error('The processes wait for ever')
      this.now++
      if (this.#random() < 0.02) for (const channel of this.#channels) channel.weight = this.#random() ** 4
      const ms = tick()
      if (ms > 0) this.clock.advance(ms)
      const channel = this.#pick()
      // Whoever waits, waits for time to pass.
      if (channel === undefined) this.clock.advance(1 + Math.floor(this.#random() * 5))
      else this.#step(channel)
    }
  }

  #pick(): Channel | undefined {
    const ready = this.#channels.filter((channel) => !channel.isIdle && channel.stillUntil <= this.now)
    let at = this.#random() * ready.reduce((total, { weight }) => total + weight, 0)
    return ready.find(({ weight }) => (at -= weight) < 0)
  }

  #step(channel: Channel): void {
    const reply = channel.replies.length > 0 && (channel.requests.length === 0 || this.#random() < 0.5)
    if (reply) return channel.replies.shift()?.()
    channel.isBusy = true
    void channel.requests
      .shift()?.()
      .then((answer) => {
        channel.isBusy = false
        channel.replies.push(answer)
      })
  }
}

/** Waits until all that can go on without a step has gone on. */
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

class SteppedStore extends BatchStore {
  readonly #name: string
  readonly #store: Store
  readonly #channel: Channel
  readonly #steps: Steps

  constructor(name: string, store: Store, channel: Channel, steps: Steps) {
    super()
    this.#name = name
    this.#store = store
    this.#channel = channel
    this.#steps = steps
  }

  protected override batch<I, T>(operation: BatchOperation<I, T>, items: readonly I[]): Promise<Answer<T>[]> {
    return this.#send(() => operation.call(this.#store, items), operation.name === 'fill')
  }

  override delete(keys: readonly string[]): Promise<Tally> {
    return this.#send(() => this.#store.delete(keys))
  }

  override scan(pattern: string): AsyncIterable<ScanPage> {
    return this.#store.scan(pattern)
  }

  override flush(): Promise<void> {
    return this.#send(() => this.#store.flush())
  }

  override locate(): StoreLocation {
    return { shard: this.#name, server: this.#name }
  }

  override connect(): Promise<void> {
    return this.#store.connect()
  }

  override close(): Promise<void> {
    return this.#store.close()
  }

  #send<T>(call: () => Promise<T>, stores = false): Promise<T> {
    const steps = this.#steps
    const sent = steps.clock.now()
    return new Promise<T>((resolve) => {
      this.#channel.requests.push(async () => {
        if (stores) steps.longestFlight = Math.max(steps.longestFlight, steps.clock.now() - sent)
        const answer = await call()
        return () => resolve(answer)
      })
    })
  }
}
