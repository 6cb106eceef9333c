import type { Clock, Random, StoreObserver } from '@shale/contracts'
import { Member } from '../replicas/member.ts'
import type { OpenReads } from '../replicas/open-reads.ts'
import type { OwnWrites } from '../replicas/own-writes.ts'
import { ReadCall } from '../replicas/primary-call.ts'
import type { ReadPolicy } from '../replicas/read-policy.ts'
import { ReplicaLag } from '../replicas/replica-lag.ts'
import { ReplicaReads } from '../replicas/replica-reads.ts'
import { WhileUsed } from '../replicas/while-used.ts'
import type { Server } from '../server/server.ts'
import { slotOf } from './slot.ts'

export interface ReadShardOptions {
  /** The cluster, by name. */
  readonly name: string
  readonly policy: ReadPolicy
  readonly readYourWrites: boolean
  /** Milliseconds. */
  readonly maxReplicaLag: number
  /** What was written to any shard of the cluster. */
  readonly own: OwnWrites
  /** The reads that replicas of any shard have not answered. */
  readonly openReads: OpenReads
  /** Milliseconds that a call may take. */
  readonly timeout: number
  readonly clock: Clock
  readonly random: Random
  /** The primary does not say that it is one. */
  lost(): void
  /** `passed` may have grown. */
  caughtUp(): void
  /** Tells whoever observes the cluster. */
  tell(what: (observer: StoreObserver) => void): void
}

/** After so long without a read nobody is asked any more, in milliseconds. */
const idleMs = 10_000

/**
 * A shard of a cluster whose replicas are read. Who is its primary is for the cluster to say; this asks primary and replicas how far
 * they are, as long as it is in use.
 *
 * A key that is on its way to another node is missing at the replicas of the one it leaves, which do not say so: what is missing
 * at a replica is asked for again at the primary.
 */
export class ReadShard {
  readonly reads: ReplicaReads
  readonly #options: ReadShardOptions
  readonly #lag: ReplicaLag
  readonly #primary: Member
  #members: readonly Member[]
  /** The generation of own writes that a replica must have passed. */
  readonly #since: number
  /** The same for keys of slots that came from another shard. */
  readonly #arrived = new Map<number, number>()
  #round = 0
  readonly #asking: WhileUsed

  constructor(primary: Server, options: ReadShardOptions) {
    const { clock, timeout, random, policy, openReads, own, readYourWrites } = options
    this.#options = options
    this.#lag = new ReplicaLag({ ...options, passed: () => options.caughtUp() })
    this.#primary = new Member(primary, 1, clock)
    this.#members = [this.#primary]
    this.#since = own.generation
    const tick = (): void => {
      void this.#sample(++this.#round)
      this.#lag.tell(this.#members, this.#primary)
    }
    this.#asking = new WhileUsed({ clock, tick, gap: () => this.#lag.interval, idle: () => idleMs })
    this.reads = new ReplicaReads({
      ...{ timeout, clock, random, policy, openReads, confirmsMisses: true },
      members: {
        primary: this.#primary,
        readable: (now) => this.#readable(now),
      },
      hasWrites: ({ passed }, key) => !readYourWrites || (this.#hasArrived(passed, key) && own.has(passed, key)),
      isPrimaryKnown: () => true,
      primary: (operation, items) => new ReadCall(operation, items, false).run(primary.store),
    })
  }

  /** The latest generation of own writes that every replica has that may be read now; `Infinity` if none may, as when nobody is asked any more. */
  get passed(): number {
    return Math.min(...this.#readable(this.#options.clock.now()).map(({ passed }) => passed))
  }

  /** Its replicas are these from now on. */
  setReplicas(replicas: readonly Server[]): void {
    const before = new Map(this.#members.map((member) => [member.server, member]))
    const gone = new Set(this.#members)
    this.#members = [this.#primary.server, ...replicas].map((server) => before.get(server) ?? new Member(server, 1, this.#options.clock))
    for (const member of this.#members) gone.delete(member)
    this.#letGo([...gone])
  }

  /** A slot came from another shard: its keys are read from the primary until the replicas have what that has now. */
  slotArrived(slot: number): void {
    this.#arrived.set(slot, this.#options.own.generation)
  }

  /** There was a read. */
  use(): void {
    this.#asking.use()
  }

  /** How many milliseconds a server is behind, if it is a replica of this shard that follows its primary. */
  lagOf(server: Server): number | undefined {
    return this.#members.find((member) => member.server === server)?.lag
  }

  /** Asks nobody any more. */
  close(): void {
    this.#asking.close()
  }

  /** The shard is no more. */
  dissolve(): void {
    this.close()
    this.#letGo(this.#members)
  }

  #readable(now: number): readonly Member[] {
    return this.#lag.readable(this.#members, this.#primary, now)
  }

  #hasArrived(passed: number, key: string): boolean {
    return passed >= Math.max(this.#since, (this.#arrived.size > 0 ? this.#arrived.get(slotOf(key)) : undefined) ?? -1)
  }

  #letGo(members: readonly Member[]): void {
    for (const member of members) member.forget()
    this.#lag.tell(members, this.#primary)
  }

  /** Asks the primary how far it is, and then the replicas. */
  async #sample(round: number): Promise<void> {
    const primary = this.#primary
    if (!primary.isAsked) {
      const generation = this.#options.own.close()
      const askedAt = await primary.ask(round)
      if (this.#asking.isClosed) return
      if (primary.info?.role === 'primary') this.#lag.primarySaid(primary.info, askedAt, generation)
      else this.#options.lost()
    }
    for (const member of this.#members) if (member !== primary && !member.isAsked) void this.#sampleReplica(member, round)
  }

  async #sampleReplica(member: Member, round: number): Promise<void> {
    const askedAt = await member.ask(round)
    if (!this.#asking.isClosed && this.#members.includes(member)) this.#lag.replicaSaid(member, askedAt, this.#members, this.#primary)
  }
}
