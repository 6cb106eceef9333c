import type { Duration } from '@shale/contracts'

/** When a server is taken for down, and how often it is tried then. */
export interface BreakerOptions {
  /** How many calls may fail for want of an answer, with no reply in between; 3. */
  readonly failures?: number | undefined
  /** The shortest time between two probes, to which up to half is added at random; `'500ms'`. */
  readonly probe?: Duration | undefined
}
