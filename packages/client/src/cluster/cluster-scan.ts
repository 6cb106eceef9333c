import { compileGlob, ShaleError, type ScanPage } from '@shale/contracts'
import { readNodeView, slotChanges, type NodeView, type SlotChanges } from './cluster-census.ts'
import type { ClusterMap } from './cluster-map.ts'
import type { ClusterNodes } from './cluster-nodes.ts'
import type { NodeAddress } from './cluster-topology.ts'
import { clusterNodes, countKeysInSlot, keysInSlot, replicationInfo } from '../commands.ts'
import { readable, text } from '../server/replies.ts'

/** Who is asked. */
export interface ScannedCluster {
  readonly nodes: ClusterNodes
  readonly map: ClusterMap
}

/** How often a whole scan is begun anew, because slots went and came back meanwhile. */
const mostPasses = 5
/** For keys that come between counting them and reading them. */
const spareKeys = 100

/** What every primary that answers says of itself. Rejects at once, with what is wrong with one of them, where all are known to be down. */
export async function takeCensus({ nodes, map }: ScannedCluster): Promise<NodeView[]> {
  let failure: unknown
  const ask = async (address: NodeAddress): Promise<NodeView | undefined> => {
    try {
      const [own, history] = await Promise.all([map.ask(address, clusterNodes), map.ask(address, replicationInfo)])
      return readNodeView(address, text(own), text(history))
    } catch (error) {
      failure ??= error
      return undefined
    }
  }
  const askAll = (): Promise<(NodeView | undefined)[]> => Promise.all(map.shards.map(({ primary }) => ask(primary)))
  const views = await askAll()
  if (views.every((view) => view?.isPrimary === true)) return views as NodeView[]
  const looked = map.look()
  // Where there is no primary no other one is elected, either.
  if (failure !== undefined && map.shards.every(({ primary }) => !nodes.at(primary).available)) throw failure
  await looked
  return (await askAll()).filter((view) => view !== undefined)
}

/**
 * The keys of all primaries, one node after the other. Keys that move from node to node meanwhile come too: the slots that
 * moved are found by asking the nodes between the steps, and are read whole at the end, each at its old node first. Where a node
 * does not answer those of the others come before the error.
 */
export async function* scanCluster(cluster: ScannedCluster, pattern: string): AsyncGenerator<ScanPage, void, undefined> {
  for (let pass = 1; ; pass++) {
    const scan = new ClusterScan(cluster, await takeCensus(cluster))
    yield* scan.pages(pattern)
    if (!scan.isUnclear) return
    if (pass === mostPasses) {
      throw new ShaleError(
        'SERVER_UNAVAILABLE',
        `scan: the cluster's slots moved to and fro ${mostPasses} times while it was read; try again later.`,
      )
    }
  }
}

class ClusterScan {
  /** Whether keys may have been missed all the same. */
  isUnclear = false
  readonly #cluster: ScannedCluster
  #census: readonly NodeView[]
  readonly #due: NodeAddress[]
  /** Slots that moved, and where their keys have been. */
  readonly #moved = new Map<number, Set<NodeAddress>>()
  readonly #read = new Set<number>()
  #failure: unknown

  constructor(cluster: ScannedCluster, census: readonly NodeView[]) {
    this.#cluster = cluster
    this.#census = census
    this.#due = cluster.map.shards.map(({ primary }) => primary)
    this.#note(slotChanges([], census))
  }

  async *pages(pattern: string): AsyncGenerator<ScanPage, void, undefined> {
    const { nodes } = this.#cluster
    for (let address = this.#due[0]; address !== undefined; address = this.#due[0]) {
      try {
        yield* nodes.at(address).store.scan(pattern)
      } catch (error) {
        this.#failure ??= error
      }
      await this.#lookAgain(address)
    }
    yield* this.#movedKeys(pattern)
    if (this.#failure !== undefined) throw this.#failure
  }

  /** Finds out what happened while a node was read, and whether that has to be done again elsewhere. */
  async #lookAgain(address: NodeAddress): Promise<void> {
    const before = this.#census
    const after = (this.#census = await takeCensus(this.#cluster))
    const changes = slotChanges(before, after)
    this.#note(changes)
    const was = before.find((view) => view.address === address)
    const is = after.find((view) => view.address === address)
    const due = this.#due.splice(0)
    due.shift()
    // A node that began anew meanwhile has shown only what it held then.
    if (was !== undefined && is?.isPrimary === true && is.history !== was.history) this.isUnclear = true
    if (changes.takenOver.has(address)) due.unshift(address)
    this.#due.push(...new Set(due.map((one) => changes.takenOver.get(one) ?? one)))
  }

  #note({ moved, unclear }: SlotChanges): void {
    for (const [slot, addresses] of moved) {
      const all = this.#moved.get(slot) ?? new Set()
      for (const address of addresses) all.add(address)
      this.#moved.set(slot, all)
    }
    this.isUnclear ||= unclear
  }

  async *#movedKeys(pattern: string): AsyncGenerator<ScanPage, void, undefined> {
    const matches = compileGlob(pattern)
    for (;;) {
      const slots = [...this.#moved].filter(([slot]) => !this.#read.has(slot))
      if (slots.length === 0) return
      for (const [slot, addresses] of slots) {
        this.#read.add(slot)
        for (const address of addresses) {
          try {
            yield (await this.#keysAt(address, slot)).filter(matches)
          } catch (error) {
            this.#failure ??= error
          }
        }
      }
      const before = this.#census
      this.#census = await takeCensus(this.#cluster)
      this.#note(slotChanges(before, this.#census))
    }
  }

  async #keysAt(address: NodeAddress, slot: number): Promise<ScanPage> {
    const { map } = this.#cluster
    const count = (await map.ask(address, countKeysInSlot(slot))) as number
    const keys = await map.ask(address, keysInSlot(slot, count + spareKeys))
    return readable(keys as Uint8Array[])
  }
}
