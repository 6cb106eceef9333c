/** How long an asynchronous call takes, in milliseconds, and what it gave. */
export async function timed<T>(call: () => Promise<T>): Promise<{ ms: number; result: T }> {
  const began = performance.now()
  const result = await call()
  return { ms: performance.now() - began, result }
}

/** The middle one of how long two calls take in turns, in milliseconds. */
export async function compare(times: number, one: () => Promise<unknown>, other: () => Promise<unknown>): Promise<[number, number]> {
  const took: [number[], number[]] = [[], []]
  for (let i = 0; i < times; i++) {
    took[0].push((await timed(one)).ms)
    took[1].push((await timed(other)).ms)
  }
  return [median(took[0]), median(took[1])]
}

/** The middle one of some numbers. */
export function median(numbers: readonly number[]): number {
  return [...numbers].sort((a, b) => a - b)[numbers.length >> 1] ?? 0
}
