import { corrupt } from './problems.ts'

/** So many numbers in one collection are looked at by nobody: they cannot do harm. */
const fewNumbers = 1024
const groups = 4096
/** How many more than its share of the numbers a group may hold. */
const tolerance = 4
const alwaysAllowed = 64
/** Of the numbers whose hash takes long to compute only some are looked at. */
const sampling = 8

const float = new DataView(new ArrayBuffer(8))
const low64 = 0xffff_ffff_ffff_ffffn

/**
 * Refuses numbers that were chosen to collide as the keys of a `Map` or the members of a `Set`. V8 hashes numbers
 * without a seed, so that anyone can compute ones that make a collection quadratic; texts it hashes with one. Numbers are
 * counted in groups of like hash, and chance fills all of them alike.
 *
 * Source: `ComputeUnseededHash` and `ComputeLongHash` in `src/utils/utils.h` and `src/numbers/hash-seed.h` of V8; after Thomas Wang.
 */
export class KeyGuard {
  #numbers = 0
  #groups: Uint32Array | undefined

  /** The key itself. */
  check(key: unknown): unknown {
    if (typeof key !== 'number' && typeof key !== 'bigint') return key
    if (++this.#numbers <= fewNumbers) return key
    const isShort = typeof key === 'number' && (key | 0) === key
    if (!isShort && this.#numbers % sampling !== 0) return key
    this.#groups ??= new Uint32Array(groups)
    const group = (isShort ? hashOf(key | 0) : longHashOf(key)) & (groups - 1)
    const share = this.#numbers / groups
    if (++this.#groups[group]! > alwaysAllowed + tolerance * share) throw corrupt('numbers as keys that were chosen to collide')
    return key
  }
}

function hashOf(key: number): number {
  let hash = (~key + (key << 15)) | 0
  hash ^= hash >>> 12
  hash = (hash + (hash << 2)) | 0
  hash ^= hash >>> 4
  hash = Math.imul(hash, 2057)
  return hash ^ (hash >>> 16)
}

function longHashOf(key: number | bigint): number {
  let hash: bigint
  if (typeof key === 'bigint') hash = (key < 0n ? -key : key) & low64
  else {
    float.setFloat64(0, key)
    hash = float.getBigUint64(0)
  }
  hash = (~hash + (hash << 18n)) & low64
  hash ^= hash >> 31n
  hash = (hash * 21n) & low64
  hash ^= hash >> 11n
  hash = (hash + (hash << 6n)) & low64
  hash ^= hash >> 22n
  return Number(hash & 0x3fff_ffffn)
}
