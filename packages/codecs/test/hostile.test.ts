import { expect, test } from 'vitest'
import { createSeededRandom } from '@shale/testing'
import { decodeHostile } from './hostile-entries.ts'

test('1,000,000 mutated, truncated and random entries give a value or CODEC_*', { timeout: 120_000 }, () => {
  const seed = Number(process.env['SEED'] ?? Date.now() % 2 ** 31)
  console.log(`seed ${seed}`)
  const outcome = decodeHostile(1_000_000, createSeededRandom(seed))
  console.log(outcome)
  // A mutation that is caught by the header alone would show nothing of the codecs.
  expect(outcome.values).toBeGreaterThan(50_000)
  expect(outcome.corrupt).toBeGreaterThan(200_000)
  expect(outcome.values + outcome.corrupt + outcome.unknown).toBe(1_000_000)
})
