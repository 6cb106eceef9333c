/**
 * What Python's `repr` gives for a string.
 *
 * Source: `unicode_repr` of CPython's `Objects/unicodeobject.c`.
 */
export function pythonRepr(text: string): string {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'"
  const escaped = Array.from(text, (character) => {
    if (character === quote || character === '\\') return `\\${character}`
    return character === ' ' || !/[\p{C}\p{Z}]/u.test(character) ? character : escape(character)
  })
  return `${quote}${escaped.join('')}${quote}`
}

function escape(character: string): string {
  const named = { '\t': '\\t', '\n': '\\n', '\r': '\\r' }[character]
  if (named !== undefined) return named
  const point = character.codePointAt(0)!
  if (point < 0x100) return `\\x${hex(point, 2)}`
  return point < 0x10000 ? `\\u${hex(point, 4)}` : `\\U${hex(point, 8)}`
}

function hex(point: number, digits: number): string {
  return point.toString(16).padStart(digits, '0')
}
