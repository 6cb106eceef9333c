import type { Connection, Driver, Endpoint } from '@shale/contracts'
import { greeting } from '../commands.ts'

/**
 * Introduces us over a connection that has just been made; rejects with the first reply that says no. Each driver calls it
 * before it gives the connection away, so that all of them log in alike and a server that says nothing is not taken for one
 * that is there.
 */
export async function greet(
  driver: Pick<Driver, 'isErrorReply'>,
  connection: Pick<Connection, 'send'>,
  endpoint: Endpoint,
  clientName: string | undefined,
): Promise<void> {
  // A user without the right to PING is still one whom the server answers.
  const orNotPermitted = (error: unknown): null => {
    if (driver.isErrorReply(error) && /^NOPERM/.test((error as Error).message)) return null
    throw error
  }
  const replies = greeting(endpoint, clientName).map((command) => {
    const reply = connection.send(command)
    return command[0] === 'PING' || command[0] === 'CLIENT' ? reply.catch(orNotPermitted) : reply
  })
  // The first failure is told; the others must not go unhandled.
  for (const reply of replies) reply.catch(() => {})
  for (const reply of replies) await reply
}
