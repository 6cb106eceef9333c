import { isRecord, kindOf, readList, readRecord, ShaleError, type Endpoint, type TlsOptions } from '@shale/contracts'
import { parseServer, type ServerDefaults } from './server-address.ts'
import { endpointsOf, placeOf, type ReplicaLayout, type ShardLayout } from './shard-layout.ts'
import { splitServers } from './split-servers.ts'
import { readTlsOptions } from './tls-options.ts'

const shapes =
  "a server as text ('redis://localhost:6379'), { primary, replicas }, { sentinels, master }, { cluster: […] }, or a list of these"
const sentinelPort = 26_379

/**
 * The shards that `servers` stands for, in the order given; at least one.
 *
 * @throws ShaleError `CONFIG_INVALID`, which names what is wrong and shows no password.
 */
export function parseServers(servers: unknown, defaults: ServerDefaults = {}): readonly ShardLayout[] {
  const listed = listOf(servers)
  const isList = listed.length > 1
  const shards = listed.map((shard, i) =>
    parseShard(shard, isList || Array.isArray(servers) ? `servers[${i}]` : 'servers', defaults, isList),
  )
  checkTwice(shards)
  checkNames(shards)
  return shards
}

function listOf(servers: unknown): readonly unknown[] {
  if (typeof servers === 'string') return splitServers(servers)
  if (!Array.isArray(servers)) return [servers]
  if (servers.length === 0) throw invalid('servers', 'at least one server', 'an empty list')
  return readList(servers, 'servers')
}

function parseShard(shard: unknown, where: string, defaults: ServerDefaults, isList: boolean): ShardLayout {
  if (typeof shard === 'string') {
    const endpoint = parseServer(shard, defaults)
    return { kind: 'server', endpoint, name: endpoint.name, weight: undefined }
  }
  if (!isRecord(shard)) throw invalid(where, shapes, kindOf(shard))
  const kinds = (['primary', 'sentinels', 'cluster'] as const).filter((kind) => kind in shard)
  if (kinds.length !== 1) {
    throw invalid(
      where,
      `${shapes}; of the properties primary, sentinels and cluster one`,
      kinds.length === 0 ? 'none' : kinds.join(' and '),
    )
  }
  switch (kinds[0]) {
    case 'primary':
      return parseReplicaSet(shard, where, defaults, isList)
    case 'sentinels':
      return parseSentinels(shard, where, defaults)
    default:
      return parseCluster(shard, where, defaults, isList)
  }
}

function parseReplicaSet(shard: unknown, where: string, defaults: ServerDefaults, isList: boolean): ShardLayout {
  const { name, weight, primary, replicas = [] } = readRecord(shard, ['name', 'weight', 'primary', 'replicas'], where)
  const endpoint = serverOf(primary, `${where}.primary`, defaults)
  const given = nameOf(name, where)
  if (given === undefined && isList) throw unnamed(where, 'a replica set', "its primary's address changes with a failover")
  if (!Array.isArray(replicas)) throw invalid(`${where}.replicas`, "a list such as ['redis://b', 'redis://c']", kindOf(replicas))
  // A replica is another copy of the same databases: it is read in the primary's, unless that is contradicted.
  const ofReplicas = { ...defaults, database: endpoint.database }
  const parsed = readList(replicas, `${where}.replicas`).map((replica, i) => parseReplica(replica, `${where}.replicas[${i}]`, ofReplicas))
  const other = parsed.find((replica) => replica.endpoint.database !== endpoint.database)
  if (other !== undefined) {
    throw invalid(
      `${where}.replicas`,
      `the database ${endpoint.database}, as that of the primary`,
      `the database ${other.endpoint.database}, of ${other.endpoint.name}`,
    )
  }
  return { kind: 'replicas', primary: endpoint, replicas: parsed, name: given ?? endpoint.name, weight: weightOf(weight, where) }
}

function parseReplica(replica: unknown, where: string, defaults: ServerDefaults): ReplicaLayout {
  if (!isRecord(replica)) return { endpoint: serverOf(replica, where, defaults), weight: 1 }
  const { server, weight } = readRecord(replica, ['server', 'weight'], where)
  return { endpoint: serverOf(server, `${where}.server`, defaults), weight: weightOf(weight, where) ?? 1 }
}

function parseSentinels(shard: unknown, where: string, defaults: ServerDefaults): ShardLayout {
  const { name, weight, sentinels, master, tls } = readRecord(shard, ['name', 'weight', 'sentinels', 'master', 'tls'], where)
  if (typeof master !== 'string' || master === '' || !master.isWellFormed()) {
    throw invalid(`${where}.master`, "what the sentinels call the primary, such as 'mymaster'", kindOf(master))
  }
  // Sentinels have logins of their own, and no databases.
  const ofSentinels = { tls: defaults.tls, port: sentinelPort }
  const endpoints = serversOf(sentinels, `${where}.sentinels`, ofSentinels)
  return {
    kind: 'sentinels',
    sentinels: endpoints,
    master,
    servers: { ...defaults, tls: tlsOfNamed(readTlsOptions(tls, `${where}.tls`), defaults, endpoints) },
    name: nameOf(name, where) ?? master,
    weight: weightOf(weight, where),
  }
}

/**
 * TLS to the servers that sentinels name. Where nothing is stated they are like the sentinels: who reaches these over TLS does not mean to
 * send a password, and all values, in the clear.
 */
function tlsOfNamed(
  stated: boolean | TlsOptions | undefined,
  { tls: usual }: ServerDefaults,
  sentinels: readonly Endpoint[],
): boolean | TlsOptions {
  if (stated === undefined) return usual ?? sentinels.some(({ tls }) => tls !== undefined)
  return stated === true && typeof usual === 'object' ? usual : stated
}

function parseCluster(shard: unknown, where: string, defaults: ServerDefaults, isList: boolean): ShardLayout {
  const { name, weight, cluster } = readRecord(shard, ['name', 'weight', 'cluster'], where)
  const seeds = serversOf(cluster, `${where}.cluster`, defaults)
  const unfit = seeds.find(({ path, database }) => path !== undefined || database !== 0)
  if (unfit !== undefined) {
    throw invalid(`${where}.cluster`, 'nodes with a host and a port, and the database 0, which is the only one of a cluster', unfit.name)
  }
  const [first] = seeds as [Endpoint]
  const other = seeds.find(({ tls }) => (tls === undefined) !== (first.tls === undefined))
  if (other !== undefined) {
    const [secure, plain] = first.tls === undefined ? [other, first] : [first, other]
    throw invalid(
      `${where}.cluster`,
      'nodes that are all reached over TLS, or all without',
      `${secure.name} with, and ${plain.name} without`,
    )
  }
  const tls = first.tls === undefined ? undefined : typeof defaults.tls === 'object' ? defaults.tls : {}
  const given = nameOf(name, where)
  if (given === undefined && isList) throw unnamed(where, 'a cluster', 'any of its nodes may go')
  return { kind: 'cluster', seeds, tls, name: given ?? first.name, weight: weightOf(weight, where) }
}

function serversOf(servers: unknown, where: string, defaults: ServerDefaults): readonly Endpoint[] {
  if (!Array.isArray(servers)) throw invalid(where, 'a list of servers', kindOf(servers))
  if (servers.length === 0) throw invalid(where, 'at least one server', 'an empty list')
  return readList(servers, where).map((server, i) => serverOf(server, `${where}[${i}]`, defaults))
}

function serverOf(server: unknown, where: string, defaults: ServerDefaults): Endpoint {
  if (typeof server !== 'string') throw invalid(where, "one server as text, such as 'redis://localhost:6379'", kindOf(server))
  return parseServer(server, defaults)
}

function nameOf(name: unknown, where: string): string | undefined {
  if (name === undefined || (typeof name === 'string' && name !== '' && name.isWellFormed())) return name
  throw invalid(`${where}.name`, "a well-formed text that is not empty, such as 'eu-1'", kindOf(name))
}

function weightOf(weight: unknown, where: string): number | undefined {
  if (weight === undefined || (typeof weight === 'number' && weight > 0 && Number.isFinite(weight))) return weight
  throw invalid(`${where}.weight`, 'a number above zero', typeof weight === 'number' ? String(weight) : kindOf(weight))
}

function checkNames(shards: readonly ShardLayout[]): void {
  const first = new Map<string, number>()
  for (const [i, { name }] of shards.entries()) {
    const before = first.get(name)
    if (before !== undefined) {
      throw invalid(
        'servers',
        'a name of its own for each shard',
        `${JSON.stringify(name)} at ${before} and at ${i}. Rename one, or leave it out`,
      )
    }
    first.set(name, i)
  }
}

/** Each server has one part to play. Only the databases of one server may be shards of their own, and sentinels watch over many. */
function checkTwice(shards: readonly ShardLayout[]): void {
  const databases = new Map<string, string>()
  const whole = new Map<string, string>()
  const any = new Map<string, string>()
  for (const shard of shards) {
    if (shard.kind === 'sentinels') checkSentinels(shard)
    else {
      for (const endpoint of endpointsOf(shard)) {
        const place = placeOf(endpoint)
        const owner = shard.kind === 'server' ? (databases.get(endpoint.name) ?? whole.get(place)) : any.get(place)
        if (owner !== undefined) throw twice(endpoint, owner, shard.name)
        if (shard.kind === 'server') databases.set(endpoint.name, shard.name)
        else whole.set(place, shard.name)
        any.set(place, shard.name)
      }
    }
  }
}

function checkSentinels({ sentinels, name }: ShardLayout & { readonly kind: 'sentinels' }): void {
  const places = new Set<string>()
  for (const endpoint of sentinels) {
    if (places.has(placeOf(endpoint))) throw twice(endpoint, name, name)
    places.add(placeOf(endpoint))
  }
}

function twice({ name }: Endpoint, owner: string, other: string): ShaleError {
  const one = JSON.stringify(owner)
  const where = owner !== other ? `in ${one} and in ${JSON.stringify(other)}` : owner === name ? 'twice' : `twice in ${one}`
  return invalid('servers', 'each server once', `${name} ${where}. Leave it out in one place`)
}

function unnamed(where: string, what: string, why: string): ShaleError {
  return invalid(where, `a name, such as 'eu-1', for ${what} in a list of more than one, since ${why}`, 'none')
}

function invalid(where: string, expected: string, found: string): ShaleError {
  return new ShaleError('CONFIG_INVALID', `${where}: expected ${expected}; found ${found}.`)
}
