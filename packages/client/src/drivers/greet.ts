import type { Connection, Driver, Endpoint } from '@shale/contracts'
import { greeting } from '../commands.ts'

/**
 * Introduces us over a connection that has just been made; rejects with the first reply that says no. Each driver calls it
 * before it gives the connection away, so that all of them log in alike and a server that says nothing is not taken for one
 * that is there.
 */
export async function greet(driver: Pick<Driver, 'isErrorReply'>, connection: Pick<Connection, 'send'>, endpoint: Endpoint): Promise<void> {
  const replies = greeting(endpoint).map((command) => {
    const reply = connection.send(command)
    // A user without the right to PING is still one whom the server answers.
    return command[0] === 'PING' ? reply.catch((error: unknown) => refuseUnless(driver.isErrorReply(error) && /^NOPERM/.test((error as Error).message), error)) : reply
  })
  // The first failure is told; the others must not go unhandled.
  for (const reply of replies) reply.catch(() => {})
  for (const reply of replies) await reply
}

function refuseUnless(harmless: boolean, error: unknown): null {
  if (harmless) return null
  throw error
}
