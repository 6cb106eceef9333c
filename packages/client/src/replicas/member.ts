import { ShaleError, type Clock } from '@shale/contracts'
import { replicationInfo, serverInfo } from '../commands.ts'
import type { ReadableServer } from './read-policy.ts'
import { parseReplicationInfo, type ReplicationInfo } from './replication-info.ts'
import type { Server } from '../server/server.ts'
import { footingAfter, type Standing } from './standing.ts'

/** The share of the latest round trip in the smoothed one. */
const smoothing = 0.2

/** One server of a replica set, and what is known of it. */
export class Member implements ReadableServer, Standing {
  readonly server: Server
  readonly weight: number
  /** What it said last; `undefined` while it does not answer, or when that says nothing any more. */
  info: ReplicationInfo | undefined
  lastInfo: ReplicationInfo | undefined
  footing: ReplicationInfo | undefined
  /** Why it did not answer the latest question. */
  error: ShaleError | undefined
  /** Up to when it has all that the primary wrote, by the clock; `undefined` where that is not known, or it does not follow. */
  coveredUntil: number | undefined
  /** The latest generation of own writes that it has. */
  passed = -1
  lag: number | undefined
  /** Whether it is read, as the observers were told. */
  isReadable = false
  /** The round of the latest question, and of the latest one that was answered, be it by an error. */
  askedIn = 0
  answeredIn = 0
  #askedAt = 0
  /** The losses of connections before the latest question that was answered. */
  #losses = 0
  #roundTrip: number | undefined
  readonly #clock: Clock

  constructor(server: Server, weight: number, clock: Clock) {
    this.server = server
    this.weight = weight
    this.#clock = clock
  }

  get name(): string {
    return this.server.name
  }

  get role(): 'primary' | 'replica' {
    return this.info?.role ?? this.lastInfo?.role ?? 'replica'
  }

  get latency(): number | undefined {
    return this.server.latency ?? this.#roundTrip
  }

  /** For how long a question has not been answered; 0 if none is open. */
  silentFor(now: number): number {
    return this.askedIn === this.answeredIn ? 0 : now - this.#askedAt
  }

  /** Whether a question is open. */
  get isAsked(): boolean {
    return this.askedIn !== this.answeredIn
  }

  /** Whether a connection was lost since it said what it has: it may have begun anew with less. */
  get isDoubtful(): boolean {
    return this.#losses !== this.server.losses
  }

  /** What it said is not to be relied on any more. */
  forget(): void {
    this.info = undefined
    this.coveredUntil = undefined
    this.lag = undefined
  }

  /** It is the primary in use from now on. */
  accept(): void {
    if (this.info !== undefined && this.info.process !== this.footing?.process) this.footing = this.info
  }

  /** Asks for its part in replication; gives when it was asked, by the clock. Never rejects. Not to be called while a question is open. */
  async ask(round: number): Promise<number> {
    const start = performance.now()
    const { losses } = this.server
    const askedAt = (this.#askedAt = this.#clock.now())
    this.askedIn = round
    try {
      const info = await this.#askInfo(losses)
      const took = performance.now() - start
      this.#roundTrip = this.#roundTrip === undefined ? took : this.#roundTrip + smoothing * (took - this.#roundTrip)
      this.footing = footingAfter(info, this.lastInfo, this.footing)
      this.info = this.lastInfo = info
      this.#losses = losses
      this.error = undefined
    } catch (error) {
      this.forget()
      this.error = ShaleError.from(error, 'SERVER_UNAVAILABLE')
    }
    this.answeredIn = round
    return askedAt
  }

  /** What it says, and which process says it: that is asked for anew where a connection was lost since, and in one reply. */
  async #askInfo(losses: number): Promise<ReplicationInfo> {
    const process = losses === this.#losses ? this.lastInfo?.process : undefined
    if (process !== undefined) {
      const info = parseReplicationInfo(await this.server.ask(replicationInfo), this.name)
      if (losses === this.server.losses) return { ...info, process }
    }
    return parseReplicationInfo(await this.server.ask(serverInfo), this.name)
  }
}
