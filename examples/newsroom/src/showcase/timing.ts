/** How long an asynchronous call takes, in milliseconds, and what it gave. */
export async function timed<T>(call: () => Promise<T>): Promise<{ ms: number; result: T }> {
  const began = performance.now()
  const result = await call()
  return { ms: performance.now() - began, result }
}

/**
 * How long two calls take, in milliseconds: the best of several times, in turns. What else runs on the machine only
 * ever makes a call slower, and so it meets both alike.
 */
export async function compare(times: number, one: () => Promise<unknown>, other: () => Promise<unknown>): Promise<[number, number]> {
  const best: [number, number] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY]
  for (let i = 0; i < times; i++) {
    best[0] = Math.min(best[0], (await timed(one)).ms)
    best[1] = Math.min(best[1], (await timed(other)).ms)
  }
  return best
}
