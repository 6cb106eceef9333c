import { checkKey } from './check-key.ts'
import { hashTag } from './hash-tag.ts'
import { unitAt } from './unit-at.ts'

/**
 * A 32-bit hash of a text: FNV-1a over its bytes as UTF-8. A lone surrogate counts as U+FFFD, as UTF-8 encoders have it.
 * Good in all its bits only after `mix`.
 *
 * Source: Fowler, Noll, Vo; RFC 9923.
 *
 * @returns a signed integer of 32 bits.
 */
export function hashText(text: string): number {
  const { length } = text
  let hash = offsetBasis
  for (let i = 0; i < length; i++) {
    const unit = unitAt(text, i)
    if (unit > 0x7f) return hashFrom(text, i, hash)
    hash = Math.imul(hash ^ unit, prime)
  }
  return hash
}

/**
 * `hashText(hashTag(key))`, in one pass where there is no tag.
 *
 * @throws ShaleError `KEY_INVALID` for what is no string.
 */
export function hashKey(key: string): number {
  checkKey(key)
  const { length } = key
  let hash = offsetBasis
  for (let i = 0; i < length; i++) {
    const unit = unitAt(key, i)
    // Most keys have nothing beyond 'z'.
    if (unit >= openingBrace && (unit === openingBrace || unit > 0x7f)) return hashText(hashTag(key))
    hash = Math.imul(hash ^ unit, prime)
  }
  return hash
}

/** Goes on from the first character beyond ASCII. */
function hashFrom(text: string, start: number, before: number): number {
  const { length } = text
  let hash = before
  for (let i = start; i < length; i++) {
    let point = unitAt(text, i)
    if (point < 0x80) {
      hash = Math.imul(hash ^ point, prime)
      continue
    }
    if (point >= 0xd800 && point <= 0xdfff) {
      point = text.codePointAt(i)!
      if (point > 0xffff) i++
      else point = 0xfffd
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
  return fold(stir(fold(bits)))
}

/**
 * The first and the last step of `mix`: the upper half of an integer is laid over its lower one, and stays as it is. Of
 * what is combined by exclusive or, each part may be folded by itself.
 */
export function fold(bits: number): number {
  return bits ^ (bits >>> 16)
}

/** What `mix` does between its first step and its last. */
export function stir(folded: number): number {
  const half = Math.imul(folded, 0x85ebca6b)
  return Math.imul(half ^ (half >>> 13), 0xc2b2ae35)
}

const offsetBasis = 0x811c9dc5 | 0
const prime = 0x01000193
const openingBrace = 0x7b
