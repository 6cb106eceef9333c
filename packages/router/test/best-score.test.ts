import { expect, test } from 'vitest'
import { BestScore } from '../src/best-score.ts'
import { highestDraw } from '../src/draws.ts'
import { fold, mix } from '../src/key-hash.ts'

const seed = Date.now() % 2 ** 31
console.log(`best score: seed ${seed}`)

let state = seed
/** Any integer of 32 bits. */
function bits(): number {
  state = (state + 0x9e3779b9) | 0
  return mix(state)
}
const below = (count: number): number => (bits() >>> 0) % count

/** What `mix` makes into an integer. */
function unmix(mixed: number): number {
  const half = Math.imul(fold(mixed), 0x7ed1b41d)
  return fold(Math.imul(half ^ (half >>> 13) ^ (half >>> 26), 0xa5cb9243))
}

const unit = (hash: number, nodeSeed: number): number => ((mix(hash ^ nodeSeed) >>> 0) + 0.5) / 2 ** 32

/** The formula, word for word: the highest score, and of equals the first. */
function byFormula(hash: number, seeds: Int32Array, weights: Float64Array): number {
  let best = 0
  let highest = -Infinity
  for (let i = 0; i < seeds.length; i++) {
    const scored = -weights[i]! / Math.log(unit(hash, seeds[i]!))
    if (scored > highest) {
      highest = scored
      best = i
    }
  }
  return best
}

class Contest {
  readonly #scores: BestScore
  readonly #seeds: Int32Array
  readonly #weights: Float64Array

  constructor(seeds: Int32Array, weights: Float64Array) {
    this.#seeds = seeds
    this.#weights = weights
    this.#scores = new BestScore(seeds.map(fold), weights)
  }

  check(hash: number): void {
    const [found, expected] = [this.#scores.choose(fold(hash)), byFormula(hash, this.#seeds, this.#weights)]
    if (found === expected) return
    expect.fail(`seed ${seed}: expected ${expected}, found ${found}; hash ${hash}, seeds ${this.#seeds}, weights ${this.#weights}`)
  }
}

const spreads: Record<string, () => number> = {
  'four weights': () => 1 + below(4),
  'many weights': () => 1 + below(1_000_000) / 7,
  'weights of every size': () => 10 ** ((12 * below(1_000_000)) / 1_000_000 - 6),
  'weights that differ in their last bit': () => 3 + below(3) * 2 * Number.EPSILON,
  'a few giants': () => (below(10) === 0 ? 1e6 : 1e-6),
}

test.each(Object.entries(spreads))('with %s, random hashes choose what the formula chooses', (_, weight) => {
  for (let set = 0; set < 400; set++) {
    const size = 1 + below(120)
    // Some draw the same for every key, so that there are ties.
    const seeds = Int32Array.from({ length: size }, () => bits())
    for (let i = 0; i < size; i += 5) seeds[i] = seeds[below(size)]!
    const contest = new Contest(
      seeds,
      Float64Array.from(seeds, () => weight()),
    )
    for (let i = 0; i < 1000; i++) contest.check(bits())
    // A draw from the lowest or the highest there are.
    for (let i = 0; i < 20; i++) contest.check(seeds[below(size)]! ^ unmix(below(2) === 0 ? below(3) : -1 - below(70_000)))
  }
})

test('scores that are equal, or differ in their last bits, choose what the formula chooses', () => {
  for (let set = 0; set < 20_000; set++) {
    const hash = bits()
    const seeds = Int32Array.from({ length: 2 + below(20) }, () => bits())
    const weights = Float64Array.from(
      seeds,
      (found) => -Math.log(unit(hash, found)) * (1 + (below(5) - 2) * Number.EPSILON * 10 ** below(9)),
    )
    new Contest(seeds, weights).check(hash)
  }
})

test('the highest draw is the first of the highest', () => {
  for (let set = 0; set < 2000; set++) {
    const size = 1 + below(120)
    const seeds = Int32Array.from({ length: size }, () => bits())
    for (let i = 0; i < size; i += 5) seeds[i] = seeds[below(size)]!
    const folded = seeds.map(fold)
    const contest = (hash: number): void => {
      const draws = Array.from(seeds, (found) => mix(hash ^ found) >>> 0)
      expect(highestDraw(fold(hash), folded)).toBe(draws.indexOf(Math.max(...draws)))
    }
    for (let i = 0; i < 50; i++) contest(bits())
    for (let i = 0; i < 10; i++) contest(seeds[below(size)]! ^ unmix(below(2) === 0 ? below(3) : -1 - below(70_000)))
  }
})
