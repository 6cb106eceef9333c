import { ShaleError } from '@shale/contracts'
import { expect, test } from 'vitest'
import { costlyEntries, reader } from './costly-entries.ts'

const serializer = reader()

// What the machine makes of ordinary work, so that a busy one is not taken for a costly entry.
const ordinary = JSON.stringify(
  Array.from({ length: 3300 }, (_, id) => ({
    id,
    title: 'a title of an article',
    author: { id, name: 'a name' },
    tags: ['a', 'b', 'c'],
    text: 'x'.repeat(170),
    rating: id / 7,
    published: true,
  })),
)
const ordinaryTimes = 30

/** How long `run` takes, in milliseconds: by the clock, or by the processor where others kept it busy; the shortest of some runs. */
function shortest(run: () => void, enough: number, runs: number): number {
  let best = Infinity
  for (let i = 0; i < runs && best > enough; i++) {
    const [start, used] = [performance.now(), process.cpuUsage()]
    run()
    const { user, system } = process.cpuUsage(used)
    best = Math.min(best, performance.now() - start, (user + system) / 1000)
  }
  return best
}

function settle(entry: Uint8Array): void {
  try {
    serializer.decode(entry)
  } catch (error) {
    if (!ShaleError.is(error) || !error.code.startsWith('CODEC_')) throw error
  }
}

test(
  'any entry of 1 MB is decoded or refused within 100 ms, or thirty times what JSON.parse of ordinary data takes',
  { timeout: 240_000 },
  () => {
    const slow: string[] = []
    let worst = { name: '', ms: 0 }
    for (const { name, entry } of costlyEntries()) {
      let ms = shortest(() => settle(entry), 80, 5)
      if (ms > worst.ms) worst = { name, ms }
      for (let round = 0; ms > 100 && round < 5; round++) {
        const limit =
          (ordinaryTimes *
            shortest(
              () => {
                for (let i = 0; i < 30; i++) JSON.parse(ordinary)
              },
              0,
              1,
            )) /
          30
        if (ms <= limit) break
        ms = Math.min(
          ms,
          shortest(() => settle(entry), 80, 3),
        )
        if (ms > Math.max(100, limit) && round === 4) slow.push(`${name}: ${ms.toFixed()} ms, limit ${limit.toFixed()} ms`)
      }
    }
    console.log(`the costliest: ${worst.name}, ${worst.ms.toFixed()} ms`)
    expect(slow).toEqual([])
  },
)
