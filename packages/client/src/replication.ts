import { ShaleError, type Clock, type StoreObserver, type TimerHandle } from '@shale/contracts'
import { findPrimary, wrongMember } from './find-primary.ts'
import { Member } from './member.ts'
import type { OwnWrites } from './own-writes.ts'
import { PrimaryOffsets } from './primary-offsets.ts'
import type { Server } from './server.ts'

/** A server of a replica set. */
export interface ReplicaMember {
  readonly server: Server
  /** Its share of the reads, against those of the others; 1 unless stated. */
  readonly weight?: number | undefined
}

/** Whoever knows the members of a set and may change them. */
export interface MemberSource {
  /** Looks again, at once or when it thinks fit; changes the members by `setMembers`. Rejects with why nothing was learnt. */
  look(isUrgent: boolean): Promise<void>
}

export interface ReplicationOptions {
  /** The shard, by name. */
  readonly name: string
  /** Milliseconds. */
  readonly maxReplicaLag: number
  readonly clock: Clock
  readonly own: OwnWrites
  /** Where the members come from; they are given for good where there is none. */
  readonly source?: MemberSource | undefined
  /** There is a primary: the same as before, or another. */
  found(primary: Member): void
  /** The primary is looked for. */
  searching(): void
  /** A round of the search is over; what it found wrong. */
  roundOver(round: number, error: ShaleError): void
  /** Whether calls wait for the primary. */
  isAwaited(): boolean
  /** Tells whoever observes the set. */
  tell(what: (observer: StoreObserver) => void): void
}

/** Between two rounds of a search. */
const searchMs = 100
/** How long a search that has found a primary waits for what the others say. */
const hearOthersMs = 100
/** After so long without a call nobody is asked any more. */
const idleMs = 10_000
const idleSearchMs = 1_000
const shortestSampleMs = 100

/**
 * Who is the primary of a replica set, and how far behind the replicas are: asks all members for it (INFO replication) as long as
 * the set is in use. First the primary, then the replicas, so that one that keeps up has at least the primary's offset. A replica
 * is behind by the time since the latest sample of the primary that it has passed.
 *
 * While there is no primary that answers all are asked, every `searchMs`: a search.
 */
export class Replication {
  members: Member[] = []
  primary: Member | undefined
  /** The server that a sentinel names as the primary. */
  named: Server | undefined
  /** Milliseconds between two samples. */
  readonly interval: number
  readonly #options: ReplicationOptions
  readonly #offsets: PrimaryOffsets
  #history: string | undefined
  /** Counts rounds of questions; a search begins with a round. */
  #round = 0
  #searchRound: number | undefined
  #sourceAskedIn = 0
  #sourceAnsweredIn = 0
  #sourceError: ShaleError | undefined
  #hasBeenWell = false
  #isUsed = false
  #unusedMs = 0
  #timer: TimerHandle | undefined
  #patience: TimerHandle | undefined
  #isClosed = false

  constructor(options: ReplicationOptions) {
    this.#options = options
    this.interval = Math.max(shortestSampleMs, options.maxReplicaLag / 4)
    this.#offsets = new PrimaryOffsets(options.maxReplicaLag + 4 * this.interval)
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
    if (this.isSearching && this.#timer !== undefined)
      for (const member of this.members) if (member.answeredIn === 0) void this.#ask(member)
  }

  /** There was a call. */
  use(): void {
    this.#isUsed = true
    if (this.#timer === undefined && !this.#isClosed) this.#wake()
  }

  /** The primary may not be what it was: nothing that was said so far counts. */
  search(): void {
    if (this.#isClosed || this.isSearching) return
    this.#searchRound = this.#round + 1
    for (const member of this.members) member.forget()
    this.#options.searching()
    if (this.#timer !== undefined) this.#tick()
  }

  /** A member has a connection again, or none any more: during a search it is worth asking at once. */
  changed(): void {
    if (this.isSearching && this.#timer !== undefined) this.#tick()
  }

  /** The replicas that may be read now. */
  readable(now: number): Member[] {
    return this.members.filter((member) => this.#keepsUp(member, now))
  }

  close(): void {
    this.#isClosed = true
    const { clock } = this.#options
    clock.clearTimeout(this.#timer)
    clock.clearTimeout(this.#patience)
  }

  #keepsUp(member: Member, now: number): boolean {
    const { coveredUntil, lag } = member
    const { maxReplicaLag } = this.#options
    if (member === this.primary || coveredUntil === undefined || lag === undefined) return false
    if (lag > maxReplicaLag || member.silentFor(now) > this.interval || !member.server.available) return false
    // The clock may have been put back.
    return Math.abs(now - coveredUntil) <= maxReplicaLag + this.interval
  }

  /** Begins to ask after a pause, in which anything may have happened. */
  #wake(): void {
    if (this.primary === undefined) this.search()
    this.#unusedMs = 0
    this.#tick()
  }

  readonly #tick = (): void => {
    const { clock } = this.#options
    clock.clearTimeout(this.#timer)
    const gap = this.isSearching ? searchMs : this.interval
    if (this.#isUsed || this.#options.isAwaited()) this.#unusedMs = 0
    else this.#unusedMs += gap
    this.#isUsed = false
    if (this.#unusedMs > (this.isSearching ? idleSearchMs : idleMs)) {
      this.#timer = undefined
      return
    }
    this.#timer = clock.setTimeout(this.#tick, gap)
    this.#round++
    this.#askSource()
    const { primary } = this
    if (this.isSearching || primary === undefined) for (const member of this.members) void this.#ask(member)
    else if (primary.isAsked) this.#askReplicas()
    else void this.#ask(primary).then(() => this.#askReplicas())
    this.#told()
  }

  #askReplicas(): void {
    for (const member of this.members) if (member !== this.primary) void this.#ask(member)
  }

  async #ask(member: Member): Promise<void> {
    if (member.isAsked || this.#isClosed) return
    const { own } = this.#options
    const round = this.#round
    const generation = member === this.primary ? own.close() : undefined
    const askedAt = await member.ask(round)
    if (this.#isClosed || !this.members.includes(member)) return
    if (this.#searchRound !== undefined && round < this.#searchRound) {
      // What it said is of before the search.
      member.forget()
      if (this.#round >= this.#searchRound) void this.#ask(member)
      return
    }
    this.#learn(member, askedAt, generation)
    this.#judge()
  }

  #askSource(): void {
    const { source } = this.#options
    if (source === undefined || this.#sourceAskedIn !== this.#sourceAnsweredIn) return
    const round = (this.#sourceAskedIn = this.#round)
    source
      .look(this.isSearching)
      .then(
        () => (this.#sourceError = undefined),
        (error: unknown) => (this.#sourceError = ShaleError.from(error, 'SERVER_UNAVAILABLE')),
      )
      .then(() => {
        this.#sourceAnsweredIn = round
        if (!this.#isClosed) this.#judge()
      })
      .catch(() => {})
  }

  /** Works out what a member's answer says of its lag. */
  #learn(member: Member, askedAt: number, generation: number | undefined): void {
    const { own } = this.#options
    const { info } = member
    if (info === undefined || this.primary === undefined) return
    if (member === this.primary) {
      if (info.role !== 'primary') return
      if (info.history !== this.#history) this.#beginHistory(info.history)
      this.#offsets.record(info.offset, askedAt)
      if (generation !== undefined) own.closed(generation, info.offset)
      return
    }
    const follows = info.role === 'replica' && info.linked && info.history === this.#history
    member.coveredUntil = follows ? this.#offsets.coveredUntil(info.offset, askedAt) : undefined
    member.lag = member.coveredUntil === undefined ? undefined : Math.max(0, askedAt - member.coveredUntil)
    member.passed = follows ? own.passedAt(info.offset) : -1
    this.#told()
    const read = this.members.filter(({ isReadable }) => isReadable)
    if (read.length > 0) own.passed(Math.min(...read.map(({ passed }) => passed)))
  }

  #beginHistory(history: string): void {
    this.#history = history
    this.#offsets.restart()
    this.#options.own.restart()
    for (const member of this.members) member.coveredUntil = undefined
  }

  /** Tells which replicas are read, where that has changed. */
  #told(): void {
    const { name, clock, tell } = this.#options
    const now = clock.now()
    for (const member of this.members) {
      const isReadable = this.#keepsUp(member, now)
      if (isReadable === member.isReadable) continue
      member.isReadable = isReadable
      tell((observer) => observer.replica?.(name, member.name, isReadable, member.lag))
    }
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
    const wrong = this.#hasBeenWell || this.#options.source !== undefined ? undefined : wrongMember(this.#options.name, this.members)
    if (found !== undefined && wrong === undefined) {
      if (this.#isHeard()) this.#settle(found)
      else this.#patience ??= this.#options.clock.setTimeout(() => this.#settleLate(), hearOthersMs, true)
      return
    }
    const over = this.#answeredRound()
    if (over >= (this.#searchRound as number)) this.#options.roundOver(over, wrong ?? this.#noPrimary())
  }

  #find(): Member | undefined {
    const named = this.members.find(({ server }) => server === this.named)
    return findPrimary(this.members, { current: this.primary ?? named ?? this.members[0], named })
  }

  /** The latest round in which everybody has answered. */
  #answeredRound(): number {
    const rounds = this.members.map(({ answeredIn }) => answeredIn)
    if (this.#options.source !== undefined) rounds.push(this.#sourceAnsweredIn)
    return Math.min(...rounds)
  }

  /** Whether every member has said something since the search began. */
  #isHeard(): boolean {
    return this.members.every(({ answeredIn }) => answeredIn >= (this.#searchRound as number))
  }

  #settleLate(): void {
    this.#patience = undefined
    const found = this.#find()
    if (this.isSearching && found !== undefined) this.#settle(found)
  }

  #settle(found: Member): void {
    const { name, clock, tell } = this.#options
    clock.clearTimeout(this.#patience)
    this.#patience = undefined
    this.#searchRound = undefined
    this.#hasBeenWell = true
    const previous = this.primary
    this.primary = found
    if (found.info !== undefined && found.info.history !== this.#history) this.#beginHistory(found.info.history)
    if (found !== previous) tell((observer) => observer.primary?.(name, found.name, previous?.name))
    this.#options.found(found)
    // Whoever is read is known only once the primary has been asked, and then the replicas.
    if (this.#timer !== undefined) this.#tick()
  }

  #noPrimary(): ShaleError {
    const { name } = this.#options
    if (this.#sourceError !== undefined && this.members.length === 0) return this.#sourceError
    const first = this.primary ?? this.members[0]
    // A server that is simply down says best itself what is wrong.
    if (first?.error !== undefined) return first.error
    const roles = this.members.map(
      ({ name: server, info, error }) => `${server} ${info === undefined ? `does not answer (${error?.code})` : `is a ${info.role}`}`,
    )
    return new ShaleError(
      first?.info?.role === 'replica' ? 'SERVER_READONLY' : 'SERVER_UNAVAILABLE',
      `${name}: there is no primary that can be trusted: ${roles.join(', ')}. Promote one (REPLICAOF NO ONE), or wait for the failover to end.`,
    )
  }
}
