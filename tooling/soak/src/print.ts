import type { SoakReport } from './soak.ts'

/** Prints a report for people to read. */
export function printReport({ workers, faults, settledMs, heap, passed, seed, problems }: SoakReport): void {
  console.log('\nEach process:')
  console.table(
    workers.map(({ calls, hits, misses, writes, degraded, errors, lostByFailover, olderOfOthers, slowestMs, wrong }) => ({
      calls,
      hits,
      misses,
      writes,
      degraded,
      errors: Object.values(errors).reduce((sum, n) => sum + n, 0),
      'lost by failover': lostByFailover,
      'older of others': olderOfOthers,
      'slowest, ms': Math.round(slowestMs),
      wrong: wrong.length,
    })),
  )
  console.log(
    `Faults: ${Object.entries(faults)
      .map(([name, count]) => `${count} × ${name}`)
      .join(', ')}.`,
  )
  console.log(`All healthy ${Math.round(settledMs)} ms after the last fault.`)
  console.log(`Heap, MiB, worst process: ${heap.early.toFixed(1)} in the first third, ${heap.late.toFixed(1)} in the last.`)
  for (const problem of problems) console.log(`✗ ${problem}`)
  console.log(passed ? `✓ passed (seed ${seed})` : `✗ failed (seed ${seed})`)
}
