import { performance } from 'node:perf_hooks'
import type { Contestant } from './contestants.ts'

/** Calls per second, and their ratio, over interleaved rounds. */
export interface Comparison {
  readonly callers: number
  /** Calls per second, the median of the rounds. */
  readonly rates: Readonly<Record<string, number>>
  /** Of the first contestant's rate to the second's in the same round. */
  readonly ratio: { readonly median: number; readonly lowest: number; readonly highest: number }
}

/** Lets two contestants take turns: each round both, first the one and next time the other first. */
export async function compare(
  pair: readonly [Contestant, Contestant],
  articles: number,
  callers: number,
  rounds: number,
): Promise<Comparison> {
  const calls = callers === 1 ? 2_000 : 20_000
  const rates: [number[], number[]] = [[], []]
  for (let round = -1; round < rounds; round++) {
    for (const turn of round % 2 === 0 ? ([0, 1] as const) : ([1, 0] as const)) {
      const rate = await rateOf(pair[turn], articles, callers, calls)
      if (round >= 0) rates[turn].push(rate)
    }
  }
  const ratios = rates[0].map((rate, round) => rate / (rates[1][round] as number)).toSorted((a, b) => a - b)
  return {
    callers,
    rates: Object.fromEntries(pair.map((contestant, index) => [contestant.name, Math.round(median(rates[index] as number[]))])),
    ratio: { median: rounded(median(ratios)), lowest: rounded(ratios[0] as number), highest: rounded(ratios.at(-1) as number) },
  }
}

async function rateOf(contestant: Contestant, articles: number, callers: number, calls: number): Promise<number> {
  let started = 0
  const caller = async (): Promise<void> => {
    while (started < calls) {
      const index = (started++ * 7919) % articles
      if ((await contestant.get(index)) === undefined) throw new Error(`${contestant.name} misses article ${index}`)
    }
  }
  const begin = performance.now()
  await Promise.all(Array.from({ length: callers }, caller))
  return (calls / (performance.now() - begin)) * 1000
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? (sorted[middle] as number) : ((sorted[middle - 1] as number) + (sorted[middle] as number)) / 2
}

function rounded(ratio: number): number {
  return Number(ratio.toFixed(2))
}
