import { describe, isRecord, readRecord, ShaleError, type TlsOptions } from '@shale/contracts'

const known: readonly (keyof TlsOptions)[] = [
  ...(['ca', 'cert', 'key', 'passphrase', 'minVersion', 'ciphers', 'servername', 'rejectUnauthorized'] as const),
]

/** @throws ShaleError `CONFIG_INVALID` for what is neither `true`, `false` nor options that are known; `name` is where it was stated. */
export function readTlsOptions(value: unknown, name: string): boolean | TlsOptions | undefined {
  if (value === undefined || typeof value === 'boolean') return value
  if (!isRecord(value)) throw new ShaleError('CONFIG_INVALID', `${name}: expected true, false or an object; found ${describe(value)}.`)
  return readRecord(value, known, name, 'option') as TlsOptions
}
