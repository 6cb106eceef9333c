import type { TestFunction } from '@shale/testing'

/** What a suite declared and how each of its tests went. */
export interface SuiteOutcome {
  readonly passed: string[]
  readonly failed: Map<string, unknown>
}

/** Runs a suite here and now, whatever comes of it. */
export async function runSuite(declare: (test: TestFunction) => void): Promise<SuiteOutcome> {
  const tests: [name: string, run: () => Promise<void>][] = []
  declare((name, run) => tests.push([name, run]))
  const outcome: SuiteOutcome = { passed: [], failed: new Map() }
  for (const [name, run] of tests) {
    try {
      await run()
      outcome.passed.push(name)
    } catch (error) {
      outcome.failed.set(name, error)
    }
  }
  return outcome
}
