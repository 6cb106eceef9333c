import {
  BatchStore,
  ShaleError,
  type Answer,
  type BatchOperation,
  type Clock,
  type Endpoint,
  type Random,
  type ScanPage,
  type ServerStatus,
  type StoreLocation,
  type StoreObserver,
  type Tally,
  type TlsOptions,
} from '@shale/contracts'
import { BatchCall, DeleteCall, type ClusterCall } from './cluster-call.ts'
import { ClusterDispatch } from './cluster-dispatch.ts'
import { ClusterMap } from './cluster-map.ts'
import { ClusterNodes } from './cluster-nodes.ts'
import { ClusterReplicas, type ClusterReadOptions } from './cluster-replicas.ts'
import { scanCluster, takeCensus } from './cluster-scan.ts'
import { slotChanges, type NodeView } from './cluster-census.ts'
import { refuse } from '../calls/refuse.ts'
import { closedError } from '../calls/closed-error.ts'
import { LateErrors } from '../calls/late-errors.ts'
import { PendingCalls } from '../calls/pending-calls.ts'
import { keysOf, OwnWrites } from '../replicas/own-writes.ts'
import { readPolicy } from '../replicas/read-policy.ts'
import type { OpenServer } from '../server/server.ts'
import { slotOf } from './slot.ts'

export interface ClusterOptions extends ClusterReadOptions {
  /** The shard that the cluster as a whole is, by name. */
  readonly name: string
  /** Some of its nodes, from which the others are learnt: reached by host and port, database 0. The first one's login holds for nodes that are no seeds. */
  readonly seeds: readonly Endpoint[]
  /** TLS to nodes that are no seeds, where those speak it. */
  readonly tls?: TlsOptions | undefined
  /** Opens a server. */
  readonly open: OpenServer
  /** Milliseconds that a call has, from the call, redirects and repetitions included. */
  readonly timeout: number
  readonly clock: Clock
  readonly random: Random
}

/** A call that waits: how it goes on, and what it does when it cannot. */
interface Early {
  go(): void
  fail(error: ShaleError): void
}

/**
 * A Redis Cluster as a store. Each key is asked for at the primary that serves its slot; a node that says that it does not is
 * believed. What cannot be served just now (a slot on its way, a cluster that is electing a primary) is tried again within the
 * deadline where it is proven that it was not run, and calls on one key keep their order meanwhile.
 *
 * Errors beside those of each server: `CONFIG_INVALID` for a seed that is no node of a cluster, a database other than 0, and a
 * seed without a host; `SERVER_UNAVAILABLE` where no seed answers, or no node serves a slot.
 *
 * @throws ShaleError `CONFIG_INVALID`.
 */
export class Cluster extends BatchStore {
  readonly #options: ClusterOptions
  readonly #nodes: ClusterNodes
  readonly #map: ClusterMap
  readonly #own: OwnWrites
  readonly #replicas: ClusterReplicas | undefined
  readonly #dispatch: ClusterDispatch
  readonly #pending: PendingCalls
  readonly #lateErrors: LateErrors
  readonly #observers: StoreObserver[] = []
  /** What came before it was known who serves what, in order. */
  #early: Early[] = []
  #closing: Promise<void> | undefined

  constructor(options: ClusterOptions) {
    super()
    checkSeeds(options.seeds)
    const { name, timeout, clock, random } = options
    const policy = readPolicy(options.readFrom ?? 'primary')
    const readsReplicas = !policy.primaryOnly
    this.#options = options
    this.#own = readsReplicas ? new OwnWrites() : new OwnWrites(0)
    const own = this.#own
    this.#nodes = new ClusterNodes(options)
    const nodes = this.#nodes
    this.#replicas = readsReplicas ? new ClusterReplicas({ ...options, nodes, policy, own, look: () => this.#map.look() }) : undefined
    const replicas = this.#replicas
    this.#map = new ClusterMap({
      ...{ nodes, timeout, clock, random },
      onShards: (shards) => replicas?.learn(shards),
      onOwner: (slot) => {
        const owner = this.#map.shardOf(slot)?.primary
        if (owner !== undefined) replicas?.slotArrived(owner, slot)
        this.#dispatch.ownerChanged(slot)
      },
      onPrimary: (server, previous) => this.#observers.forEach((observer) => observer.primary?.(name, server, previous)),
    })
    this.#dispatch = new ClusterDispatch({ name, nodes, map: this.#map, replicas, own, timeout, clock })
    this.#pending = new PendingCalls(timeout, clock)
    this.#lateErrors = new LateErrors(timeout)
  }

  protected batch<I, T>(operation: BatchOperation<I, T>, items: readonly I[]): Promise<Answer<T>[]> {
    if (this.#closing !== undefined) return refuse(closedError(this.#options))
    const call = new BatchCall(operation, items, this.#dispatch.nextOrder(), this.#options.clock.now())
    this.#begin(call)
    const result = this.#pending.add(call.result, this.#batchLate<I, T>, call, undefined, call.since)
    return operation.writes ? this.#own.during(keysOf(operation, items), result) : result
  }

  delete(keys: readonly string[]): Promise<Tally> {
    if (this.#closing !== undefined) return refuse(closedError(this.#options))
    const call = new DeleteCall(keys, this.#dispatch.nextOrder(), this.#options.clock.now())
    this.#begin(call)
    return this.#own.during(keys, this.#pending.add(call.result, this.#tallyLate, call, undefined, call.since))
  }

  async *scan(pattern: string): AsyncGenerator<ScanPage, void, undefined> {
    await this.#known()
    // What this process wrote before is there when the scan begins, also what is being sent again.
    await this.#dispatch.drained()
    yield* scanCluster({ nodes: this.#nodes, map: this.#map }, pattern)
  }

  flush(): Promise<void> {
    if (this.#closing !== undefined) return refuse(closedError(this.#options))
    return new Promise((resolve, reject) => {
      // In its turn among the other calls, also before it is known who serves what.
      const go = (): void => void this.#own.duringAll(this.#dispatch.alone(() => this.#flush())).then(resolve, reject)
      this.#onceKnown(go, reject)
    })
  }

  locate(key: string): StoreLocation {
    const { name } = this.#options
    const address = this.#map.shardOf(slotOf(key))?.primary
    return { shard: name, server: address === undefined ? name : this.#nodes.at(address).name }
  }

  async connect(): Promise<void> {
    await this.#known()
    await Promise.all(this.#map.shards.map(({ primary }) => this.#nodes.at(primary).connect()))
  }

  close(): Promise<void> {
    this.#dispatch.close()
    this.#replicas?.close()
    this.#map.close()
    this.#closing ??= this.#nodes.close()
    return this.#closing
  }

  observe(observer: StoreObserver): void {
    this.#observers.push(observer)
    this.#nodes.observe(observer)
    this.#replicas?.observe(observer)
  }

  status(): readonly ServerStatus[] {
    const primaries = new Set(this.#map.shards.map(({ primary }) => primary))
    const replicas = new Set(this.#map.shards.flatMap(({ replicas: some }) => some))
    return this.#nodes
      .serversOf((address) => replicas.has(address))
      .map(([address, server]) => ({
        ...server.status(),
        lag: this.#replicas?.lagOf(server),
        role: primaries.has(address) ? 'primary' : replicas.has(address) ? 'replica' : 'unknown',
      }))
  }

  #begin(call: ClusterCall): void {
    this.#onceKnown(
      () => this.#dispatch.dispatch(call),
      (error) => {
        for (const place of call.places) call.finish(place, error)
      },
    )
  }

  #onceKnown(go: () => void, fail: (error: ShaleError) => void): void {
    if (this.#map.known && this.#early.length === 0) return go()
    this.#early.push({ go, fail })
    if (this.#early.length > 1) return
    this.#map.load().then(
      () => this.#takeEarly().forEach((early) => early.go()),
      (error: unknown) => this.#takeEarly().forEach((early) => early.fail(error as ShaleError)),
    )
  }

  #takeEarly(): readonly Early[] {
    const early = this.#early
    this.#early = []
    return early
  }

  /** Settles once it is known who serves what. */
  async #known(): Promise<void> {
    if (this.#closing !== undefined) throw closedError(this.#options)
    await this.#map.load()
  }

  async #flush(): Promise<void> {
    const cluster = { nodes: this.#nodes, map: this.#map }
    const before = await takeCensus(cluster)
    await this.#flushAll(before)
    const after = await takeCensus(cluster)
    const { moved, takenOver } = slotChanges(before, after)
    // What moved from a node that was not yet empty to one that was already is still there.
    if (moved.size > 0 || takenOver.size > 0) await this.#flushAll(after)
  }

  /** Empties all primaries, and the nodes to which slots are on their way. */
  async #flushAll(census: readonly NodeView[]): Promise<void> {
    const others = census.flatMap(({ moving }) => moving.flatMap(({ other }) => other ?? []))
    const addresses = new Set([...this.#map.shards.map(({ primary }) => primary), ...others])
    const outcomes = await Promise.allSettled([...addresses].map((address) => this.#nodes.at(address).store.flush()))
    const failure = outcomes.find((outcome) => outcome.status === 'rejected')
    if (failure !== undefined) throw failure.reason
  }

  /** What an item gets that has no answer in time. */
  readonly #late = (key: string): ShaleError => this.#lateErrors.of(this.locate(key).server, this.#look)
  readonly #look = (): void => void this.#map.look()
  readonly #batchLate = <I, T>(call: BatchCall<I, T>): Answer<T>[] => call.giveUp(this.#late)
  readonly #tallyLate = (call: DeleteCall): Tally => call.giveUp(this.#late)
}

function checkSeeds(seeds: readonly Endpoint[]): void {
  if (seeds.length === 0) throw new ShaleError('CONFIG_INVALID', 'servers: cluster: expected at least one node; found none.')
  for (const { name, host, database } of seeds) {
    if (host === undefined) {
      throw new ShaleError('CONFIG_INVALID', `servers: cluster: expected nodes with a host and a port; found the Unix socket ${name}.`)
    }
    if (database !== 0) {
      throw new ShaleError(
        'CONFIG_INVALID',
        `servers: cluster: a Redis Cluster has the database 0 alone; found ${database}, of ${name}. Leave the database out.`,
      )
    }
  }
}
