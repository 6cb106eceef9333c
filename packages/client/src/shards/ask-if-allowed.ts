import { ShaleError, type Command, type ErrorCode, type Reply } from '@shale/contracts'

/** The codes of replies that say that we may not ask, or cannot. */
const passing: ReadonlySet<ErrorCode> = new Set<ErrorCode>(['SERVER_AUTH', 'SERVER_REPLY'])

/** What a server replies to a question about itself; `undefined` where we may not ask, or cannot: then nothing is known. */
export async function askIfAllowed(ask: (command: Command) => Promise<Reply>, command: Command): Promise<Reply | undefined> {
  try {
    return await ask(command)
  } catch (error) {
    if (ShaleError.is(error) && passing.has(error.code)) return undefined
    throw error
  }
}
