import { ShaleError, type Endpoint, type ErrorCode } from '@shale/contracts'

interface Meaning {
  readonly code: ErrorCode
  readonly advice: string
}

const unavailable = (advice: string): Meaning => ({ code: 'SERVER_UNAVAILABLE', advice })
const auth = (advice: string): Meaning => ({ code: 'SERVER_AUTH', advice })
const nodeOfCluster: Meaning = {
  code: 'SERVER_REPLY',
  advice: "The server is a node of a cluster: name its nodes as { cluster: ['redis://…'] }.",
}

/** What the first word of an error reply means. Source: the server's own replies, in `src/server.c` and `src/acl.c` of Redis. */
const meanings: Readonly<Record<string, Meaning>> = {
  NOAUTH: auth('The server asks for a password: set the option password, or put it into the URL.'),
  WRONGPASS: auth('Check the username and the password.'),
  NOPERM: auth("The user lacks a permission that the cache needs: see the package's README for the commands that it sends."),
  READONLY: { code: 'SERVER_READONLY', advice: 'The server is a replica: name its primary instead.' },
  OOM: { code: 'SERVER_OOM', advice: 'The server is full: raise its maxmemory, or give it a maxmemory-policy that evicts.' },
  LOADING: unavailable('The server is loading its data set: it will answer when it has done so.'),
  BUSY: unavailable('The server is running a script that does not end.'),
  MASTERDOWN: unavailable('The server is a replica that has lost its primary.'),
  CLUSTERDOWN: unavailable("The server's cluster is down."),
  TRYAGAIN: unavailable("The server's cluster is moving the slot of these keys."),
  MOVED: nodeOfCluster,
  // Of several keys; Valkey says it even where it would not serve the first.
  CROSSSLOT: nodeOfCluster,
  MAXCLIENTS: unavailable('The server has as many clients as it takes: raise its maxclients.'),
  WRONGTYPE: {
    code: 'CODEC_CORRUPT',
    advice: 'The key holds another Redis type than a string, so it is no entry of a cache: use another key, or delete it.',
  },
}

/** An error reply of the server as the `ShaleError` that it means. */
export function replyError(endpoint: Endpoint, error: unknown): ShaleError {
  const cause = harmless(endpoint, error)
  const meaning = meanings[replyCode(cause.message)] ?? meaningOfText(cause.message)
  return new ShaleError(meaning.code, sentence(`${endpoint.name} replied: ${cause.message}`, meaning.advice), { cause })
}

/** The error code that a reply carries. Before Redis 7 the one of a script's command stands behind the script's own. */
function replyCode(message: string): string {
  const inScript = /^.*@user_script: ?\d+: -?([A-Z]+) /s.exec(message)
  const code = (inScript ?? /^-?([A-Z]+)/.exec(message))?.[1] ?? ''
  return code === 'ERR' && /^ERR max number of clients/.test(message) ? 'MAXCLIENTS' : code
}

function meaningOfText(message: string): Meaning {
  if (/DB index is out of range|invalid DB index|SELECT is not allowed/i.test(message)) {
    return { code: 'CONFIG_INVALID', advice: 'database: the server has no database of that number.' }
  }
  if (/AUTH.*without any password configured|no password is set/i.test(message)) {
    return auth('A password was given, and the server has none: leave it out, or give the server one.')
  }
  if (/unknown command/i.test(message)) {
    return { code: 'SERVER_REPLY', advice: "If it is a sentinel, name it as { sentinels: ['redis://…'], master: 'mymaster' }." }
  }
  return { code: 'SERVER_REPLY', advice: '' }
}

/** A connection that failed or ended, as a `ShaleError`: `doing` says what was going on. */
export function connectionError(endpoint: Endpoint, error: unknown, doing: string): ShaleError {
  if (ShaleError.is(error)) return error
  const cause = harmless(endpoint, error)
  if (isTlsProblem(cause)) {
    return new ShaleError('SERVER_AUTH', sentence(`${endpoint.name}: ${doing} (${cause.message})`, tlsAdvice(cause)), { cause })
  }
  return new ShaleError(
    'SERVER_UNAVAILABLE',
    sentence(`${endpoint.name}: ${doing} (${cause.message})`, notConnected(endpoint, cause, doing)),
    {
      cause,
    },
  )
}

/** A server that asks for one hangs up when there is none, and what it says of that may be lost. */
const ownCertificate = "if it asks for a certificate of the client, state 'cert' and 'key' in the option tls."

function tlsAdvice({ code }: Coded): string {
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    return (
      'TLS: the certificate is for another name: have the server be named as the certificate has it, or state that name in the option tls, ' +
      "as 'servername', which then holds for all servers."
    )
  }
  if (typeof code === 'string' && /CERTIFICATE_REQUIRED|HANDSHAKE_FAILURE/.test(code)) {
    return `TLS: ${ownCertificate}`
  }
  return "TLS: check that the server speaks it, and that the option tls has the authority ('ca') that signed its certificate for this name."
}

/** What was going on while there was no connection yet. */
export const connecting = 'no connection'

function notConnected(endpoint: Endpoint, { message, code }: Coded, doing: string): string {
  if (doing !== connecting) return ''
  const isAbout = (what: RegExp): boolean => what.test(message) || (typeof code === 'string' && what.test(code))
  if (isAbout(/ENOTFOUND|EAI_AGAIN/)) return "Check the host's name."
  if (isAbout(/ECONNREFUSED|ENOENT/)) return 'Check that the server runs, and listens there.'
  if (isAbout(/Unknown RESP type|Protocol error/)) {
    return 'Something other than a Redis or Valkey server answers there: check the host and the port.'
  }
  return endpoint.path === undefined && isAbout(/closed|ECONNRESET|EPIPE/i) ? hungUp(endpoint) : ''
}

function hungUp(endpoint: Endpoint): string {
  return endpoint.tls === undefined
    ? "The server hung up: if it speaks TLS, name it by 'rediss:', or set the option tls."
    : `The server hung up: ${ownCertificate}`
}

/** An error of Node or of a driver, which may have a code. */
export type Coded = Error & { readonly code?: unknown }

const tlsCodes =
  /^(ERR_TLS_|ERR_SSL_|EPROTO$|CERT_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|ERROR_IN_CERT_|ERR_OSSL_|CRL_|HOSTNAME_MISMATCH|INVALID_)/

/** Whether an error is about a certificate or a handshake of TLS. */
export function isTlsProblem(error: unknown): boolean {
  const code = (error as Coded | undefined)?.code
  return typeof code === 'string' && tlsCodes.test(code)
}

/**
 * A copy of a client library's error without what could hold a secret: libraries hang the arguments of the command, AUTH
 * included, on their errors, and servers repeat the arguments of a command that they do not know.
 */
function harmless(endpoint: Endpoint, error: unknown): Error {
  const source = error as { message?: unknown; errors?: readonly unknown[]; code?: unknown; name?: unknown } | undefined
  const inner = Array.isArray(source?.errors) ? source.errors.map((one) => (one as Error).message) : []
  const message = typeof source?.message === 'string' && source.message !== '' ? source.message : inner.join('; ') || String(error)
  const copy = new Error(without(message.trim(), endpoint.password))
  if (typeof source?.name === 'string') Object.defineProperty(copy, 'name', { value: source.name, enumerable: false })
  if (typeof source?.code === 'string') Object.assign(copy, { code: source.code })
  delete copy.stack
  return copy
}

function without(message: string, secret: string | undefined): string {
  return secret === undefined || secret === '' ? message : message.replaceAll(secret, '***')
}

function sentence(what: string, advice: string): string {
  const ended = /[.!?)]$/.test(what) ? what : `${what}.`
  const closed = ended.endsWith(')') ? `${ended}.` : ended
  return advice === '' ? closed : `${closed} ${advice}`
}
