import {
  BatchStore,
  ShaleError,
  type Answer,
  type BatchOperation,
  type Clock,
  type Random,
  type ScanPage,
  type ServerStatus,
  type StoreLocation,
  type StoreObserver,
  type Tally,
} from '@shale/contracts'
import { closedError } from '../calls/closed-error.ts'
import type { MemberSource } from './member-source.ts'
import { OpenReads } from './open-reads.ts'
import { keysOf, OwnWrites } from './own-writes.ts'
import { DeleteCall, ReadCall, refuseNext, WholeCall, WriteCall, type PrimaryCall } from './primary-call.ts'
import { PrimaryGate } from './primary-gate.ts'
import { readPolicy, type ReadFrom } from './read-policy.ts'
import { ReplicaReads } from './replica-reads.ts'
import { Replication, type ReplicaMember } from './replication.ts'
import type { Server } from '../server/server.ts'

export interface ReplicaSetOptions {
  /** The shard, by name: what observers, errors and `locate` call it. */
  readonly name: string
  /** The configured primary first. The servers are the set's own from now on: it connects and closes them. May be empty with a `source`. */
  readonly members: readonly ReplicaMember[]
  /** Who is read; `'primary'` unless stated. */
  readonly readFrom?: ReadFrom | undefined
  /** Whether a key that was written by this store is read from a replica only once that has the write; `true` unless stated. */
  readonly readYourWrites?: boolean | undefined
  /** Milliseconds that a replica may be behind and still be read; 1,000 unless stated. */
  readonly maxReplicaLag?: number | undefined
  /** Milliseconds that a call may take: for how long a write waits for a primary. The set has no deadline of its own. */
  readonly timeout: number
  /** Milliseconds that `connect` looks for a primary; 2,000 unless stated. */
  readonly connectTimeout?: number | undefined
  readonly clock: Clock
  readonly random: Random
  /** Where the members come from, for a set that finds them at run time. */
  readonly source?: MemberSource | undefined
}

/**
 * A primary and its replicas as a store. Writes go to the primary, whichever of the members that is now; reads go where
 * `readFrom` says, to replicas that keep up. Calls on one key take effect in the order made, over a failover too.
 *
 * Errors beside those of its servers: `CONFIG_INVALID` for members that do not belong together, `SERVER_READONLY` and
 * `SERVER_UNAVAILABLE` while there is no primary.
 */
export class ReplicaSet extends BatchStore {
  readonly #options: ReplicaSetOptions
  readonly #own: OwnWrites
  readonly #openReads: OpenReads
  readonly #gate: PrimaryGate
  readonly #replication: Replication
  readonly #reads: ReplicaReads
  readonly #readsPrimaryOnly: boolean
  readonly #observers: StoreObserver[] = []
  readonly #watched = new WeakSet<Server>()
  #closing: Promise<void> | undefined

  /** @throws ShaleError `CONFIG_INVALID` for a `readFrom` that is none. */
  constructor(options: ReplicaSetOptions) {
    super()
    const { name, members, clock, random, timeout, maxReplicaLag = 1000, readYourWrites = true, source } = options
    this.#options = options
    const policy = readPolicy(options.readFrom ?? 'primary')
    this.#readsPrimaryOnly = policy.primaryOnly
    this.#own = new OwnWrites()
    this.#openReads = new OpenReads()
    const tell = (what: (observer: StoreObserver) => void): void => this.#observers.forEach(what)
    this.#gate = new PrimaryGate({
      ...{ name, timeout, clock },
      nextRound: () => this.#replication.nextRound,
      lost: (isTurnedAway) => (isTurnedAway ? this.#replication.search() : this.#replication.suspect()),
    })
    this.#replication = new Replication({
      ...{ name, maxReplicaLag, timeout, clock, random, source, own: this.#own, tell },
      passed: (generation) => this.#own.passed(generation),
      found: ({ server }) => this.#gate.open(server),
      searching: () => this.#gate.shut(),
      roundOver: (round, error) => this.#gate.roundOver(round, error),
      isAwaited: () => this.#gate.isAwaited,
    })
    this.#reads = new ReplicaReads({
      ...{ timeout, clock, random, policy, openReads: this.#openReads, members: this.#replication },
      hasWrites: ({ passed }, key) => !readYourWrites || this.#own.has(passed, key),
      isPrimaryKnown: () => this.#gate.isOpen,
      primary: (operation, items) => this.#readPrimary(operation, items),
    })
    this.setMembers(members)
  }

  /**
   * Replaces the members, for a set that finds them at run time; `named` is the primary, by what is said of it. The present primary
   * stays until there is another. Servers that are no members any more are the caller's again.
   */
  setMembers(members: readonly ReplicaMember[], named?: Server): void {
    for (const { server } of members) this.#watch(server)
    this.#replication.named = named
    this.#replication.setMembers(members)
  }

  /** Whether a server is one of the members. */
  hasMember(server: Server): boolean {
    return this.#replication.members.some((member) => member.server === server)
  }

  protected override batch<I, T>(operation: BatchOperation<I, T>, items: readonly I[]): Promise<Answer<T>[]> {
    this.#replication.use()
    if (operation.writes) return this.#write(keysOf(operation, items), new WriteCall(operation, items))
    if (this.#readsPrimaryOnly || items.length === 0) return this.#readPrimary(operation, items)
    return this.#reads.read(operation, items)
  }

  delete(keys: readonly string[]): Promise<Tally> {
    this.#replication.use()
    return this.#write(keys, new DeleteCall(keys))
  }

  async *scan(pattern: string): AsyncGenerator<ScanPage, void, undefined> {
    this.#replication.use()
    // What this process wrote before is there when the scan begins, and so it waits in the same line.
    const store = await this.#gate.send(new WholeCall((primary) => Promise.resolve(primary)))
    if (ShaleError.is(store)) throw store
    yield* store.scan(pattern)
  }

  async flush(): Promise<void> {
    this.#replication.use()
    const error = await this.#own.duringAll(this.#gate.send(new WholeCall((primary) => primary.flush())))
    if (ShaleError.is(error)) throw error
  }

  locate(_key: string): StoreLocation {
    const { primary, members } = this.#replication
    return { shard: this.#options.name, server: (primary ?? members[0])?.name ?? this.#options.name }
  }

  /** Reaches the primary and every configured replica. */
  async connect(): Promise<void> {
    this.#replication.use()
    if (this.#options.source === undefined) {
      await Promise.all(this.#replication.members.map(({ server }) => server.connect()))
      await this.#replication.check()
    }
    // Sentinels, and a failover, may take longer than a call may.
    const { clock, connectTimeout = 2000 } = this.#options
    const until = clock.now() + connectTimeout
    for (;;) {
      const error = await this.#gate.send(new WholeCall((primary) => primary.connect(), true))
      if (!ShaleError.is(error)) return
      if (error.code !== 'SERVER_UNAVAILABLE' || this.#replication.primary !== undefined || clock.now() >= until) throw error
    }
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  observe(observer: StoreObserver): void {
    this.#observers.push(observer)
    for (const { server } of this.#replication.members) server.observe(observer)
  }

  status(): readonly ServerStatus[] {
    const { members, primary } = this.#replication
    return members.map((member) => {
      const role = member === primary ? 'primary' : member.info === undefined ? 'unknown' : member.role
      return { ...member.server.status(), shard: this.#options.name, role, lag: member === primary ? undefined : member.lag }
    })
  }

  async #close(): Promise<void> {
    this.#replication.close()
    this.#gate.fail(closedError(this.#options))
    await Promise.all(this.#replication.members.map(({ server }) => server.close()))
  }

  #write<A>(keys: readonly string[], call: PrimaryCall<A>): Promise<A> {
    if (this.#closing !== undefined) return refuseNext(call, closedError(this.#options))
    this.#openReads.overtake(keys)
    return this.#own.during(keys, this.#gate.send(call))
  }

  #readPrimary<I, T>(operation: BatchOperation<I, T>, items: readonly I[]): Promise<Answer<T>[]> {
    const isWritten = this.#own.isPending && items.some((item) => this.#own.isPendingFor(operation.keyOf(item)))
    const call = new ReadCall(operation, items, isWritten)
    if (this.#closing !== undefined) return refuseNext(call, closedError(this.#options))
    return this.#gate.send(call)
  }

  #watch(server: Server): void {
    if (this.#watched.has(server)) return
    this.#watched.add(server)
    server.observe({
      connected: () => this.#replication.connected(),
      disconnected: () => this.#replication.disconnected(server),
      breaker: (_, state) => {
        if (state === 'open' && server === this.#replication.primary?.server) this.#replication.search()
      },
    })
    for (const observer of this.#observers) server.observe(observer)
  }
}
