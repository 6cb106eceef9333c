import type { Command, Reply } from '@shale/contracts'

/** What the commands of some keys are sent over, in order. */
export interface Way {
  /** Sends a command, or lets it wait. Rejects with a `ShaleError`. */
  send(command: Command): Promise<Reply>
}

/** The ways to one server. A key has its way for good. */
export interface Ways {
  readonly all: readonly Way[]
  of(key: string): Way
  /** Sends commands that concern the keys of all the ways that are named; neither overtaking nor overtaken. */
  together(ways: readonly Way[], commands: readonly Command[]): readonly Promise<Reply>[]
  connect(): Promise<void>
  close(): Promise<void>
}
