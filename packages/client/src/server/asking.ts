import type { Command, Reply } from '@shale/contracts'
import { asking } from '../commands.ts'
import type { Way, Ways } from './ways.ts'

/**
 * The ways to a server each of whose commands is introduced by ASKING, so that the server serves a slot that it is only about
 * to be given.
 *
 * Source: the Redis Cluster specification, "ASK redirection".
 */
export class AskingWays implements Ways {
  readonly all: readonly Way[]
  readonly #ways: Ways
  readonly #introduced: ReadonlyMap<Way, Way>

  constructor(ways: Ways) {
    this.#ways = ways
    this.#introduced = new Map(ways.all.map((way) => [way, { send: (command) => introduce(way, command) }]))
    this.all = [...this.#introduced.values()]
  }

  of(key: string): Way {
    return this.#introduced.get(this.#ways.of(key)) as Way
  }

  together(ways: readonly Way[], commands: readonly Command[]): readonly Promise<Reply>[] {
    const plain = this.#ways.all.filter((way) => ways.includes(this.#introduced.get(way) as Way))
    const replies = this.#ways.together(
      plain,
      commands.flatMap((command) => [asking, command]),
    )
    return replies.filter((reply, i) => {
      if (i % 2 === 0) reply.catch(() => {})
      return i % 2 === 1
    })
  }

  connect(): Promise<void> {
    return this.#ways.connect()
  }

  close(): Promise<void> {
    return this.#ways.close()
  }
}

/** Both in one turn, so that nothing comes between. Without the introduction the command is refused, not run elsewhere. */
function introduce(way: Way, command: Command): Promise<Reply> {
  way.send(asking).catch(() => {})
  return way.send(command)
}
