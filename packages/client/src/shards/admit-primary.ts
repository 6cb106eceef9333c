import { ShaleError, type Endpoint, type ErrorCode } from '@shale/contracts'
import { role } from '../commands.ts'
import type { Admit } from '../server/dial.ts'
import { text } from '../server/replies.ts'

/** The codes of replies that say that we may not ask, or cannot: then nothing is known, and the server is taken as it is. */
const passing: ReadonlySet<ErrorCode> = new Set<ErrorCode>(['SERVER_AUTH', 'SERVER_REPLY'])

/**
 * A look at a server that is to be a primary, before it serves for the first time: one that is a replica, or a sentinel, is
 * `CONFIG_INVALID`. What it becomes later is another matter.
 */
export function admitPrimary({ name }: Endpoint): Admit {
  let isAdmitted = false
  return async (ask) => {
    if (isAdmitted) return
    const [found, host, port] = await ask(role).then(
      (reply) => (reply as (Uint8Array | string | number)[]).map((part) => (typeof part === 'number' ? String(part) : part)),
      (error: unknown) => {
        if (ShaleError.is(error) && passing.has(error.code)) return []
        throw error
      },
    )
    const kind = found === undefined ? '' : text(found)
    if (kind === 'slave') {
      throw new ShaleError(
        'CONFIG_INVALID',
        `servers: expected ${name} to be a primary; found a replica of ${text(host ?? '')}:${text(port ?? '')}. ` +
          'Name it among the replicas of its primary, as in { primary, replicas }; a list of servers is a list of shards here.',
      )
    }
    if (kind === 'sentinel') {
      throw new ShaleError(
        'CONFIG_INVALID',
        `servers: expected ${name} to be a primary; found a sentinel. Name it in { sentinels, master }.`,
      )
    }
    isAdmitted = true
  }
}
