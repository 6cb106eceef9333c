import { systemClock, type Endpoint, type Store } from '@shale/contracts'
import { nodeRedis, parseServer, withDeadline } from '@shale/client'
import { ReplicaSet, type ReplicaSetOptions } from '../src/replicas/replica-set.ts'
import { openSentinel, type SentinelOptions } from '../src/sentinel/sentinel.ts'
import { Server, type FoundServer } from '../src/server/server.ts'

export interface OpenOptions extends Partial<Omit<ReplicaSetOptions, 'members' | 'source'>> {
  readonly password?: string
  readonly weights?: readonly number[]
}

/** A server of a shard, as `createStore` opens them. */
const openServer =
  (timeout: number) =>
  (endpoint: Endpoint, { shard }: FoundServer): Server =>
    new Server({
      ...{ endpoint, shard, timeout, clock: systemClock, random: Math.random },
      ...{ driver: nodeRedis(), connections: { min: 1, max: 1 }, connectTimeout: 2000 },
    })

/** A replica set over servers, the configured primary first, and the store with a deadline that it is used through. */
export function openReplicaSet(urls: readonly string[], options: OpenOptions = {}): { set: ReplicaSet; store: Store } {
  const { name = 'shard', timeout = 500, weights = [], password, ...rest } = options
  const open = openServer(timeout)
  const defaults = password === undefined ? {} : { password }
  const members = urls.map((url, i) => ({ server: open(parseServer(url, defaults), { shard: name }), weight: weights[i] }))
  const set = new ReplicaSet({ name, members, timeout, clock: systemClock, random: Math.random, ...rest })
  return { set, store: withDeadline(set, { timeout }) }
}

/** A replica set that sentinels name, with a deadline. */
export function openSentinels(
  urls: readonly string[],
  options: Partial<Omit<SentinelOptions, 'sentinels' | 'open'>> & { readonly password?: string } = {},
): Store {
  const { master = 'mymaster', timeout = 500, password, ...rest } = options
  const store = openSentinel({
    ...{ name: master, master, timeout, clock: systemClock, random: Math.random },
    servers: password === undefined ? {} : { password },
    sentinels: urls.map((url) => parseServer(url)),
    open: openServer(timeout),
    ...rest,
  })
  return withDeadline(store, { timeout })
}

export const bytes = (value: string): Uint8Array => Buffer.from(value)
export const text = (answer: unknown): unknown => (answer instanceof Uint8Array ? Buffer.from(answer).toString() : answer)
