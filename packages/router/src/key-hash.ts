/**
 * A 32-bit hash of a text: FNV-1a over its bytes as UTF-8. A lone surrogate counts as U+FFFD, as UTF-8 encoders have it.
 * Good in all its bits only after `mix`.
 *
 * Source: Fowler, Noll, Vo; RFC 9923.
 *
 * @returns a signed integer of 32 bits.
 */
export function hashText(text: string): number {
  let hash = offsetBasis
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    if (unit > 0x7f) return hashFrom(text, i, hash)
    hash = Math.imul(hash ^ unit, prime)
  }
  return hash
}

/** Goes on from the first character beyond ASCII. */
function hashFrom(text: string, start: number, before: number): number {
  let hash = before
  for (let i = start; i < text.length; i++) {
    let point = text.codePointAt(i)!
    if (point > 0xffff) i++
    else if (point >= 0xd800 && point <= 0xdfff) point = 0xfffd
    if (point < 0x80) {
      hash = Math.imul(hash ^ point, prime)
      continue
    }
    if (point < 0x800) {
      hash = Math.imul(hash ^ (0xc0 | (point >> 6)), prime)
    } else {
      if (point < 0x10000) {
        hash = Math.imul(hash ^ (0xe0 | (point >> 12)), prime)
      } else {
        hash = Math.imul(hash ^ (0xf0 | (point >> 18)), prime)
        hash = Math.imul(hash ^ (0x80 | ((point >> 12) & 0x3f)), prime)
      }
      hash = Math.imul(hash ^ (0x80 | ((point >> 6) & 0x3f)), prime)
    }
    hash = Math.imul(hash ^ (0x80 | (point & 0x3f)), prime)
  }
  return hash
}

/**
 * Spreads a change of any bit of an integer of 32 bits over all of them; no two integers are mixed into the same.
 *
 * Source: `fmix32` of MurmurHash3 by Austin Appleby.
 *
 * @returns a signed integer of 32 bits.
 */
export function mix(bits: number): number {
  let mixed = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b)
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35)
  return mixed ^ (mixed >>> 16)
}

const offsetBasis = 0x811c9dc5 | 0
const prime = 0x01000193
