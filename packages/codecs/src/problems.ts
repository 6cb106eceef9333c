import { ShaleError } from '@shale/contracts'
import { pathTo } from './path.ts'

/** The error of bytes that are damaged, or were never written by the codec that is to read them. */
export function corrupt(found: string): ShaleError {
  return new ShaleError('CODEC_CORRUPT', `The entry is corrupt: ${found}. Delete or overwrite it.`)
}

/** The error of an entry that needs something this reader lacks. */
export function unknown(found: string): ShaleError {
  return new ShaleError('CODEC_UNKNOWN', `The entry cannot be read: ${found}`)
}

/** The error of a value in `root` that `codec` cannot bring back as it was; it names the path to it. */
export function unstorable(codec: string, root: unknown, offender: unknown, found: string, advice: string): ShaleError {
  const path = pathTo(root, offender)
  const where = path === undefined ? 'inside the value' : path === '' ? 'as the value itself' : `at ${path}`
  return new ShaleError('VALUE_INVALID', `The value cannot be stored as ${codec}: found ${found} ${where}. ${advice}`)
}
