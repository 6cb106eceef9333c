/** How deep a value may nest, in every codec, when written and when read: what recursion can bear even on a stack that is well used already. */
export const maxDepth: number = 1000

/**
 * How many objects, by their weight, a payload of `bytes` may hold. Some forms take a byte or two for an object that costs
 * a hundred in memory; what an entry can cost is bounded by this. No value of ordinary data comes near it.
 */
export function objectBudget(bytes: number): number {
  return 2 ** 17 + Math.floor(bytes / 8)
}

/** What an object costs to make, relative to a small array or plain object. */
export const weight = {
  plain: 1,
  bytes: 2,
  boxed: 2,
  typedArray: 3,
  collection: 3,
  oddText: 5,
  bigint: 3,
  arrayBuffer: 6,
  error: 6,
  pattern: 8,
  sparseArray: 8,
} as const

/** The longest source of a regular expression, in UTF-16 units. */
export const maxPatternLength: number = 4096
