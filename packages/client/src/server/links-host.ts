import type { BreakerState, Clock, Random, ShaleError } from '@shale/contracts'
import type { BreakerOptions } from './breaker.ts'
import type { DialOptions } from './dial.ts'

/** What the links to one server need to know; all times are milliseconds. */
export interface LinksOptions extends DialOptions {
  /** How many connections are kept, and how many there may be under load. */
  readonly connections: { readonly min: number; readonly max: number }
  /** After so long a command has been reported as timed out. */
  readonly timeout: number
  readonly clock: Clock
  readonly random: Random
  /** `false` refuses nothing while there is a connection. */
  readonly breaker?: BreakerOptions | false | undefined
}

/** What links tell whoever sends over them. */
export interface LinksEvents {
  /** Other links serve now, or calls are let through, or no more. */
  changed(): void
  /** Nothing can be sent now: whatever waits is to be refused. */
  down(error: ShaleError): void
  /** Refuses what has waited for longer than `timeout`; gives how much that was. */
  dropLate(): number
  /** Whether something waits. */
  isWaiting(): boolean
  connected(): void
  disconnected(error: ShaleError): void
  breaker(state: BreakerState): void
}
