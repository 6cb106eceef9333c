import { ShaleError, type Endpoint } from '@shale/contracts'
import { role } from '../commands.ts'
import type { Admit } from '../server/dial.ts'
import { text } from '../server/replies.ts'
import { askIfAllowed } from './ask-if-allowed.ts'

/**
 * A look at a server that is to be a primary, before it serves for the first time: one that is a replica, or a sentinel, is
 * `CONFIG_INVALID`. What it becomes later is another matter.
 */
export function admitPrimary({ name }: Endpoint): Admit {
  let isAdmitted = false
  return async (ask) => {
    if (isAdmitted) return
    const reply = ((await askIfAllowed(ask, role)) ?? []) as (Uint8Array | string | number)[]
    const [found, host, port] = reply.map((part) => (typeof part === 'number' ? String(part) : part))
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
