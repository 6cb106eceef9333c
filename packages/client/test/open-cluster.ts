import { systemClock, type Driver } from '@shale/contracts'
import type { RedisCluster } from '@tooling/servers'
import { nodeRedis, parseServer, type ServerDefaults } from '@shale/client'
import { Cluster } from '../src/cluster/cluster.ts'
import type { ClusterReadOptions } from '../src/cluster/cluster-replicas.ts'
import { Server, type OpenServer } from '../src/server/server.ts'

export interface OpenClusterOptions extends ServerDefaults, ClusterReadOptions {
  /** Milliseconds; 2000 unless stated. */
  readonly timeout?: number
  readonly driver?: Driver
  readonly connections?: number
}

/** What opens servers as `createStore` does. */
function opener({ timeout = 2000, driver = nodeRedis(), connections = 1 }: OpenClusterOptions): OpenServer {
  return (endpoint, found) =>
    new Server({
      endpoint,
      ...found,
      driver,
      connections: { min: connections, max: connections },
      connectTimeout: 2000,
      timeout,
      clock: systemClock,
      random: Math.random,
    })
}

/** A cluster without any decorator around it. */
export function openCluster(seeds: RedisCluster | readonly string[], options: OpenClusterOptions = {}): Cluster {
  const urls = 'urls' in seeds ? seeds.urls : seeds
  const { readFrom, readYourWrites, maxReplicaLag } = options
  return new Cluster({
    ...{ readFrom, readYourWrites, maxReplicaLag },
    name: 'test',
    seeds: urls.map((url) => parseServer(url, options)),
    open: opener(options),
    timeout: options.timeout ?? 2000,
    clock: systemClock,
    random: Math.random,
  })
}
