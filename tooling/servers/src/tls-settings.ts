import { certs } from './certs.ts'

/** What a server or a sentinel is told about TLS, as names and values; it speaks it to its peers, too, unless `peers` is `false`. */
export function tlsSettings({ peers = true } = {}): readonly (readonly [name: string, value: string])[] {
  return [
    ['tls-cert-file', certs.certFile],
    ['tls-key-file', certs.keyFile],
    ['tls-ca-cert-file', certs.peersFile],
    ['tls-auth-clients', 'no'],
    ['tls-replication', peers ? 'yes' : 'no'],
  ]
}
