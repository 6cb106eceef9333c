import { ShaleError } from '@shale/contracts'

/** Where the next server of a list begins, in a text whose servers state schemes. */
const nextServer = /,\s*(?=[a-z][a-z0-9+.-]*:\/\/|\/)/i

/**
 * The servers of a text: one, or several with commas between them. In a text that begins with a scheme or with a path each further
 * server has to begin so too, since passwords and paths may hold commas of their own.
 *
 * @throws ShaleError `CONFIG_INVALID` for an empty part, and where it cannot be told whether a comma ends a server; the text is not shown.
 */
export function splitServers(text: string): string[] {
  const states = /^([a-z][a-z0-9+.-]*:\/\/|\/)/i.test(text)
  const parts = states ? text.split(nextServer) : text.split(',').map((part, i) => (i === 0 ? part : part.trimStart()))
  if (parts.length === 1 && states) checkCommas(text, undefined)
  else parts.forEach((part, i) => checkPart(part, i, parts.length, states))
  // White space at the very ends of the text is the caller's mistake, and is said to be.
  return parts.map((part, i) => (i === parts.length - 1 ? part : part.trimEnd()))
}

function checkPart(part: string, i: number, count: number, states: boolean): void {
  const place = `server ${i + 1} of ${count}`
  if (part.trim() === '' && count > 1) throw unclear(`found nothing between two commas, or at an end: ${place} is empty`)
  if (states) checkCommas(part, place)
  else if (count > 1 && part.includes('@')) {
    throw unclear(`found an '@' in ${place}, which begins with no scheme, so that a comma may belong to a password`)
  }
}

/** A comma is part of a path, or of a password, or else it was to begin a server. */
function checkCommas(part: string, place: string | undefined): void {
  const where = place === undefined ? '' : ` in ${place}`
  if (!part.includes(',') || part.startsWith('/') || /^unix:/i.test(part)) return
  const [, user = '', rest = ''] = /^[^:]*:\/\/(?:(.*)@)?(.*)$/s.exec(part) ?? []
  if (rest.includes(',')) throw unclear(`found a comma${where} after which no server begins`)
  // 'redis://a,b:…@c', 'redis://a:6379,b:…@c' and 'redis://:…@a,:…@b' look like lists.
  if (/^[^:]*,/.test(user) || /^[^:]*:\d{1,5},/.test(user) || /@.*,|,.*@/s.test(user)) {
    throw unclear(`found a comma${where} of which it cannot be told whether it ends a server or belongs to a password`)
  }
}

function unclear(found: string): ShaleError {
  return new ShaleError(
    'CONFIG_INVALID',
    `servers: expected servers with commas between them, as in 'redis://a,redis://b'; ${found}. Begin each server with its scheme, and write a comma of a password as %2C.`,
  )
}
