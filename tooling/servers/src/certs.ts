import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const file = (name: string): string => fileURLToPath(new URL(`../certs/${name}`, import.meta.url))

/** A certificate of a server: its file, and the text of the authority that signed it. */
export interface Certificate {
  readonly certFile: string
  readonly ca: string
}

/**
 * The certificate for localhost, by name and by address; `named` is for the name alone, with the same key. `otherCa` is an authority that
 * has signed neither, `peersFile` has those that servers trust among themselves.
 */
export const certs: Certificate & {
  readonly keyFile: string
  readonly named: Certificate
  readonly otherCa: string
  readonly peersFile: string
} = {
  certFile: file('server.crt'),
  keyFile: file('server.key'),
  ca: readFileSync(file('ca.crt'), 'utf8'),
  named: { certFile: file('named.crt'), ca: readFileSync(file('named.crt'), 'utf8') },
  otherCa: readFileSync(file('other-ca.crt'), 'utf8'),
  peersFile: file('peers.crt'),
}
