import type { Clock, StoreObserver } from '@shale/contracts'
import type { Member } from './member.ts'
import { PrimaryOffsets } from './primary-offsets.ts'
import type { ReplicationInfo } from './replication-info.ts'
import { WriteMarks } from './write-marks.ts'

export interface ReplicaLagOptions {
  /** The shard, by name. */
  readonly name: string
  /** Milliseconds. */
  readonly maxReplicaLag: number
  readonly clock: Clock
  /** Every replica that is read has the own writes of this generation, and of those before. */
  passed(generation: number): void
  /** Tells whoever observes the set. */
  tell(what: (observer: StoreObserver) => void): void
}

const shortestIntervalMs = 100

/**
 * Which replicas keep up with their primary. A replica that follows the primary's history is behind by the time since the latest
 * sample of the primary's offset that it has passed. The primary is sampled first, then the replicas, so that one that keeps up has
 * at least that offset.
 */
export class ReplicaLag {
  /** Milliseconds between two samples. */
  readonly interval: number
  readonly #options: ReplicaLagOptions
  readonly #offsets: PrimaryOffsets
  readonly #marks = new WriteMarks()
  #history: string | undefined

  constructor(options: ReplicaLagOptions) {
    this.#options = options
    this.interval = Math.max(shortestIntervalMs, options.maxReplicaLag / 4)
    this.#offsets = new PrimaryOffsets(options.maxReplicaLag + 4 * this.interval)
  }

  /** The primary has said what it has; `generation` of own writes closed with the question. */
  primarySaid(info: ReplicationInfo, askedAt: number, generation: number | undefined): void {
    this.follow(info.history)
    this.#offsets.record(info.offset, askedAt)
    if (generation !== undefined) this.#marks.closed(generation, info.offset)
  }

  /** A replica has said what it has; the members are all of the set. */
  replicaSaid(replica: Member, askedAt: number, members: readonly Member[], primary: Member): void {
    const { info } = replica
    const follows = info?.role === 'replica' && info.linked && info.history === this.#history
    replica.coveredUntil = follows ? this.#offsets.coveredUntil(info.offset, askedAt) : undefined
    replica.lag = replica.coveredUntil === undefined ? undefined : Math.max(0, askedAt - replica.coveredUntil)
    replica.passed = follows ? this.#marks.passedAt(info.offset) : -1
    this.tell(members, primary)
    const passed = members.filter(({ isReadable }) => isReadable).map((member) => member.passed)
    if (passed.length > 0) this.#options.passed(Math.min(...passed))
  }

  /** The primary writes this history of writes: offsets of another one say nothing. */
  follow(history: string): void {
    if (history === this.#history) return
    this.#history = history
    this.#offsets.restart()
    this.#marks.restart()
  }

  #keepsUp(member: Member, primary: Member | undefined, now: number): boolean {
    const { coveredUntil, lag, info } = member
    const { maxReplicaLag } = this.#options
    if (member === primary || coveredUntil === undefined || lag === undefined || info?.history !== this.#history) return false
    if (lag > maxReplicaLag || member.silentFor(now) > this.interval || member.isDoubtful || !member.server.available) return false
    // The distance in either direction: the clock may be put back.
    return Math.abs(now - coveredUntil) <= maxReplicaLag + this.interval
  }

  /** The members that are replicas and may be read now. */
  readable(members: readonly Member[], primary: Member | undefined, now: number): Member[] {
    return members.filter((member) => this.#keepsUp(member, primary, now))
  }

  /** Tells which replicas are read, where that has changed. */
  tell(members: readonly Member[], primary: Member | undefined): void {
    const { name, clock, tell } = this.#options
    const now = clock.now()
    for (const member of members) {
      const isReadable = this.#keepsUp(member, primary, now)
      if (isReadable === member.isReadable) continue
      member.isReadable = isReadable
      tell((observer) => observer.replica?.(name, member.name, isReadable, member.lag))
    }
  }
}
