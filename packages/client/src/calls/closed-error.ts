import { ShaleError } from '@shale/contracts'
import { oneErrorFor } from './one-error.ts'

/** What whoever asks a store gets that is closed; `name` is what the store is called. */
export const closedError: (store: { readonly name: string }) => ShaleError = oneErrorFor(
  ({ name }) => new ShaleError('CLOSED', `${name}: the store is closed; nothing more can be asked of it.`),
)
