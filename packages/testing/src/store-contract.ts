import type { Store } from '@shale/contracts'
import { batches } from './store-contract/batches.ts'
import { concurrency } from './store-contract/concurrency.ts'
import { conditions } from './store-contract/conditions.ts'
import type { StoreCapabilities, StoreCases } from './store-contract/context.ts'
import { counters } from './store-contract/counters.ts'
import { expiry } from './store-contract/expiry.ts'
import { foreign } from './store-contract/foreign.ts'
import { lifecycle } from './store-contract/lifecycle.ts'
import { scanning } from './store-contract/scanning.ts'
import { transfers } from './store-contract/transfers.ts'
import type { TestFunction } from './test-function.ts'

/** A store to be tested, and how to be rid of what was made for it. */
export interface StoreFixture {
  /** Empty, and nobody else's. The suite closes it. */
  readonly store: Store
  /** Called after the store was closed. */
  readonly cleanup?: (() => void | Promise<void>) | undefined
}

export interface StoreContract {
  readonly test: TestFunction
  /** Called for each test. */
  readonly create: () => StoreFixture | Promise<StoreFixture>
  readonly capabilities?: StoreCapabilities | undefined
}

/**
 * The contract of `Store` as a suite: declares one test for each thing that every store promises. The tests are to run one
 * after the other. A failed test throws an `AssertionError`.
 */
export function storeContract({ test, create, capabilities = {} }: StoreContract): void {
  const suites: StoreCases[] = [batches, conditions, counters, expiry, scanning, transfers, concurrency, lifecycle]
  if (capabilities.putForeign !== undefined) suites.push(foreign)
  for (const cases of suites) {
    for (const [name, run] of Object.entries(cases)) {
      test(`store: ${name}`, async () => {
        const fixture = await create()
        try {
          await run({ store: fixture.store, capabilities })
        } finally {
          await fixture.store.close()
          await fixture.cleanup?.()
        }
      })
    }
  }
}
