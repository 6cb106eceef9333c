import { checkKey } from './check-key.ts'
import { hashTag } from './hash-tag.ts'
import { unitAt } from './unit-at.ts'
import { shortLength, utf8, type Utf8 } from './utf8.ts'

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
  if (length > shortLength) return hashBytes(utf8(text))
  let hash = offsetBasis
  for (let i = 0; i < length; i++) {
    const unit = unitAt(text, i)
    if (unit > 0x7f) return hashBytes(utf8(text))
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
  if (length > shortLength) return hashTagged(utf8(key))
  let hash = offsetBasis
  for (let i = 0; i < length; i++) {
    const unit = unitAt(key, i)
    // Most keys have nothing beyond 'z'.
    if (unit >= openingBrace && (unit === openingBrace || unit > 0x7f)) return hashText(hashTag(key))
    hash = Math.imul(hash ^ unit, prime)
  }
  return hash
}

function hashBytes({ buffer, end }: Utf8, start = 0): number {
  let hash = offsetBasis
  for (let i = start; i < end; i++) hash = Math.imul(hash ^ buffer[i]!, prime)
  return hash
}

/** The hash of a key's tag, as `hashTag` finds it: no byte of a character beyond ASCII is a brace. */
function hashTagged(key: Utf8): number {
  const { buffer, end } = key
  let hash = offsetBasis
  for (let i = 0; i < end; i++) {
    const byte = buffer[i]!
    if (byte === openingBrace) {
      let close = i + 1
      while (close < end && buffer[close] !== closingBrace) close++
      return close === end || close === i + 1 ? hashBytes(key) : hashBytes({ buffer, end: close }, i + 1)
    }
    hash = Math.imul(hash ^ byte, prime)
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
const closingBrace = 0x7d
