import type { Command, Reply, ShaleError } from '@shale/contracts'
import type { Barrier } from './barrier.ts'

/** A command that waits for its connection. */
export interface WaitingCommand {
  readonly command: Command
  readonly weight: number
  /** When it began to wait, by the clock. */
  readonly since: number
  readonly barrier?: undefined
  resolve(reply: Reply): void
  reject(error: ShaleError): void
}

/** A barrier that waits for its lane to stand still. */
export interface WaitingBarrier {
  readonly barrier: Barrier
  readonly since: number
  arrived: boolean
}

const weightUnitBytes = 1024
/** What may wait for a connection, in units of `weightOf`. */
export const longestBacklog = 32_768

/** What a command costs while it waits or is in flight: 1, and 1 more for each KiB of bytes. */
export function weightOf(command: Command): number {
  let bytes = 0
  for (let i = 1; i < command.length; i++) {
    const part = command[i] as string | Uint8Array
    if (typeof part !== 'string') bytes += part.length
  }
  return bytes < weightUnitBytes ? 1 : 1 + Math.floor(bytes / weightUnitBytes)
}
