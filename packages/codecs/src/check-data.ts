import { maxDepth, objectBudget } from './limits.ts'
import { unstorable } from './problems.ts'

/** What is wrong with a part of a value, and what to do instead. */
export interface Problem {
  readonly found: string
  readonly advice: string
}

/** What a codec can bring back. */
export interface Rules {
  readonly codec: string
  /** Whether an object that is met again comes back as the same. */
  readonly references: boolean
  /** What is wrong with a value that is no object; functions and symbols are always. */
  primitive(value: unknown): Problem | undefined
  /** What is wrong with a string as a key. */
  key(key: string): Problem | undefined
  /** What is wrong with an array whose item at `index` is undefined, or a hole if `hole`. */
  gap(hole: boolean): Problem | undefined
  /** What is wrong with an object that is neither an array nor plain, or the values in it; `undefined` if it is to be treated as plain. */
  special(value: object): Problem | readonly unknown[] | undefined
}

/** As many as what a server takes under one key may hold. */
const most = objectBudget(2 ** 29)

interface Walk {
  readonly root: unknown
  readonly rules: Rules
  readonly seen: Set<object> | undefined
  depth: number
  objects: number
}

/**
 * Makes sure that a value can be brought back by a codec that does not check for itself. Gives the number of objects in it.
 *
 * @throws ShaleError `VALUE_INVALID` with the path to what cannot.
 */
export function checkData(root: unknown, rules: Rules): number {
  const walk: Walk = { root, rules, seen: rules.references ? new Set() : undefined, depth: 0, objects: 0 }
  check(root, walk)
  return walk.objects
}

function check(value: unknown, walk: Walk): void {
  if (typeof value === 'object' && value !== null) return checkObject(value, walk)
  if (typeof value === 'function') return fail(walk, value, { found: 'a function', advice: 'Leave it out, or store what it returns.' })
  if (typeof value === 'symbol') return fail(walk, value, { found: 'a symbol', advice: 'Leave it out, or store its description.' })
  const problem = walk.rules.primitive(value)
  if (problem !== undefined) fail(walk, value, problem)
}

function checkObject(value: object, walk: Walk): void {
  if (walk.seen?.has(value) === true) return
  walk.seen?.add(value)
  // Without references, what is met again and again may have no end.
  if (++walk.objects > most) fail(walk, value, { found: `more than ${most} objects`, advice: 'Spread it over several keys.' })
  if (++walk.depth > maxDepth) {
    const found =
      walk.seen === undefined ? `more than ${maxDepth} levels of nesting, or a cycle,` : `more than ${maxDepth} levels of nesting`
    fail(walk, value, { found, advice: 'Store it in a flatter form, such as a list with references by id.' })
  }
  if (Array.isArray(value)) checkArray(value, walk)
  else {
    const prototype: unknown = Object.getPrototypeOf(value)
    const special = prototype === Object.prototype || prototype === null ? undefined : walk.rules.special(value)
    if (special === undefined) checkPlain(value, walk)
    else if ('found' in special) fail(walk, value, special)
    else for (const item of special) check(item, walk)
  }
  walk.depth--
}

function checkArray(array: readonly unknown[], walk: Walk): void {
  for (let i = 0; i < array.length; i++) {
    const item = array[i]
    if (item === undefined) {
      const problem = walk.rules.gap(!(i in array))
      if (problem !== undefined) fail(walk, array, problem)
    } else check(item, walk)
  }
}

function checkPlain(value: object, walk: Walk): void {
  for (const symbol of Object.getOwnPropertySymbols(value)) {
    if (Object.getOwnPropertyDescriptor(value, symbol)?.enumerable === true) {
      fail(walk, symbol, { found: 'a symbol as a key', advice: 'Leave it out, or use a string.' })
    }
  }
  for (const key of Object.keys(value)) {
    const problem = walk.rules.key(key)
    if (problem !== undefined) fail(walk, value, problem)
    const item = (value as Record<string, unknown>)[key]
    if (item !== undefined) check(item, walk)
  }
}

function fail({ root, rules }: Walk, offender: unknown, { found, advice }: Problem): never {
  throw unstorable(rules.codec, root, offender, found, advice)
}
