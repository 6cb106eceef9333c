import { describe } from '@shale/contracts'
import { invalid } from './check-nodes.ts'
import { pythonRepr } from './python-repr.ts'

export interface DjangoIdentityOptions {
  /** The database of a location that states none: Django's `OPTIONS.DB`; 1 unless stated, as there. */
  readonly database?: number | undefined
}

/**
 * What django-redis-cache hashes of a server, to be its node's name in `djangoRing`: Python's text of the tuple of host, port,
 * database and socket path. Takes one entry of a Django `LOCATION` exactly as it stands there, since a server has another
 * identity as `host:port` than as a URL.
 *
 * Source: `parse_connection_kwargs` and `get_connection_pool` of django-redis-cache. For `rediss://` they have changed: the
 * identity is that of 2.1.3 and later.
 *
 * @throws ShaleError `CONFIG_INVALID` for what Django could not use, or would read as something else; its message leaves the
 * location out, which may hold a password.
 */
export function djangoIdentity(location: string, options: DjangoIdentityOptions = {}): string {
  const database = checkDatabase(options)
  if (typeof location !== 'string') throw refused(location, describe(location))
  if (location === '' || location.trim() !== location)
    throw refused(location, location === '' ? 'an empty string' : 'white space around it')
  if (location.includes(',')) throw refused(location, 'a comma: this is a list, whose parts have an identity each')
  const url = /^([a-z][a-z0-9+.-]*):\/\/([^/?#]*)([^?#]*)(?:\?([^#]*))?(?:#.*)?$/is.exec(location)
  if (url === null) {
    if (location.includes('://')) throw refused(location, 'a malformed URL')
    return ofPlace(location, database)
  }
  const [, scheme = '', authority = '', path = '', query = ''] = url
  const parameters = new URLSearchParams(query)
  const moved = ['host', 'port', 'unix_socket_path'].find((name) => parameters.has(name))
  if (moved !== undefined) throw refused(location, `the parameter '${moved}', which Django would take for part of the address`)
  const inQuery = parameters.get('db') ?? ''
  switch (scheme.toLowerCase()) {
    case 'unix':
      // No host is stated, so that the connection's defaults count, although they are not used.
      if (path === '') throw refused(location, 'no path to a socket')
      return tuple("'127.0.0.1'", 6379, inQuery === '' ? database : databaseOf(location, inQuery), pythonRepr(path))
    case 'redis':
    case 'rediss': {
      const inPath = path.replaceAll('/', '')
      const stated = inQuery === '' ? inPath : inQuery
      const { host, port } = ofAuthority(location, authority)
      return tuple(pythonRepr(host), port, stated === '' ? database : databaseOf(location, stated), scheme.length === 6 ? 'None' : "''")
    }
    default:
      throw refused(location, `the scheme '${scheme}:'`)
  }
}

function ofPlace(location: string, database: number): string {
  const colon = location.lastIndexOf(':')
  if (colon === -1) {
    if (!location.includes('/')) throw refused(location, 'neither a port nor a path: Django would take it for the path of a socket')
    return tuple('None', 'None', database, pythonRepr(location))
  }
  const host = location.slice(0, colon)
  if (host === '' || host.includes('/'))
    throw refused(location, host === '' ? 'no host' : 'a path with a colon, which Django would take for a host')
  return tuple(pythonRepr(host), portOf(location, location.slice(colon + 1)), database, 'None')
}

/** Host and port as Python's `urlparse` finds them: the host in lower case. */
function ofAuthority(location: string, authority: string): { host: string; port: number } {
  const place = authority.slice(authority.lastIndexOf('@') + 1)
  const [, bracketed, plain, port] = /^(?:\[([^\]]+)\]|([^:[\]]+))(?::(\d*))?$/.exec(place) ?? []
  const host = bracketed ?? plain
  if (host === undefined)
    throw refused(location, "no host, or a port that is not a number (a '/', '?' or '#' in a password is written as %2F, %3F or %23)")
  return { host: host.toLowerCase(), port: port === undefined || port === '' ? 6379 : portOf(location, port) }
}

function portOf(location: string, text: string): number {
  const port = Number(text)
  if (/^\d+$/.test(text) && port >= 1 && port <= 65535) return port
  throw refused(location, 'a port that is not a number from 1 to 65535')
}

function databaseOf(location: string, text: string): number {
  const database = Number(text)
  if (/^\d+$/.test(text) && Number.isSafeInteger(database)) return database
  throw refused(location, 'a database that is not a whole number from 0')
}

function checkDatabase(options: DjangoIdentityOptions): number {
  if (typeof options !== 'object' || options === null)
    throw invalid(`djangoIdentity: expected an object of options; found ${describe(options)}.`)
  const unknown = Object.keys(options).find((key) => key !== 'database')
  if (unknown !== undefined) throw invalid(`djangoIdentity: unknown option ${describe(unknown)}; the known one is 'database'.`)
  const { database = 1 } = options
  if (Number.isSafeInteger(database) && database >= 0) return database
  throw invalid(`database: expected a whole number from 0, as Django's OPTIONS.DB; found ${describe(database)}.`)
}

function tuple(host: string, port: number | string, database: number, path: string): string {
  return `(${host}, ${port}, ${database}, ${path})`
}

function refused(location: unknown, found: string): ReturnType<typeof invalid> {
  const size = typeof location === 'string' && location !== '' ? `, in a location of ${location.length} characters` : ''
  return invalid(
    "location: expected one server of a Django LOCATION: 'host:port', '/path/to/socket', 'redis://[:password@]host[:port][/database]', 'rediss://…' or " +
      `'unix:///path[?db=1]'; found ${found}${size}. Copy it as it stands in Django's settings.`,
  )
}
