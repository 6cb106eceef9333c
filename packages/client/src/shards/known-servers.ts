import { ShaleError, type Endpoint } from '@shale/contracts'
import { serverIdentity } from '../commands.ts'
import type { Admit } from '../server/dial.ts'
import { text } from '../server/replies.ts'
import { askIfAllowed } from './ask-if-allowed.ts'

/**
 * The servers of a store, by what they say they are (`run_id` of INFO). One that is there under two names is `CONFIG_INVALID`: a key whose
 * place in one layout and whose place in the other are the same place, or whose shard has a second name, would be taken for two entries.
 */
export class KnownServers {
  readonly #names = new Map<string, string>()
  #count = 0

  /** A look at a server before it serves for the first time. What is found behind its address later is another matter. */
  admit({ name, database }: Endpoint): Admit {
    let isAdmitted = false
    this.#count++
    return async (ask) => {
      // A server that is the only one has no second name.
      if (isAdmitted || this.#count < 2) return
      const reply = await askIfAllowed(ask, serverIdentity)
      const process = /^run_id:(\w+)/m.exec(reply instanceof Uint8Array || typeof reply === 'string' ? text(reply) : '')?.[1]
      if (process !== undefined) this.#know(`${process}/${database}`, name)
      isAdmitted = true
    }
  }

  #know(identity: string, name: string): void {
    const other = this.#names.get(identity) ?? name
    this.#names.set(identity, other)
    if (other === name) return
    throw new ShaleError(
      'CONFIG_INVALID',
      `servers: ${name} is the server that ${other} is, too. Name each server once, and in the same way in servers and previousServers. ` +
        'Where only its address changes, give the shard the name that it had, as in { name, primary }: then no key moves.',
    )
  }
}

/** Several looks at a server in one round trip. */
export function admitBy(...looks: readonly Admit[]): Admit {
  return async (ask) => {
    await Promise.all(looks.map((look) => look(ask)))
  }
}
