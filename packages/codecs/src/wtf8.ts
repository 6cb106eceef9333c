/**
 * A string that is not well-formed as bytes: UTF-8 that also encodes lone surrogates, as three bytes each.
 * Source: WTF-8, https://simonsapin.github.io/wtf-8/
 */
export function encodeWtf8(text: string): Uint8Array {
  const bytes: number[] = []
  for (const char of text) {
    const code = char.codePointAt(0)!
    if (code < 0x80) bytes.push(code)
    else if (code < 0x800) bytes.push(0xc0 | (code >> 6), 0x80 | (code & 0x3f))
    else if (code < 0x10000) bytes.push(0xe0 | (code >> 12), 0x80 | ((code >> 6) & 0x3f), 0x80 | (code & 0x3f))
    else bytes.push(0xf0 | (code >> 18), 0x80 | ((code >> 12) & 0x3f), 0x80 | ((code >> 6) & 0x3f), 0x80 | (code & 0x3f))
  }
  return Uint8Array.from(bytes)
}

/** The string of WTF-8 bytes; `undefined` if they are none. */
export function decodeWtf8(bytes: Uint8Array): string | undefined {
  const parts: string[] = []
  for (let i = 0; i < bytes.length;) {
    const first = bytes[i]!
    const more =
      first < 0x80 ? 0 : first >= 0xc2 && first < 0xe0 ? 1 : first >= 0xe0 && first < 0xf0 ? 2 : first >= 0xf0 && first < 0xf5 ? 3 : -1
    if (more < 0 || i + more >= bytes.length) return undefined
    let code = more === 0 ? first : first & (0x3f >> more)
    for (let k = 1; k <= more; k++) {
      const next = bytes[i + k]!
      if ((next & 0xc0) !== 0x80) return undefined
      code = (code << 6) | (next & 0x3f)
    }
    if ((more === 2 && code < 0x800) || (more === 3 && (code < 0x10000 || code > 0x10ffff))) return undefined
    parts.push(String.fromCodePoint(code))
    i += more + 1
  }
  return parts.join('')
}
