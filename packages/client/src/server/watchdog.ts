import type { Clock, TimerHandle } from '@shale/contracts'
import { Silence, type Watched } from './silence.ts'

/** What a watchdog tells; each at most once in a look, in this order. */
export interface WatchdogEvents<W extends Watched> {
  /** Some reply came since the look before. */
  heard(): void
  /** So many more commands are unanswered for as long as one may take, in which no reply came from the server at all. */
  late(commands: number): void
  /** No reply came for half as long as one may take, though one was due: whatever connection owes none may be asked for a sign of life. */
  quiet(): void
  /** The connection owes replies, and has given none for so long that it counts as dead. */
  hung(watched: W): void
  /** What waits for a connection may be given up if it is too old. Gives whether something still waits. */
  waiting(): boolean
}

const shortestGapMs = 5
const longestGapMs = 25
/** So many times the deadline a connection may owe a reply. */
const hungAfter = 1.75

/**
 * Notices that a server, or one of the connections to it, does not answer. It looks at a few counters by one coarse timer, which runs only
 * while something is in flight or waits; commands cost nothing.
 *
 * Its time is that of its looks: a look that comes late, for the process was busy or stood still, counts as one of ordinary
 * length. So nobody is blamed for replies that lie unread in this machine's own buffers.
 */
export class Watchdog<W extends Watched> {
  /** Whether the timer runs. */
  running = false
  /** Milliseconds, ever, by which its looks came late: the process was busy itself, or stood still. */
  lateness = 0
  readonly #timeout: number
  readonly #gap: number
  readonly #clock: Clock
  readonly #events: WatchdogEvents<W>
  readonly #all: readonly { readonly watched: W; readonly silence: Silence }[]
  #timer: TimerHandle | undefined
  /** Whether the process stays alive for the next look: what waits has no open connection that keeps it. */
  #isHeld = false
  #time = 0
  #lookedAt = 0
  /** When a reply came last, or none was due. */
  #heardAt = 0

  constructor(timeout: number, clock: Clock, all: readonly W[], events: WatchdogEvents<W>) {
    this.#timeout = timeout
    this.#gap = Math.max(shortestGapMs, Math.min(longestGapMs, timeout / 20))
    this.#clock = clock
    this.#events = events
    this.#all = all.map((watched) => ({ watched, silence: new Silence(watched) }))
  }

  /** For how many milliseconds no reply has come, though one was due all the time. */
  get quietFor(): number {
    return this.running ? this.#time - this.#heardAt : 0
  }

  /** Looks from now on, for as long as there is something to look for; something waits if `isWaiting`. */
  start(isWaiting: boolean): void {
    const now = this.#clock.now()
    if (!this.running) {
      this.running = true
      this.#lookedAt = now
      this.#heardAt = this.#time
      this.#lookAfter(this.#gap, isWaiting)
    } else if (isWaiting && !this.#isHeld) {
      this.#clock.clearTimeout(this.#timer)
      this.#lookAfter(Math.max(0, Math.min(this.#gap, this.#lookedAt + this.#gap - now)), true)
    }
  }

  stop(): void {
    this.running = false
    this.#clock.clearTimeout(this.#timer)
  }

  readonly #look = (): void => {
    const clockNow = this.#clock.now()
    const before = this.#time
    const passed = clockNow - this.#lookedAt
    const now = (this.#time += Math.max(0, Math.min(2 * this.#gap, passed)))
    this.lateness += Math.max(0, passed - this.#gap)
    this.#lookedAt = clockNow
    let heard = false
    for (const { silence } of this.#all) if (silence.look(now, before, this.#timeout)) heard = true
    if (heard) {
      this.#heardAt = now
      this.#events.heard()
    }
    this.#judge(now)
    const isWaiting = this.#events.waiting()
    // Stopped meanwhile by what was told.
    if (!this.running) return
    this.running = isWaiting || this.#all.some(({ watched }) => watched.connection !== undefined && watched.sent > watched.settled)
    if (this.running) this.#lookAfter(this.#gap, isWaiting)
  }

  #lookAfter(ms: number, isHeld: boolean): void {
    this.#isHeld = isHeld
    this.#timer = this.#clock.setTimeout(this.#look, ms, isHeld)
  }

  #judge(now: number): void {
    const quietFor = now - this.#heardAt
    let owed = false
    let late = 0
    for (const { silence } of this.#all) {
      if (silence.since === undefined) continue
      owed = true
      if (quietFor >= this.#timeout) late += silence.takeLate()
    }
    if (!owed) this.#heardAt = now
    if (late > 0) this.#events.late(late)
    if (owed && quietFor >= this.#timeout / 2) this.#events.quiet()
    for (const { watched, silence } of this.#all) {
      if (silence.since !== undefined && now - silence.since >= hungAfter * this.#timeout) this.#events.hung(watched)
    }
  }
}
