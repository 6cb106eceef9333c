import { describe, readRecord, ShaleError } from '@shale/contracts'

/** What may be told to a driver beside what the endpoint says. */
export interface DriverOptions {
  /** The name that `CLIENT LIST` shows: printable ASCII without spaces. */
  readonly clientName?: string | undefined
}

/** The name to go by, if there is one. Throws `CONFIG_INVALID` for options that are unknown or do not fit. */
export function clientNameOf(driver: string, options: DriverOptions): string | undefined {
  const { clientName } = readRecord(options, ['clientName'], driver, 'option')
  if (clientName === undefined || (typeof clientName === 'string' && /^[!-~]+$/.test(clientName))) return clientName
  throw new ShaleError('CONFIG_INVALID', `${driver}: clientName: expected printable ASCII without spaces; found ${describe(clientName)}.`)
}
