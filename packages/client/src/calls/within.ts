import type { Clock, TimerHandle } from '@shale/contracts'

/** Settles with `work`, or after so many milliseconds; `keepsAlive` has the process wait for that. */
export async function within(ms: number, work: Promise<unknown>, clock: Clock, keepsAlive = false): Promise<void> {
  let timer: TimerHandle
  const over = new Promise<void>((resolve) => (timer = clock.setTimeout(resolve, ms, keepsAlive)))
  await Promise.race([work, over])
  clock.clearTimeout(timer)
}
