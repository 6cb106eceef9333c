import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const file = (name: string): string => fileURLToPath(new URL(`../certs/${name}`, import.meta.url))

/** A certificate of a server: its files, and the text of the authority that signed it. */
export interface Certificate {
  readonly certFile: string
  readonly keyFile: string
  readonly ca: string
}

const ofLocalhost: Certificate = { certFile: file('server.crt'), keyFile: file('server.key'), ca: readFileSync(file('ca.crt'), 'utf8') }

/**
 * The certificate for localhost, by name and by address; `named` is for the name alone. `otherCa` is an authority that has signed neither,
 * `peersFile` has those that servers trust among themselves.
 */
export const certs: Certificate & { readonly named: Certificate; readonly otherCa: string; readonly peersFile: string } = {
  ...ofLocalhost,
  named: { certFile: file('named.crt'), keyFile: file('named.key'), ca: readFileSync(file('named.crt'), 'utf8') },
  otherCa: readFileSync(file('other-ca.crt'), 'utf8'),
  peersFile: file('peers.crt'),
}
