import type { Command, Connection, Reply } from '@shale/contracts'
import { clientKill } from '../commands.ts'
import { text } from './replies.ts'

/** What a server calls one of its clients. Ids begin anew with each start of the server; together with the address they do not. */
export interface ClientIdentity {
  readonly id: string
  readonly address: string
}

/** Who a connection is to its server, from what that replies to CLIENT INFO; `undefined` where it does not say. */
export function identityOf(reply: Reply): ClientIdentity | undefined {
  if (typeof reply !== 'string' && !(reply instanceof Uint8Array)) return undefined
  const info = text(reply)
  const id = /(?:^| )id=(\d+)/.exec(info)?.[1]
  const address = /(?:^| )addr=(\S+)/.exec(info)?.[1]
  return id === undefined || address === undefined ? undefined : { id, address }
}

/**
 * The connections to one server that were given up with commands unanswered. What a server has received it runs, even if its client
 * has left: a server that was stopped would run old writes after newer ones of another connection. So whichever connection
 * takes over has the server kill the old ones first, in front of its own commands.
 */
export class Abandoned {
  readonly #kills = new Map<number, Command>()
  #count = 0

  add({ id, address }: ClientIdentity): void {
    this.#kills.set(this.#count++, clientKill(id, address))
  }

  /** How many there ever were. */
  get count(): number {
    return this.#count
  }

  /** Has the server kill those that were added from `from` on. Gives what settles when it has. */
  killOver(connection: Pick<Connection, 'send'>, from: number, isErrorReply: (error: unknown) => boolean): Promise<void>[] {
    const replies: Promise<void>[] = []
    for (const [number, command] of this.#kills) if (number >= from) replies.push(this.#kill(number, command, connection, isErrorReply))
    return replies
  }

  async #kill(
    number: number,
    command: Command,
    connection: Pick<Connection, 'send'>,
    isErrorReply: (error: unknown) => boolean,
  ): Promise<void> {
    try {
      await connection.send(command)
    } catch (error) {
      // Without a reply the next connection tries again; a server that does not let us would not another time either.
      if (!isErrorReply(error)) return
    }
    this.#kills.delete(number)
  }
}
