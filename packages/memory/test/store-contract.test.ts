import { createMemoryStore } from '@shale/memory'
import { createManualClock, storeContract } from '@shale/testing'
import { test } from 'vitest'

const clock = createManualClock()

storeContract({
  test,
  create: () => ({ store: createMemoryStore({ clock }) }),
  capabilities: { advance: (ms) => clock.advance(ms) },
})
