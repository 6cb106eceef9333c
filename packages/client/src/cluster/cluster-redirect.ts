import type { ShaleError } from '@shale/contracts'
import { addressOf, type NodeAddress } from './cluster-topology.ts'

/**
 * What to do about a command that was not run.
 *
 * - `moved`: the slot is at another node for good;
 * - `ask`: the key may be at another node, to which its slot is being moved;
 * - `apart`: the keys of the command are at different nodes just now;
 * - `again`: the node cannot serve it just now;
 * - `elsewhere`: the node is not the slot's any more, and did not say whose it is.
 */
export type Redirect =
  { readonly kind: 'moved' | 'ask'; readonly address: NodeAddress } | { readonly kind: 'apart' | 'again' | 'elsewhere' }

const apart: Redirect = { kind: 'apart' }
const again: Redirect = { kind: 'again' }
const elsewhere: Redirect = { kind: 'elsewhere' }

/**
 * What a store's error says of where else a command is to be run; `undefined` where it says nothing, or where the command may
 * have been run.
 *
 * Source: the Redis Cluster specification, "Redirection and resharding"; the replies in `src/cluster.c` and `src/server.c` of Redis.
 *
 * @param askedHost where the node was reached that replied: a redirect without a host means the same one.
 */
export function redirectOf(error: ShaleError, askedHost: string): Redirect | undefined {
  switch (error.code) {
    // A node that is no longer one of the cluster was let go of: it refused the command.
    case 'CLOSED':
      return elsewhere
    case 'SERVER_READONLY':
      return elsewhere
    case 'SERVER_UNAVAILABLE':
    case 'SERVER_REPLY':
      return ofReply((error.cause as Error | undefined)?.message ?? '', askedHost)
    default:
      return undefined
  }
}

function ofReply(message: string, askedHost: string): Redirect | undefined {
  const [, code, rest = ''] = /^-?(MOVED|ASK|TRYAGAIN|CLUSTERDOWN|LOADING|MASTERDOWN)\b ?(.*)$/s.exec(message) ?? []
  switch (code) {
    case 'MOVED':
    case 'ASK': {
      const [, host = '', port] = /^\d+ (.*):(\d+)/.exec(rest) ?? []
      if (port === undefined) return undefined
      const address = addressOf(host === '' || host === '?' ? askedHost : host, Number(port))
      return { kind: code === 'MOVED' ? 'moved' : 'ask', address }
    }
    case 'TRYAGAIN':
      return apart
    case 'CLUSTERDOWN':
    case 'LOADING':
    case 'MASTERDOWN':
      return again
    default:
      return undefined
  }
}
