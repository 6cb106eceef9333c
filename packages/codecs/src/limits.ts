/** How deep a value may nest, in every codec, when written and when read: what recursion can bear even on a stack that is well used already. */
export const maxDepth: number = 1000

/** How many objects, arrays and other containers one entry may hold: bounds what a small entry can cost in memory and time. */
export const maxObjects: number = 2 ** 20

/** The longest source of a regular expression, in UTF-16 units. */
export const maxPatternLength: number = 4096
