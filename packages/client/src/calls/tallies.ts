import type { ShaleError, Tally } from '@shale/contracts'

/** How several batches went together. */
export function sumOfTallies(tallies: readonly Tally[]): Tally {
  if (tallies.length === 1) return tallies[0] as Tally
  let count = 0
  const failed = new Map<string, ShaleError>()
  for (const tally of tallies) {
    count += tally.count
    for (const [key, error] of tally.failed ?? []) failed.set(key, error)
  }
  return { count, failed: failed.size === 0 ? undefined : failed }
}
