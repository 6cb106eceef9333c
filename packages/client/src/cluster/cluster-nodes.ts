import { isIP } from 'node:net'
import type { Endpoint, StoreObserver } from '@shale/contracts'
import { addressOf, placeOf, type NodeAddress } from './cluster-topology.ts'
import { readOnly } from '../commands.ts'
import type { Admit } from '../server/dial.ts'
import { clusterLeaseKey } from '../server/lease-naming.ts'
import type { OpenServer, Server } from '../server/server.ts'

export interface ClusterNodesOptions {
  /** The cluster, by name. */
  readonly name: string
  readonly seeds: readonly Endpoint[]
  readonly open: OpenServer
  /** Whether nodes are to answer reads while they are replicas. */
  readonly readsReplicas: boolean
}

/** The servers of a cluster, each opened when it is first needed. */
export class ClusterNodes {
  readonly #options: ClusterNodesOptions
  readonly #servers = new Map<NodeAddress, Server>()
  readonly #seeds: ReadonlyMap<NodeAddress, Endpoint>
  /** Where the last call had no answer. */
  readonly #suspects = new Set<NodeAddress>()
  readonly #observers: StoreObserver[] = []

  constructor(options: ClusterNodesOptions) {
    this.#options = options
    this.#seeds = new Map(options.seeds.map((seed) => [addressOf(seed.host as string, seed.port as number), seed]))
  }

  get seeds(): readonly NodeAddress[] {
    return [...this.#seeds.keys()]
  }

  get open(): readonly (readonly [NodeAddress, Server])[] {
    return [...this.#servers]
  }

  /** The server at an address. */
  at(address: NodeAddress): Server {
    let server = this.#servers.get(address)
    if (server === undefined) {
      const { name, open, readsReplicas } = this.#options
      const found = { shard: name, leaseKey: clusterLeaseKey, singleKeys: true }
      server = open(this.#endpointOf(address), readsReplicas ? { ...found, admit: sayReadOnly } : found)
      for (const observer of this.#observers) server.observe(observer)
      this.#servers.set(address, server)
    }
    return server
  }

  /** The server at an address as it may be shown. */
  nameOf(address: NodeAddress): string {
    return this.#seeds.get(address)?.name ?? `${address}/0`
  }

  /** Whether nothing speaks against the server at an address: it is not known to be down, and the last that was heard was no failure. */
  isAvailable(address: NodeAddress): boolean {
    return !this.#suspects.has(address) && (this.#servers.get(address)?.available ?? true)
  }

  /** A call was not answered there, or was. */
  heard(address: NodeAddress, isFailure: boolean): void {
    if (isFailure) this.#suspects.add(address)
    else if (this.#suspects.size > 0) this.#suspects.delete(address)
  }

  /** Lets go of all servers but those that are named: what is under way there is still answered. */
  keep(addresses: ReadonlySet<NodeAddress>): void {
    for (const [address, server] of this.#servers) {
      if (addresses.has(address)) continue
      this.#servers.delete(address)
      this.#suspects.delete(address)
      server.close().catch(() => {})
    }
  }

  /** Knows the servers at these addresses no more; whoever has them closes them. */
  forget(addresses: readonly NodeAddress[]): void {
    for (const address of addresses) this.#servers.delete(address)
  }

  observe(observer: StoreObserver): void {
    this.#observers.push(observer)
    for (const server of this.#servers.values()) server.observe(observer)
  }

  async close(): Promise<void> {
    await Promise.all(this.open.map(([, server]) => server.close()))
  }

  /** A node that is no seed is reached as the first seed is. */
  #endpointOf(address: NodeAddress): Endpoint {
    const seed = this.#seeds.get(address)
    if (seed !== undefined) return seed
    const place = placeOf(address)
    const { host, tls, ...first } = this.#options.seeds[0] as Endpoint
    const endpoint = { ...first, ...place, name: this.nameOf(address) }
    if (tls === undefined) return endpoint
    // The name that a certificate is asked for goes with the host, unless it was given.
    if (tls.servername !== undefined && tls.servername !== host) return { ...endpoint, tls }
    const { servername: _, ...rest } = tls
    return { ...endpoint, tls: isIP(place.host) === 0 ? { ...rest, servername: place.host } : rest }
  }
}

/** A replica then answers reads instead of naming its primary; a primary takes no notice. */
const sayReadOnly: Admit = async (ask) => {
  await ask(readOnly).catch(() => {})
}
