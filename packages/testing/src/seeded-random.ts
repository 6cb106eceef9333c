import type { Random } from '@shale/contracts'

/**
 * Chance that can be had again: the same seed, an integer, gives the same numbers from 0 up to, but not including, 1.
 * Not for secrets.
 *
 * Source: `mulberry32` by Tommy Ettinger.
 */
export function createSeededRandom(seed: number): Random {
  let state = seed | 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
