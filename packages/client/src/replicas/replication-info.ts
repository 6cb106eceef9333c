import { ShaleError, type Reply } from '@shale/contracts'

/** What a server says of its part in replication. */
export interface ReplicationInfo {
  readonly role: 'primary' | 'replica'
  /** The id of the history of writes that its data belongs to; a primary and the replicas that follow it have the same. */
  readonly history: string
  /** The history that this one grew out of, by the promotion of a replica or out of a snapshot; `undefined` where there is none. */
  readonly formerHistory: string | undefined
  /** Up to which offset it has its former history; -1 where there is none. */
  readonly forkedAt: number
  /** How many bytes of its history a server has: a primary has written them, a replica has carried them out. */
  readonly offset: number
  /** Whether a replica is connected to its primary and in step with it, as opposed to being synchronised anew. */
  readonly linked: boolean
  /** Where a replica says that its primary is, for people to read: behind a proxy it is not where a client finds it. */
  readonly follows: string | undefined
  /** The process that says so, which is another one after a restart (`run_id`); `undefined` where the reply does not say it. */
  readonly process: string | undefined
}

const noHistory = /^0*$/

/**
 * The reply to INFO, or to INFO replication, which says no `process`. Source: `genRedisInfoString` in `src/server.c` of Redis;
 * Valkey has the same fields.
 *
 * @param server the server as it may be shown.
 * @throws ShaleError `SERVER_REPLY` for a reply that says no role.
 */
export function parseReplicationInfo(reply: Reply, server: string): ReplicationInfo {
  const fields = fieldsOf(reply)
  const role = fields.get('role')
  if (role !== 'master' && role !== 'slave') {
    throw new ShaleError('SERVER_REPLY', `${server}: expected the reply to INFO replication to say the server's role; it does not.`)
  }
  const isReplica = role === 'slave'
  const former = fields.get('master_replid2') ?? ''
  return {
    role: isReplica ? 'replica' : 'primary',
    history: fields.get('master_replid') ?? '',
    formerHistory: noHistory.test(former) ? undefined : former,
    // The first offset that a replica of the former history may not ask for.
    forkedAt: Math.max(-1, Number(fields.get('second_repl_offset') ?? -1) - 1),
    offset: Number(fields.get(isReplica ? 'slave_repl_offset' : 'master_repl_offset') ?? -1),
    linked: isReplica && fields.get('master_link_status') === 'up' && fields.get('master_sync_in_progress') !== '1',
    follows: isReplica ? `${fields.get('master_host')}:${fields.get('master_port')}` : undefined,
    process: fields.get('run_id'),
  }
}

function fieldsOf(reply: Reply): Map<string, string> {
  const text = typeof reply === 'string' ? reply : reply instanceof Uint8Array ? Buffer.from(reply).toString() : ''
  const fields = new Map<string, string>()
  for (const line of text.split('\r\n')) {
    const colon = line.indexOf(':')
    if (colon > 0) fields.set(line.slice(0, colon), line.slice(colon + 1))
  }
  return fields
}
