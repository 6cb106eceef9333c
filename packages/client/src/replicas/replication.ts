import { ShaleError, type Random, type TimerHandle } from '@shale/contracts'
import { replicationInfo } from '../commands.ts'
import { findPrimary, noPrimary, wrongMember } from './find-primary.ts'
import { Member } from './member.ts'
import { SourceQuestions, type MemberSource } from './member-source.ts'
import type { OwnWrites } from './own-writes.ts'
import { ReplicaLag, type ReplicaLagOptions } from './replica-lag.ts'
import { parseReplicationInfo } from './replication-info.ts'
import type { Server } from '../server/server.ts'
import type { Standing } from './standing.ts'
import { WhileUsed } from './while-used.ts'

/** A server of a replica set. */
export interface ReplicaMember {
  readonly server: Server
  /** Its share of the reads, against those of the others; 1 unless stated. */
  readonly weight?: number | undefined
}

export interface ReplicationOptions extends ReplicaLagOptions {
  /** Milliseconds that a call may take. */
  readonly timeout: number
  readonly random: Random
  readonly own: OwnWrites
  /** Where the members come from; they are given for good where there is none. */
  readonly source?: MemberSource | undefined
  /** There is a primary: the same as before, or another. */
  found(primary: Member): void
  /** The primary is looked for: a search begins, or goes on with a member that was away. */
  searching(): void
  /** A round of the search is over; what it found wrong. */
  roundOver(round: number, error: ShaleError): void
  /** Whether calls wait for the primary: to be made, or for an answer. */
  isAwaited(): boolean
}

/** Between two rounds of a search. */
const searchMs = 100
const hearOthersMs = 100
/** Between two rounds of questions at most, so that a promotion is seen soon, also when the primary hangs and says nothing of it. */
const watchMs = 250
/** After so long without a word of the primary, who is it is asked of the source as urgently as in a search. */
const quietMs = 400
/** How soon at the latest a replica that ended its connection is asked what has become of it. */
const hurryMs = 500
/** After so long without a call nobody is asked any more. */
const idleMs = 10_000
const idleSearchMs = 1_000

/**
 * Who is the primary of a replica set, and what the members say: asks all of them (INFO replication) as long as the set is in
 * use; first the primary, then the replicas. While there is no primary that answers all are asked, every `searchMs`: a search.
 */
export class Replication {
  members: Member[] = []
  primary: Member | undefined
  /** The server that a sentinel names as the primary. */
  named: Server | undefined
  readonly #options: ReplicationOptions
  readonly #lag: ReplicaLag
  readonly #source: SourceQuestions
  /** Counts rounds of questions; a search begins with a round. */
  #round = 0
  #searchRound: number | undefined
  #hasBeenWell = false
  /** When the latest search ended. */
  #foundAt = 0
  #patience: TimerHandle | undefined
  readonly #asking: WhileUsed

  constructor(options: ReplicationOptions) {
    this.#options = options
    this.#lag = new ReplicaLag(options)
    this.#source = new SourceQuestions(options.source)
    this.#asking = new WhileUsed({
      clock: options.clock,
      tick: () => this.#askRound(),
      gap: () => (this.isSearching ? searchMs : Math.min(this.#lag.interval, watchMs)),
      idle: () => (this.isSearching ? idleSearchMs : idleMs),
      isUsed: () => options.isAwaited(),
    })
  }

  get isSearching(): boolean {
    return this.#searchRound !== undefined
  }

  /** The round that begins next. */
  get nextRound(): number {
    return this.#round + 1
  }

  /** Replaces the members; those that stay keep what is known of them. The first one is taken for the primary until one is found. */
  setMembers(members: readonly ReplicaMember[]): void {
    const { clock } = this.#options
    const before = new Map(this.members.map((member) => [member.server, member]))
    this.members = members.map(({ server, weight = 1 }) => {
      const known = before.get(server)
      return known?.weight === weight ? known : new Member(server, weight, clock)
    })
    const { primary } = this
    if (primary !== undefined) {
      const same = this.members.find(({ server }) => server === primary.server)
      if (same === undefined) this.members.push(primary)
      this.primary = same ?? primary
      if (same === undefined) this.search()
    }
    // A search waits for nobody longer than it must.
    if (this.isSearching && this.#asking.isRunning) for (const member of this.members) if (member.answeredIn === 0) void this.#ask(member)
  }

  /** There was a call. */
  use(): void {
    this.#asking.use(this.#begin)
  }

  /** The primary may not be what it was: nothing that was said so far counts. */
  search(): void {
    if (this.#asking.isClosed || this.isSearching) return
    this.#searchRound = this.#round + 1
    for (const member of this.members) member.forget()
    this.#options.searching()
    if (this.#asking.isRunning) this.#asking.tick()
  }

  /** The primary did not answer: searched for, unless it was found just now, when it may be loading its data or be out of reach. */
  suspect(): void {
    if (Math.abs(this.#options.clock.now() - this.#foundAt) >= searchMs) this.search()
  }

  /** A member has a connection again: during a search it is worth asking at once. */
  connected(): void {
    if (!this.isSearching || !this.#asking.isRunning) return
    this.#options.searching()
    this.#asking.tick()
  }

  /** A member has lost its connection. */
  disconnected(server: Server): void {
    if (server === this.primary?.server) return this.search()
    // A replica that a sentinel promotes ends all its connections: it may be what is searched for, or be the primary soon.
    if (this.isSearching) return server.hurry()
    const { clock, random } = this.#options
    clock.setTimeout(() => server.hurry(), hurryMs * random())
  }

  /** The replicas that may be read now. */
  readable(now: number): Member[] {
    return this.#lag.readable(this.members, this.primary, now)
  }

  /** Asks every member now; rejects if they do not belong together. */
  async check(): Promise<void> {
    const { name } = this.#options
    const infoOf = async ({ server }: Member): Promise<Standing> => {
      const info = parseReplicationInfo(await server.ask(replicationInfo), server.name)
      return { name: server.name, info, lastInfo: info }
    }
    const wrong = wrongMember(name, await Promise.all(this.members.map(infoOf)))
    if (wrong !== undefined) throw wrong
  }

  close(): void {
    const { clock } = this.#options
    this.#asking.close()
    clock.clearTimeout(this.#patience)
  }

  /** Begins to ask after a pause, in which anything may have happened. */
  readonly #begin = (): void => {
    if (this.primary !== undefined) return
    // What the search before the pause came to says nothing any more.
    this.#searchRound = undefined
    this.search()
  }

  #askRound(): void {
    this.#round++
    const { primary } = this
    const isQuiet = primary !== undefined && primary.silentFor(this.#options.clock.now()) >= quietMs
    void this.#source.ask(this.#round, this.isSearching || isQuiet, () => {
      if (!this.#asking.isClosed) this.#judge()
    })
    if (this.isSearching || primary === undefined) for (const member of this.members) void this.#ask(member)
    else if (primary.isAsked) this.#askReplicas()
    else void this.#ask(primary).then(() => this.#askReplicas())
    this.#lag.tell(this.members, primary)
  }

  #askReplicas(): void {
    for (const member of this.members) if (member !== this.primary) void this.#ask(member)
  }

  async #ask(member: Member): Promise<void> {
    if (member.isAsked || this.#asking.isClosed) return
    const { own } = this.#options
    const round = this.#round
    const generation = member === this.primary ? own.close() : undefined
    const askedAt = await member.ask(round)
    if (this.#asking.isClosed || !this.members.includes(member)) return
    if (this.#searchRound !== undefined && round < this.#searchRound) {
      // What it said is of before the search.
      member.forget()
      if (this.#round >= this.#searchRound) void this.#ask(member)
      return
    }
    this.#learn(member, askedAt, generation)
    this.#judge()
  }

  #learn(member: Member, askedAt: number, generation: number | undefined): void {
    const { primary } = this
    const { info } = member
    if (primary === undefined) return
    if (member !== primary) this.#lag.replicaSaid(member, askedAt, this.members, primary)
    else if (info?.role === 'primary') this.#lag.primarySaid(info, askedAt, generation)
  }

  /** Decides who is the primary, by what is known now. */
  #judge(): void {
    const found = this.#find()
    if (!this.isSearching) {
      if (found !== undefined && found === this.primary) return
      // Another one claims to be the primary, or this one does so no more: all are asked anew.
      if (found !== undefined || this.primary?.isAsked === false) this.search()
      return
    }
    const wrong = this.#wrong()
    if (found !== undefined && wrong === undefined) {
      if (this.#isHeard()) this.#settle(found)
      else this.#patience ??= this.#options.clock.setTimeout(() => this.#settleLate(), this.#hearOthersMs(), true)
      return
    }
    const over = this.#answeredRound()
    if (over >= (this.#searchRound as number)) this.#options.roundOver(over, wrong ?? this.#noPrimary())
  }

  /** Why the members do not belong together, if so. Once they were well, whatever becomes of one of them is no mistake of the configuration. */
  #wrong(): ShaleError | undefined {
    return this.#hasBeenWell || this.#source.isThere ? undefined : wrongMember(this.#options.name, this.members)
  }

  #find(): Member | undefined {
    const named = this.members.find(({ server }) => server === this.named)
    return findPrimary(this.members, { current: this.primary ?? named ?? this.members[0], named })
  }

  /** The latest round in which everybody has answered. */
  #answeredRound(): number {
    return Math.min(this.#source.answeredIn, ...this.members.map(({ answeredIn }) => answeredIn))
  }

  /** How long a search that has found a primary waits for what the others say: the first one until all have had the time to connect. */
  #hearOthersMs(): number {
    return this.#hasBeenWell || this.#source.isThere ? hearOthersMs : this.#options.timeout / 2
  }

  /** Whether every member has said something since the search began. */
  #isHeard(): boolean {
    return this.members.every(({ answeredIn }) => answeredIn >= (this.#searchRound as number))
  }

  #settleLate(): void {
    this.#patience = undefined
    const found = this.#find()
    if (this.isSearching && found !== undefined && this.#wrong() === undefined) this.#settle(found)
  }

  #settle(found: Member): void {
    const { name, clock, tell } = this.#options
    clock.clearTimeout(this.#patience)
    this.#patience = undefined
    this.#searchRound = undefined
    this.#foundAt = clock.now()
    this.#hasBeenWell = true
    const previous = this.primary
    this.primary = found
    found.accept()
    if (found.info !== undefined) this.#lag.follow(found.info.history)
    if (found !== previous) tell((observer) => observer.primary?.(name, found.name, previous?.name))
    this.#options.found(found)
    // Whoever is read is known only once the primary has been asked, and then the replicas.
    if (this.#asking.isRunning) this.#asking.tick()
  }

  #noPrimary(): ShaleError {
    const { error } = this.#source
    if (error !== undefined && this.members.length === 0) return error
    return noPrimary(this.#options.name, this.members, this.primary ?? this.members[0])
  }
}
