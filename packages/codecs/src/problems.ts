import { ShaleError } from '@shale/contracts'
import { maxDepth, objectBudget } from './limits.ts'
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

/** The error of bytes that nest too deep. */
export function tooDeep(): ShaleError {
  return corrupt(`more than ${maxDepth} levels of nesting`)
}

/** The error of bytes that hold more objects than their number warrants. */
export function tooManyObjects(): ShaleError {
  return corrupt('more objects than an entry of its size may hold')
}

/** Makes sure that `objects`, by weight, are no more than `bytes` of payload may hold. @throws ShaleError `VALUE_INVALID` */
export function checkBudget(codec: string, objects: number, bytes: number): void {
  if (objects <= objectBudget(bytes)) return
  throw new ShaleError(
    'VALUE_INVALID',
    `The value cannot be stored as ${codec}: found ${objects} objects in ${bytes} bytes; expected at most ${objectBudget(bytes)}. Spread it over several keys, or use typed arrays.`,
  )
}
