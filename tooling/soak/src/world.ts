import { startProxy, startRedis, until, type FaultProxy, type RedisServer } from '@tooling/servers'

/** A server, and the proxy through which the cache reaches it. */
export interface Member {
  readonly server: RedisServer
  readonly proxy: FaultProxy
}

/** A primary and its replica. */
export interface Shard {
  readonly name: string
  primary: Member
  replica: Member
}

/** The servers of the soak: shards of two, each behind a proxy of its own. */
export class World {
  readonly shards: readonly Shard[]

  private constructor(shards: readonly Shard[]) {
    this.shards = shards
  }

  static async start(count: number): Promise<World> {
    const shards = await Promise.all(
      Array.from({ length: count }, async (_, i): Promise<Shard> => {
        const [primary, replica] = await Promise.all([startMember(), startMember()])
        const shard = { name: `shard-${i + 1}`, primary, replica }
        await follow(shard.replica, shard.primary)
        return shard
      }),
    )
    return new World(shards)
  }

  /** What the cache is configured with: it finds out by itself who is the primary. */
  get servers(): { readonly name: string; readonly primary: string; readonly replicas: readonly string[] }[] {
    return this.shards.map(({ name, primary, replica }) => ({ name, primary: addressOf(primary), replicas: [addressOf(replica)] }))
  }

  /** The primary dies, its replica takes over, and it comes back empty as the replica. */
  async failOver(shard: Shard): Promise<void> {
    const dead = shard.primary
    await dead.server.kill()
    await shard.replica.server.command('REPLICAOF', 'NO', 'ONE')
    shard.primary = shard.replica
    shard.replica = dead
    await dead.server.restart()
    await follow(dead, shard.primary)
  }

  /** A replica dies, and comes back empty. */
  async restartReplica(shard: Shard): Promise<void> {
    await shard.replica.server.restart()
    await follow(shard.replica, shard.primary)
  }

  heal(): void {
    for (const { primary, replica } of this.shards) {
      for (const { server, proxy } of [primary, replica]) {
        server.resume()
        proxy.heal()
      }
    }
  }

  async stop(): Promise<void> {
    const members = this.shards.flatMap(({ primary, replica }) => [primary, replica])
    await Promise.all(members.flatMap(({ server, proxy }) => [proxy.stop(), server.stop()]))
  }
}

async function startMember(): Promise<Member> {
  const server = await startRedis({ args: ['--repl-diskless-sync-delay', '0', '--repl-diskless-load', 'swapdb'] })
  return { server, proxy: await startProxy({ port: server.port, host: server.host }) }
}

function addressOf({ proxy }: Member): string {
  return `redis://${proxy.host}:${proxy.port}`
}

async function follow(replica: Member, primary: Member): Promise<void> {
  await replica.server.command('REPLICAOF', primary.server.host, primary.server.port)
  await until(
    'a replica is in step',
    async () => /master_link_status:up/.test(String(await replica.server.command('INFO', 'replication'))),
    20_000,
  )
}
