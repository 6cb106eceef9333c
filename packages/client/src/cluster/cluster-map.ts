import { ShaleError, type Clock, type Command, type Random, type Reply, type TimerHandle } from '@shale/contracts'
import type { ClusterNodes } from './cluster-nodes.ts'
import { bestOf, newPrimaries, readTopology, withSlotAt, type ClusterShard, type NodeAddress, type Topology } from './cluster-topology.ts'
import { clusterSlots } from '../commands.ts'
import { PendingCalls } from '../calls/pending-calls.ts'
import { WhileUsed } from '../replicas/while-used.ts'
import { refuse } from '../calls/refuse.ts'

export interface ClusterMapOptions {
  readonly nodes: ClusterNodes
  /** Milliseconds that a node may take to say what it knows. */
  readonly timeout: number
  readonly clock: Clock
  readonly random: Random
  /** Told of all shards, whenever they were looked up. */
  readonly onShards: (shards: readonly ClusterShard[]) => void
  /** Told of each slot that another node serves from now on. */
  readonly onOwner: (slot: number) => void
  /** Told of a primary that was none before, and of the one whose replica it was, by their names. */
  readonly onPrimary: (server: string, previous: string | undefined) => void
}

/** How many nodes are asked at once for what they know. */
const witnesses = 3
/** The shortest time between two looks, in milliseconds: at first, and once so many of them have found nothing new. */
const gapMs = 100
const longGapMs = 500
const patience = 300
const staleMs = 5_000
/** After so long without a word from a node that owes one another may have taken its place, in milliseconds. */
const quietMs = 400

/** Knows which node serves which slot, and looks again when it is told that something is wrong: one look at a time. */
export class ClusterMap {
  readonly #options: ClusterMapOptions
  readonly #asks: PendingCalls
  #topology: Topology | undefined
  /** What was looked up last; of a slot that moved since then the topology knows more. */
  #lookedUp: Topology | undefined
  #isLoading = false
  /** Who waits to be told that the first topology is learnt, or why it is not. */
  #awaiting: { resolve(): void; reject(error: ShaleError): void }[] = []
  /** Why none was learnt, by the latest that is known. */
  #failure: ShaleError | undefined
  #looking: Promise<void> | undefined
  #lookedAt = -Infinity
  #fruitless = 0
  /** Who is likely to know better. */
  #hint: NodeAddress | undefined
  /** What waits until the next look may begin. */
  #gap: { readonly timer: TimerHandle; end(): void } | undefined
  #isClosed = false
  readonly #watching: WhileUsed

  constructor(options: ClusterMapOptions) {
    this.#options = options
    const { clock, nodes } = options
    this.#watching = new WhileUsed({
      clock,
      tick: () => {
        if (nodes.isAnyQuiet(quietMs)) void this.look()
      },
      gap: () => gapMs,
      idle: () => 0,
      // Who waits for answers may have nothing to call for.
      isUsed: () => nodes.isAnyQuiet(1),
    })
    this.#asks = new PendingCalls(options.timeout, options.clock)
  }

  /** Whether it was ever learnt who serves what. */
  get known(): boolean {
    return this.#topology !== undefined
  }

  get shards(): readonly ClusterShard[] {
    return this.#topology?.shards ?? []
  }

  shardOf(slot: number): ClusterShard | undefined {
    return this.#topology?.slots[slot]
  }

  /**
   * Learns from the seeds who serves what, once. Rejects with why none of them says it: at once where that is known already, while it is
   * tried further.
   */
  load(): Promise<void> {
    if (this.known) return Promise.resolve()
    if (!this.#isLoading) void this.#load()
    if (this.#failure === undefined) return new Promise((resolve, reject) => this.#awaiting.push({ resolve, reject }))
    void this.look()
    return refuse(this.#failure)
  }

  /** Asks one node about itself; gives it as long as a call has. */
  ask(address: NodeAddress, command: Command): Promise<Reply> {
    const server = this.#options.nodes.at(address)
    return this.#asks.add(server.ask(command), late, server.name, this.#options.timeout)
  }

  /**
   * There is a call: what was looked up long ago is looked up again, since nodes come that nobody speaks of; and so it is while a node
   * owes answers, as long as a call may take, since nobody need speak of the one that took its place either.
   */
  use(now: number): void {
    this.#watching.use()
    if (Math.abs(now - this.#lookedAt) > staleMs) void this.look()
  }

  /** A node said that a slot is at another one: believed at once, and looked into. */
  moved(slot: number, address: NodeAddress): void {
    if (this.#topology === undefined || this.#topology.slots[slot]?.primary === address) return
    this.#topology = withSlotAt(this.#topology, slot, address)
    this.#hint = address
    this.#options.onOwner(slot)
    void this.look()
  }

  /** Looks who serves what now: joins a look that is under way, and begins none too soon after another. Settles when it is over. */
  look(): Promise<void> {
    this.#looking ??= this.#look().finally(() => (this.#looking = undefined))
    return this.#looking
  }

  /** Looks no more; whoever waits for a look does not any more. */
  close(): void {
    this.#isClosed = true
    this.#watching.close()
    this.#options.clock.clearTimeout(this.#gap?.timer)
    this.#gap?.end()
  }

  async #load(): Promise<void> {
    const { nodes, clock } = this.#options
    this.#isLoading = true
    // One that is not known to be down may have come back since the last attempt.
    if (nodes.seeds.some((address) => nodes.isAvailable(address))) this.#failure = undefined
    this.#lookedAt = clock.now()
    try {
      const topology = await this.#ask(nodes.seeds, (address) => nodes.at(address).connect())
      if (!this.known) this.#learn(topology)
    } catch (error) {
      this.#failed(error as ShaleError)
    }
    this.#isLoading = false
  }

  /** Nobody says who serves what: whoever waits for the first that is learnt is told. */
  #failed(error: ShaleError): void {
    if (this.known) return
    this.#failure = error
    for (const { reject } of this.#awaiting.splice(0)) reject(error)
  }

  async #look(): Promise<void> {
    const { clock, random } = this.#options
    // Long since nobody was looking for anything.
    if (Math.abs(clock.now() - this.#lookedAt) >= staleMs) this.#fruitless = 0
    const gap = (this.#fruitless < patience ? gapMs : longGapMs) * (0.75 + random() / 4)
    const passed = Math.abs(clock.now() - this.#lookedAt)
    if (passed < gap) await this.#wait(gap - passed)
    if (this.#isClosed) return
    this.#lookedAt = clock.now()
    try {
      const topology = await this.#ask(this.#witnesses())
      if (!this.#isClosed) this.#learn(topology)
    } catch (error) {
      // Nobody answers now; whoever needs it looks again.
      this.#fruitless++
      this.#failed(error as ShaleError)
    }
  }

  #wait(ms: number): Promise<void> {
    if (this.#isClosed) return Promise.resolve()
    // Callers wait for it, perhaps for nothing else.
    return new Promise((end) => (this.#gap = { timer: this.#options.clock.setTimeout(end, ms, true), end }))
  }

  /** Some nodes that are likely to answer; the seeds once none of those that are known does. */
  #witnesses(): readonly NodeAddress[] {
    const { nodes, random } = this.#options
    const hint = this.#hint
    this.#hint = undefined
    const available = (addresses: readonly NodeAddress[]): NodeAddress[] => {
      const shuffled = addresses.map((address) => ({ address, by: random() })).sort((a, b) => a.by - b.by)
      return shuffled.map(({ address }) => address).filter((address) => nodes.isAvailable(address))
    }
    const primaries = available(this.shards.map(({ primary }) => primary))
    const others = primaries.length > 1 ? [] : [...available(this.shards.flatMap(({ replicas }) => replicas)), ...nodes.seeds]
    return [...new Set([...(hint === undefined ? [] : [hint]), ...primaries, ...others])].slice(0, witnesses)
  }

  /** What the first says who leaves no slot at a node that is down; else the best of what was said. */
  #ask(addresses: readonly NodeAddress[], before: (address: NodeAddress) => Promise<void> = ready): Promise<Topology> {
    const { nodes } = this.#options
    const isReachable = (address: NodeAddress): boolean => nodes.isAvailable(address)
    return new Promise((resolve, reject) => {
      const views: Topology[] = []
      const failures: ShaleError[] = []
      const settled = (): void => {
        if (views.length + failures.length < addresses.length) return
        const best = bestOf(views, isReachable)
        if (best === undefined) reject(noneAnswers(addresses, failures))
        else resolve(best)
      }
      const heard = (view: Topology): void => {
        views.push(view)
        if (view.shards.every(({ primary }) => isReachable(primary)) && view.slots.every((shard) => shard !== undefined)) resolve(view)
        settled()
      }
      for (const address of addresses) {
        before(address)
          .then(() => this.#askOne(address))
          .then(heard, (error: unknown) => {
            failures.push(ShaleError.from(error, 'SERVER_UNAVAILABLE'))
            settled()
          })
      }
    })
  }

  async #askOne(address: NodeAddress): Promise<Topology> {
    const { endpoint, name } = this.#options.nodes.at(address)
    try {
      return readTopology(await this.ask(address, clusterSlots), endpoint.host as string)
    } catch (error) {
      throw ofNoCluster(name, ShaleError.from(error, 'SERVER_UNAVAILABLE'))
    }
  }

  #learn(topology: Topology): void {
    const { nodes, onShards, onOwner, onPrimary } = this.#options
    const before = this.#topology
    this.#topology = topology
    onShards(topology.shards)
    let isNew = false
    topology.slots.forEach((shard, slot) => {
      if (before === undefined || shard?.primary === before.slots[slot]?.primary) return
      isNew = true
      onOwner(slot)
    })
    this.#fruitless = isNew ? 0 : this.#fruitless + 1
    nodes.keep(new Set(topology.shards.flatMap(({ primary, replicas }) => [primary, ...replicas])))
    for (const { primary, previous } of newPrimaries(this.#lookedUp, topology)) {
      onPrimary(nodes.nameOf(primary), previous === undefined ? undefined : nodes.nameOf(previous))
    }
    this.#lookedUp = topology
    for (const { resolve } of this.#awaiting.splice(0)) resolve()
  }
}

const ready = (): Promise<void> => Promise.resolve()

function late(server: string, timeout: number): never {
  throw new ShaleError('SERVER_TIMEOUT', `${server}: no answer within ${timeout} ms to a question about the cluster.`)
}

function ofNoCluster(server: string, error: ShaleError): ShaleError {
  if (!/cluster support disabled|unknown command/i.test((error.cause as Error | undefined)?.message ?? '')) return error
  const advice = "name it by { primary } or as a server of its own, or turn the server's option cluster-enabled on."
  return new ShaleError(
    'CONFIG_INVALID',
    `servers: expected nodes of a Redis Cluster; ${server} is none (its cluster mode is off): ${advice}`,
    {
      cause: error,
    },
  )
}

function noneAnswers(addresses: readonly NodeAddress[], failures: readonly ShaleError[]): ShaleError {
  // What will not go away by itself is told as it is.
  const decisive = failures.find(({ code }) => code === 'CONFIG_INVALID' || code === 'SERVER_AUTH' || code === 'CLOSED')
  if (decisive !== undefined) return decisive
  const causes = [...new Set(failures.map(({ message }) => message))].join(' ')
  return new ShaleError('SERVER_UNAVAILABLE', `none of the cluster's nodes ${addresses.join(', ')} says who serves what. ${causes}`, {
    cause: failures[0],
  })
}
