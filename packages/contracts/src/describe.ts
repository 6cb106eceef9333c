/**
 * A short, safe description of a value that was found where another was expected: its type, and as much of
 * it as helps. Strings are cut at 60 characters. Never hand it a secret.
 */
export function describe(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return value.length > 60
        ? `the string ${JSON.stringify(value.slice(0, 60))}… (${value.length} characters)`
        : `the string ${JSON.stringify(value)}`
    case 'number':
      return `the number ${Object.is(value, -0) ? '-0' : value}`
    case 'bigint':
      return `the bigint ${value}n`
    case 'boolean':
      return String(value)
    case 'undefined':
      return 'undefined'
    case 'symbol':
      return 'a symbol'
    case 'function':
      return 'a function'
    case 'object':
      return describeObject(value)
  }
}

function describeObject(value: object | null): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return `an array of ${value.length}`
  const { constructor } = value as { constructor?: { name?: unknown } }
  const name = typeof constructor === 'function' ? constructor.name : undefined
  return typeof name === 'string' && name !== '' && name !== 'Object' ? `an object of class ${name}` : 'an object'
}
