import type { Endpoint, StoreObserver, TlsOptions } from '@shale/contracts'
import { addressOf, placeOf, type NodeAddress } from './cluster-topology.ts'
import { readOnly } from '../commands.ts'
import type { Admit } from '../server/dial.ts'
import { tlsFor } from '../options/server-address.ts'
import { clusterLeaseKey } from '../server/lease-naming.ts'
import type { FoundServer, OpenServer, Server } from '../server/server.ts'

export interface ClusterNodesOptions {
  /** The cluster, by name. */
  readonly name: string
  readonly seeds: readonly Endpoint[]
  /** TLS to nodes that are no seeds, where those speak it. */
  readonly tls?: TlsOptions | undefined
  readonly open: OpenServer
}

/**
 * The servers of a cluster, each opened when it is first needed. A node that is read as a replica has connections of its own for
 * that, since on those it answers whatever it is: on the others it says so once it is not the primary of a key any more.
 */
export class ClusterNodes {
  readonly #options: ClusterNodesOptions
  readonly #servers = new Map<NodeAddress, Server>()
  readonly #readers = new Map<NodeAddress, Server>()
  readonly #seeds: ReadonlyMap<NodeAddress, Endpoint>
  /** Nodes that were asked since the last look although they may not be among those that are named. */
  readonly #guests = new Set<NodeAddress>()
  /** Where the last call had no answer. */
  readonly #suspects = new Set<NodeAddress>()
  readonly #observers: StoreObserver[] = []
  /** Where the nodes are, as they were looked up last. */
  #known: ReadonlySet<NodeAddress> = new Set()
  /** Servers that were reached, until it is known whether they are nodes: how that is told. */
  readonly #reached = new Map<NodeAddress, () => void>()
  /** Servers that were let go of and are not yet closed. */
  readonly #leaving = new Set<Promise<void>>()
  #isClosed = false

  constructor(options: ClusterNodesOptions) {
    this.#options = options
    this.#seeds = new Map(options.seeds.map((seed) => [addressOf(seed.host as string, seed.port as number), seed]))
  }

  get seeds(): readonly NodeAddress[] {
    return [...this.#seeds.keys()]
  }

  /** The servers that are open, once for each node: as what it is named, where there are two. */
  serversOf(isReplica: (address: NodeAddress) => boolean): readonly (readonly [NodeAddress, Server])[] {
    const addresses = new Set([...this.#servers.keys(), ...this.#readers.keys()])
    return [...addresses].map((address) => {
      const [server, reader] = [this.#servers.get(address), this.#readers.get(address)]
      return [address, ((isReplica(address) ? reader : server) ?? server ?? reader) as Server]
    })
  }

  /** The server at an address, as a primary. */
  at(address: NodeAddress): Server {
    return this.#servers.get(address) ?? this.#open(address, this.#servers, {})
  }

  /** The same for a node that may be named nowhere yet, since it has no slot: it is kept for a while all the same. */
  guestAt(address: NodeAddress): Server {
    this.#guests.add(address)
    return this.at(address)
  }

  /** The server at an address, as a replica: it answers reads instead of naming its primary. */
  readerAt(address: NodeAddress): Server {
    return this.#readers.get(address) ?? this.#open(address, this.#readers, { admit: sayReadOnly })
  }

  /** The server at an address as it may be shown. */
  nameOf(address: NodeAddress): string {
    return this.#seeds.get(address)?.name ?? `${address}/0`
  }

  /** Whether nothing speaks against the server at an address: it is not known to be down, and the last that was heard was no failure. */
  isAvailable(address: NodeAddress): boolean {
    return !this.#suspects.has(address) && (this.#servers.get(address)?.available ?? true)
  }

  /** Whether a primary that is asked owes an answer, and has not said a word for so many milliseconds. */
  isAnyQuiet(ms: number): boolean {
    for (const server of this.#servers.values()) if (server.quietFor >= ms) return true
    return false
  }

  /** A call was not answered there, or was. */
  heard(address: NodeAddress, isFailure: boolean): void {
    if (isFailure) this.#suspects.add(address)
    else if (this.#suspects.size > 0) this.#suspects.delete(address)
  }

  /** Lets go of all servers but those that are named: what is under way there is still answered. */
  keep(addresses: ReadonlySet<NodeAddress>): void {
    this.#known = addresses
    for (const [address, tell] of this.#reached) if (addresses.has(address)) tell()
    this.#reached.clear()
    for (const address of this.#keepOf(this.#servers, new Set([...addresses, ...this.#guests]))) this.#suspects.delete(address)
    this.#guests.clear()
  }

  /** The same of those that are read as replicas. */
  keepReaders(addresses: ReadonlySet<NodeAddress>): void {
    this.#keepOf(this.#readers, addresses)
  }

  observe(observer: StoreObserver): void {
    this.#observers.push(observer)
    for (const servers of [this.#servers, this.#readers]) {
      for (const [address, server] of servers) server.observe(this.#ofNode(address, observer))
    }
  }

  /** Closes all servers; one that is asked for later is closed from the start. */
  async close(): Promise<void> {
    this.#isClosed = true
    await Promise.all([...this.#all().map((server) => server.close()), ...this.#leaving])
  }

  #all(): readonly Server[] {
    return [...this.#servers.values(), ...this.#readers.values()]
  }

  #open(address: NodeAddress, servers: Map<NodeAddress, Server>, admit: Pick<FoundServer, 'admit'>): Server {
    const server = this.#options.open(this.#endpointOf(address), {
      ...{ shard: this.#options.name, leaseKey: clusterLeaseKey, singleKeys: true },
      ...admit,
    })
    for (const observer of this.#observers) server.observe(this.#ofNode(address, observer))
    servers.set(address, server)
    if (this.#isClosed) server.close().catch(() => {})
    return server
  }

  /** Closes and forgets the others; gives where they were. */
  #keepOf(servers: Map<NodeAddress, Server>, addresses: ReadonlySet<NodeAddress>): NodeAddress[] {
    const gone = [...servers].filter(([address]) => !addresses.has(address))
    for (const [address, server] of gone) {
      servers.delete(address)
      const leaving: Promise<void> = server
        .close()
        .catch(() => {})
        .then(() => void this.#leaving.delete(leaving))
      this.#leaving.add(leaving)
    }
    return gone.map(([address]) => address)
  }

  /**
   * An observer that is not told that a seed was reached which goes by another address among the nodes: such a seed serves nothing, and
   * that it lets us in says nothing of the nodes, whose certificates may be for other names.
   */
  #ofNode(address: NodeAddress, observer: StoreObserver): StoreObserver {
    return {
      connected: (server, shard) => {
        if (this.#known.has(address)) observer.connected?.(server, shard)
        else this.#reached.set(address, () => this.#observers.forEach((one) => one.connected?.(server, shard)))
      },
      disconnected: (server, error) => observer.disconnected?.(server, error),
      breaker: (server, state) => observer.breaker?.(server, state),
      // To look for such keys costs something: only for who wants to know.
      ...(observer.foreign === undefined ? {} : { foreign: (key) => observer.foreign?.(key) }),
    }
  }

  /** A node that is no seed is logged in to as the first seed is. */
  #endpointOf(address: NodeAddress): Endpoint {
    const { seeds, tls } = this.#options
    const seed = this.#seeds.get(address)
    if (seed !== undefined) return seed
    const place = placeOf(address)
    const { tls: _, ...first } = seeds[0] as Endpoint
    return { ...first, ...place, name: this.nameOf(address), ...(tls === undefined ? {} : { tls: tlsFor(place.host, tls) }) }
  }
}

/** A replica then answers reads instead of naming its primary; a primary takes no notice. */
const sayReadOnly: Admit = async (ask) => {
  await ask(readOnly).catch(() => {})
}
