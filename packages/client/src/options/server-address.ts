import { isIP, isIPv6 } from 'node:net'
import { kindOf, ShaleError, type Endpoint, type TlsOptions } from '@shale/contracts'
import { splitServers } from './split-servers.ts'

/** What holds for a server that does not state its own. */
export interface ServerDefaults {
  readonly username?: string | undefined
  readonly password?: string | undefined
  /** 0 where it is not said. */
  readonly database?: number | undefined
  /** 6379 where it is not said. */
  readonly port?: number | undefined
  /** `true` trusts the system's authorities. */
  readonly tls?: boolean | TlsOptions | undefined
}

/** What the text of a server says, before the defaults are applied. */
interface Address {
  readonly host?: string
  readonly port?: number
  readonly path?: string
  readonly secure: boolean
  readonly username: string | undefined
  readonly password: string | undefined
  readonly database: number | undefined
}

const usualPort = 6379
const forms =
  "'redis://[user:password@]host[:port][/database]', 'rediss://…' for TLS, 'unix:///path[?db=1]', 'host:port', 'host' or '/path/to/socket'"

/**
 * The endpoint that a server's text stands for. A server that states a user or a password takes neither from the defaults.
 *
 * @throws ShaleError `CONFIG_INVALID`, which shows the text without its password.
 */
export function parseServer(text: string, defaults: ServerDefaults = {}): Endpoint {
  if (typeof text !== 'string') throw new ShaleError('CONFIG_INVALID', `servers: expected ${forms}; found ${kindOf(text)}.`)
  const address = parse(text, defaults.port ?? usualPort)
  const own = address.username !== undefined || address.password !== undefined
  const username = own ? address.username : defaults.username
  const password = own ? address.password : defaults.password
  const database = address.database ?? defaults.database ?? 0
  const { host, port, path } = address
  const place = path ?? `${host !== undefined && isIPv6(host) ? `[${host}]` : host}:${port}`
  const tls = tlsOf(address, defaults, text)
  if (username !== undefined && password === undefined) {
    throw invalid(text, `the user ${JSON.stringify(username)} without a password; state both, or neither`)
  }
  return {
    ...(path === undefined ? { host: host as string, port: port as number } : { path }),
    ...(tls === undefined ? {} : { tls }),
    ...(username === undefined || username === '' ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    database,
    name: path === undefined ? `${place}/${database}` : database === 0 ? place : `${place}?db=${database}`,
  }
}

function parse(text: string, defaultPort: number): Address {
  if (text.trim() !== text || text === '') throw invalid(text, text === '' ? 'an empty string' : 'white space around it')
  const { length: count } = splitServers(text)
  if (count > 1) throw new ShaleError('CONFIG_INVALID', `servers: expected one server here; found a list of ${count}. Name each by itself.`)
  if (/^memory:/i.test(text)) {
    throw new ShaleError(
      'CONFIG_INVALID',
      `servers: expected ${forms}; found 'memory:', which is no server. A cache that is embedded names it alone.`,
    )
  }
  if (text.startsWith('/')) return { path: text, secure: false, username: undefined, password: undefined, database: undefined }
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(text)?.[1]?.toLowerCase()
  if (scheme === undefined) return parseNetwork(text, text, false, defaultPort)
  const rest = text.slice(scheme.length + 3)
  if (scheme === 'redis' || scheme === 'rediss') return parseNetwork(text, rest, scheme === 'rediss', defaultPort)
  if (scheme === 'unix') return parseUnix(text, rest)
  throw invalid(text, `the scheme '${scheme}:'`)
}

function parseNetwork(text: string, rest: string, secure: boolean, defaultPort: number): Address {
  const [user, place] = splitUser(rest)
  const [, hostAndPort = '', path, query] = /^([^/?#]*)(\/[^?#]*)?(?:\?([^#]*))?$/.exec(place) ?? []
  if (hostAndPort === '') throw invalid(text, "no host (a '/', '?' or '#' in a password is written as %2F, %3F or %23)")
  const [host, port] = splitPort(text, hostAndPort, defaultPort)
  const inQuery = databaseOfQuery(text, query)
  const inPath = path === undefined || path === '/' ? undefined : databaseOf(text, path.slice(1))
  if (inQuery !== undefined && inPath !== undefined && inQuery !== inPath) throw invalid(text, 'two databases')
  return { host, port, secure, ...credentials(text, user), database: inPath ?? inQuery }
}

function parseUnix(text: string, rest: string): Address {
  const [user, place] = splitUser(rest)
  const [, path = '', query] = /^(\/[^?#]+)(?:\?([^#]*))?$/.exec(place) ?? []
  if (path === '') throw invalid(text, 'no absolute path to a socket')
  return { path: decode(text, path), secure: false, ...credentials(text, user), database: databaseOfQuery(text, query) }
}

function splitUser(rest: string): [user: string | undefined, place: string] {
  const at = rest.lastIndexOf('@')
  return at < 0 ? [undefined, rest] : [rest.slice(0, at), rest.slice(at + 1)]
}

function credentials(text: string, user: string | undefined): { username: string | undefined; password: string | undefined } {
  if (user === undefined) return { username: undefined, password: undefined }
  const colon = user.indexOf(':')
  const username = decode(text, colon < 0 ? user : user.slice(0, colon))
  const password = colon < 0 ? undefined : decode(text, user.slice(colon + 1))
  return { username: username === '' ? undefined : username, password: password === '' ? undefined : password }
}

function splitPort(text: string, hostAndPort: string, defaultPort: number): [host: string, port: number] {
  if (isIPv6(hostAndPort)) return [hostAndPort, defaultPort]
  const [, bracketed, plain, port] = /^(?:\[([^\]]*)\]|([^:[\]]*))(?::(.*))?$/.exec(hostAndPort) ?? []
  const host = bracketed ?? plain ?? ''
  const isHost = bracketed === undefined ? /^[\w.-]+$/.test(host) : isIPv6(host)
  if (!isHost) throw invalid(text, 'a host that is neither a name nor an address')
  if (port === undefined) return [host, defaultPort]
  const number = Number(port)
  if (!/^\d+$/.test(port) || number < 1 || number > 65535) throw invalid(text, 'a port that is not a number from 1 to 65535')
  return [host, number]
}

function databaseOfQuery(text: string, query: string | undefined): number | undefined {
  if (query === undefined || query === '') return undefined
  const parameters = [...new URLSearchParams(query)]
  const unknown = parameters.find(([name]) => name !== 'db')
  if (unknown !== undefined) throw invalid(text, `the unknown parameter ${JSON.stringify(unknown[0])}; the known one is 'db'`)
  if (parameters.length > 1) throw invalid(text, 'two databases')
  return databaseOf(text, parameters[0]?.[1] ?? '')
}

function databaseOf(text: string, database: string): number {
  const number = Number(database)
  if (/^\d+$/.test(database) && Number.isSafeInteger(number)) return number
  throw invalid(text, `the database ${halfPassword(text) ? '***' : JSON.stringify(database)}; a database is a whole number from 0`)
}

function decode(text: string, part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    throw invalid(text, "a '%' that begins no escape (write it as %25)")
  }
}

function tlsOf(address: Address, { tls }: ServerDefaults, text: string): TlsOptions | undefined {
  if (address.path !== undefined) {
    if (tls === undefined || tls === false) return undefined
    throw new ShaleError('CONFIG_INVALID', 'tls: a Unix socket speaks no TLS; leave the option out, or name a host.')
  }
  if (tls === false && address.secure)
    throw invalid(text, "'rediss:' together with the option tls: false; use 'redis:', or leave the option out")
  if (!address.secure && (tls === undefined || tls === false)) return undefined
  return tlsFor(address.host as string, typeof tls === 'object' ? tls : {})
}

/** TLS to one host: a certificate for a name is asked for by that name, unless another is stated; for an address it cannot be. */
export function tlsFor(host: string, options: TlsOptions): TlsOptions {
  return options.servername !== undefined || isIP(host) !== 0 ? options : { ...options, servername: host }
}

function invalid(text: string, found: string): ShaleError {
  return new ShaleError('CONFIG_INVALID', `servers: expected ${forms}; found ${found}, in ${JSON.stringify(redact(text))}.`)
}

/** Whether the text may be a user and a password that lack the '@' and the host. */
function halfPassword(text: string): boolean {
  return !text.includes('@') && /[:#]/.test(text.replace(/^[a-z][a-z0-9+.-]*:\/\//i, '').replace(/^\[[^\]]*\]/, ''))
}

/** The text without whatever could be a password, also where it is malformed. */
function redact(text: string): string {
  const [, scheme = '', rest = ''] = /^([a-z][a-z0-9+.-]*:\/\/)?(.*)$/is.exec(text) ?? []
  const at = rest.lastIndexOf('@')
  const place = (at < 0 ? rest : rest.slice(at + 1)).slice(0, 200)
  const [, host = '', port, tail = ''] = /^([^:/?#]*|\[[^\]]*\])(?::([^/?#]*))?(.*)$/s.exec(place) ?? []
  const shownPort = port === undefined ? '' : /^\d{0,5}$/.test(port) ? `:${port}` : ':***'
  const shownTail = halfPassword(text) && !/^(\/\d*)?$/.test(tail) ? '***' : tail.replace(/([?&#](?!db=)[^=&#]*)[^&#]*/g, '$1***')
  return `${scheme}${at < 0 ? '' : '***@'}${host}${shownPort}${shownTail}`
}
