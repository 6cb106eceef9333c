import { freePort, isFreePort } from './free-port.ts'
import type { RawReply } from './raw-connection.ts'
import { startRedis, type RedisServer, type StartRedisOptions } from './redis-server.ts'
import { replicaLogin } from './logins.ts'
import { beginSlotMigration, type SlotMigration } from './slot-migration.ts'
import { until } from './until.ts'

/** `password`, `acl`, `tls` and `args` are for each of the nodes. The further user of `acl`, where there is one, replicates. */
export interface StartClusterOptions extends Pick<StartRedisOptions, 'password' | 'acl' | 'tls' | 'args'> {
  /** Nodes that serve slots, each an equal share; 3 unless stated. */
  readonly primaries?: number
  /** Replicas, dealt to the primaries in turn; 3 unless stated. */
  readonly replicas?: number
  /** Milliseconds of silence after which a node is taken for dead; 1500 unless stated. */
  readonly nodeTimeout?: number
}

/** One process of a cluster. `restart` keeps who it is in the cluster, not its data. */
export interface ClusterNode extends RedisServer {
  readonly id: string
}

/** A real cluster, started for a test. */
export interface RedisCluster extends AsyncDisposable {
  /** All nodes: first those that were started as primaries, then those that were started as replicas. */
  readonly nodes: readonly ClusterNode[]
  readonly urls: readonly string[]
  /** The nodes that run, say that they are primaries, and have slots, as they see it themselves. */
  primaries(): Promise<ClusterNode[]>
  /** The replicas of a node, as the other nodes see it. */
  replicasOf(node: ClusterNode): Promise<ClusterNode[]>
  /** The node that serves a slot, as the nodes that run agree. */
  ownerOf(slot: number): Promise<ClusterNode>
  /** The slot of a key, as a node computes it. */
  slotOf(key: string): Promise<number>
  /** Starts one more node, without slots, and gives it once all nodes know it. */
  addNode(): Promise<ClusterNode>
  /** Moves a slot with all its keys to another primary while it is in use. */
  migrateSlot(slot: number, to: ClusterNode): Promise<void>
  /** Begins to move a slot and leaves it so: its keys are moved, and the slot is handed over, when the caller says so. */
  beginMigration(slot: number, to: ClusterNode): Promise<SlotMigration>
  /**
   * Makes a replica of a primary the primary, by the replica's own `CLUSTER FAILOVER` or by killing the primary; gives it once it says that it is. Of one shard not
   * twice within twice `nodeTimeout`: nobody votes for it then, and a command makes writes stand still meanwhile.
   */
  failover(primary: ClusterNode, by?: 'command' | 'kill'): Promise<ClusterNode>
  /** Waits until every node that runs says that all slots are served, and sees the same owners as the others. */
  settled(): Promise<void>
  stop(): Promise<void>
}

const slots = 16_384
/** Where the nodes talk among themselves: so far above the port of a node. */
const busOffset = 10_000
/** Below it the second port too is one that systems do not give to outgoing connections. */
const highestPort = 22_000

/** Starts a cluster of real processes and waits until it serves all slots. They die with this process. */
export async function startCluster(options: StartClusterOptions = {}): Promise<RedisCluster> {
  const { primaries: primaryCount = 3, replicas: replicaCount = 3 } = options
  const nodes: ClusterNode[] = []
  const running = async (): Promise<ClusterNode[]> => {
    const answers = await Promise.all(
      nodes.map((node) =>
        node.command('PING').then(
          () => node,
          () => undefined,
        ),
      ),
    )
    return answers.filter((node) => node !== undefined)
  }
  const stop = async (): Promise<void> => {
    await Promise.all(nodes.map((node) => node.stop()))
  }
  try {
    nodes.push(...(await Promise.all(Array.from({ length: primaryCount + replicaCount }, () => startNode(options)))))
    await join(nodes, primaryCount)
    await agree(running, nodes.length)
    await showReplicas(nodes, primaryCount)
  } catch (error) {
    await stop()
    throw error
  }

  const cluster: RedisCluster = {
    nodes,
    urls: nodes.map(({ url }) => url),
    async primaries() {
      const alive = await running()
      const lines = await Promise.all(alive.map(async (node) => (await linesOf(node)).find(({ flags }) => flags.includes('myself'))))
      return alive.filter((_, i) => lines[i]?.flags.includes('master') === true && lines[i].slots.length > 0)
    },
    async replicasOf(node) {
      const [witness] = await running()
      if (witness === undefined) return []
      const lines = await linesOf(witness)
      return nodes.filter(({ id }) => lines.some((line) => line.id === id && line.primary === node.id))
    },
    async ownerOf(slot) {
      return until(`an owner of slot ${slot} that all nodes agree on`, async () => {
        const views = await Promise.all((await running()).map(linesOf))
        const owners = new Set(views.map((lines) => lines.find((line) => holds(line, slot))?.id))
        const [owner] = owners
        return owners.size === 1 && nodes.find(({ id }) => id === owner)
      })
    },
    slotOf: async (key) => Number(await ((await running())[0] as ClusterNode).command('CLUSTER', 'KEYSLOT', key)),
    async addNode() {
      const node = await startNode(options)
      const others = await running()
      nodes.push(node)
      await node.command('CLUSTER', 'MEET', (others[0] as ClusterNode).host, (others[0] as ClusterNode).port)
      await until('all nodes know the new one', async () => {
        const views = await Promise.all([...others, node].map(linesOf))
        return views.every((lines) => lines.length === others.length + 1 && lines.every(({ flags }) => !flags.includes('handshake')))
      })
      await agree(running, undefined)
      return node
    },
    async migrateSlot(slot, to) {
      const migration = await cluster.beginMigration(slot, to)
      while ((await migration.moveKeys(100)) > 0);
      await migration.finish()
    },
    async beginMigration(slot, to) {
      const from = await cluster.ownerOf(slot)
      const migration = await beginSlotMigration({ slot, from, to, all: () => cluster.primaries(), password: options.password })
      return {
        ...migration,
        async finish() {
          await migration.finish()
          // Before Redis 7 a replica that hears of another change first never hears of this one.
          await cluster.ownerOf(slot)
        },
      }
    },
    async failover(primary, by = 'command') {
      const candidates = await cluster.replicasOf(primary)
      const [first] = candidates
      if (first === undefined) throw new Error(`${primary.url} has no replica`)
      if (by === 'kill') await primary.kill()
      else await first.command('CLUSTER', 'FAILOVER')
      return until(
        `a replica of ${primary.port} is primary`,
        async () => {
          for (const node of candidates) if (((await node.command('ROLE')) as string[])[0] === 'master') return node
          return undefined
        },
        20_000,
      )
    },
    settled: () => agree(running, undefined),
    stop,
    [Symbol.asyncDispose]: stop,
  }
  return cluster
}

async function startNode(options: StartClusterOptions): Promise<ClusterNode> {
  const { args = [], nodeTimeout = 1500 } = options
  const settings = ['--cluster-enabled', 'yes', '--cluster-node-timeout', String(nodeTimeout), '--cluster-replica-validity-factor', '0']
  settings.push(...replicaLogin(options))
  for (let attempt = 1; ; attempt++) {
    const port = await clusterPort()
    try {
      const server = await startRedis({ ...options, port, args: [...settings, ...args] })
      const id = String(await server.command('CLUSTER', 'MYID'))
      return Object.defineProperty(server as RedisServer & { id: string }, 'id', { value: id })
    } catch (error) {
      if (attempt === 5 || !/in use|could not (create|bind)|failed (to )?listen/i.test(String(error))) throw error
    }
  }
}

/** A free port whose companion is free as well. */
async function clusterPort(): Promise<number> {
  for (;;) {
    const port = await freePort(highestPort)
    if (await isFreePort(port + busOffset)) return port
  }
}

async function join(nodes: readonly ClusterNode[], primaryCount: number): Promise<void> {
  const primaries = nodes.slice(0, primaryCount)
  await Promise.all(nodes.map((node, i) => node.command('CLUSTER', 'SET-CONFIG-EPOCH', i + 1)))
  await Promise.all(
    primaries.map((node, i) => {
      const first = Math.floor((slots * i) / primaryCount)
      const end = Math.floor((slots * (i + 1)) / primaryCount)
      return node.command('CLUSTER', 'ADDSLOTS', ...Array.from({ length: end - first }, (_, at) => first + at))
    }),
  )
  for (const node of nodes) for (const other of nodes) if (other !== node) await node.command('CLUSTER', 'MEET', other.host, other.port)
  const know = async (node: ClusterNode): Promise<boolean> => {
    const known = (await linesOf(node)).filter(({ flags }) => !flags.includes('handshake'))
    return nodes.every(({ id }) => known.some((line) => line.id === id))
  }
  await until('all nodes know each other', async () => (await Promise.all(nodes.map(know))).every(Boolean), 20_000)
  const attach = (replica: ClusterNode, i: number): Promise<unknown> =>
    replica.command('CLUSTER', 'REPLICATE', (primaries[i % primaryCount] as ClusterNode).id)
  await Promise.all(nodes.slice(primaryCount).map(attach))
}

/** Waits until all see the same cluster, in which every slot is served and every replica that runs follows its primary. */
async function agree(running: () => Promise<ClusterNode[]>, count: number | undefined): Promise<void> {
  await until(
    'the cluster has settled',
    async () => {
      const alive = await running()
      if (count !== undefined && alive.length !== count) return false
      const infos = await Promise.all(alive.map((node) => node.command('CLUSTER', 'INFO')))
      if (!infos.every((info) => String(info).includes('cluster_state:ok'))) return false
      const replications = await Promise.all(alive.map((node) => node.command('INFO', 'replication')))
      if (replications.some((info) => String(info).includes('master_link_status:down'))) return false
      const views = await Promise.all(alive.map(linesOf))
      const owners = views.map((lines) =>
        lines
          .map(({ id, primary, slots: held }) => [id, primary, held.join()].join())
          .sort()
          .join('\n'),
      )
      return new Set(owners).size === 1
    },
    30_000,
  )
}

/** Waits until all tell clients of all replicas, which they do once a replica has carried something out. */
async function showReplicas(nodes: readonly ClusterNode[], primaryCount: number): Promise<void> {
  for (const node of nodes.slice(0, primaryCount)) await node.command('FLUSHALL')
  const tell = async (node: ClusterNode): Promise<boolean> => {
    const ranges = (await node.command('CLUSTER', 'SLOTS')) as RawReply[][]
    return new Set(ranges.flatMap((range) => range.slice(2).map((one) => (one as RawReply[])[2]))).size === nodes.length
  }
  await until('all nodes tell of all replicas', async () => (await Promise.all(nodes.map(tell))).every(Boolean), 20_000)
}

interface NodeLine {
  readonly id: string
  readonly flags: readonly string[]
  /** The id of the node that it follows; `-` for a primary. */
  readonly primary: string
  /** Ranges such as `0-5460` and single slots. */
  readonly slots: readonly string[]
}

async function linesOf(node: ClusterNode): Promise<NodeLine[]> {
  const text = String(await node.command('CLUSTER', 'NODES'))
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [id = '', , flags = '', primary = '', , , , , ...held] = line.split(' ')
      return { id, flags: flags.split(','), primary, slots: held.filter((range) => !range.startsWith('[')) }
    })
}

function holds({ slots: ranges }: NodeLine, slot: number): boolean {
  return ranges.some((range) => {
    const [first, last = first] = range.split('-').map(Number)
    return slot >= (first as number) && slot <= (last as number)
  })
}
