import { fold, stir } from './key-hash.ts'

/** What a node draws for a key, an unsigned integer of 32 bits: `mix(hash ^ seed)`, of which both are folded already. */
export function draw(folded: number, seed: number): number {
  return fold(stir(folded ^ seed)) >>> 0
}

/** The index of the highest draw, the first of equals. `folded` and the seeds are folded. */
export function highestDraw(folded: number, seeds: Int32Array): number {
  const hash = folded | 0
  const last = seeds.length - 1
  let best = 0
  let highest = -1
  // The upper half of a draw is there before its last step, and shows of most that they are not the highest.
  let least = 0
  let i = 0
  // Two at a time, since they do not wait for one another. `stir` is written out: a call into another module is looked up each time.
  for (; i < last; i += 2) {
    const half = Math.imul(hash ^ seeds[i]!, 0x85ebca6b)
    const otherHalf = Math.imul(hash ^ seeds[i + 1]!, 0x85ebca6b)
    const one = Math.imul(half ^ (half >>> 13), 0xc2b2ae35) >>> 0
    const other = Math.imul(otherHalf ^ (otherHalf >>> 13), 0xc2b2ae35) >>> 0
    if (one >= least) {
      const drawn = fold(one) >>> 0
      if (drawn > highest) {
        highest = drawn
        best = i
        least = (drawn & upperHalf) >>> 0
      }
    }
    if (other >= least) {
      const drawn = fold(other) >>> 0
      if (drawn > highest) {
        highest = drawn
        best = i + 1
        least = (drawn & upperHalf) >>> 0
      }
    }
  }
  return i === last && draw(folded, seeds[i]!) > highest ? i : best
}

const upperHalf = 0xffff0000 | 0
