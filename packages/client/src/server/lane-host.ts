import type { Clock, Endpoint, ShaleError } from '@shale/contracts'
import type { Link } from './link.ts'
import type { Links } from './links.ts'

/** What all lanes of one server share. */
export interface LaneHost {
  readonly endpoint: Endpoint
  readonly clock: Clock
  /** Milliseconds after which whoever sent a command has been told that it timed out. */
  readonly timeout: number
  /** From this load of a link on `crowded` is asked before anything more is sent over it. */
  readonly crowdedAt: number
  readonly links: Links
  isErrorReply(error: unknown): boolean
  /** Told of a link under load; gives why it takes no more, if so. */
  crowded(link: Link): ShaleError | undefined
  /** What waits, in units of `weightOf`. */
  backlog: number
  /** A lane has left a link. */
  left(link: Link): void
}
