import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const file = (name: string): string => fileURLToPath(new URL(`../certs/${name}`, import.meta.url))

/** The paths and texts of the certificates for localhost; `otherCa` is an authority that has not signed the server's. */
export const certs: {
  readonly caFile: string
  readonly certFile: string
  readonly keyFile: string
  readonly ca: string
  readonly otherCa: string
} = {
  caFile: file('ca.crt'),
  certFile: file('server.crt'),
  keyFile: file('server.key'),
  ca: readFileSync(file('ca.crt'), 'utf8'),
  otherCa: readFileSync(file('other-ca.crt'), 'utf8'),
}
