import { describe, test } from 'vitest'
import { createMemoryStore } from '@shale/memory'
import { createManualClock, createSeededRandom, storeContract } from '@shale/testing'
import type { Store } from '@shale/contracts'
import { Resharding, Sharded } from '@shale/client'
import { NamedStore } from './named-store.ts'

const layouts = {
  'three shards instead of two': [
    ['a', 'b', 'c'],
    ['a', 'b'],
  ],
  'two shards instead of three': [
    ['a', 'b'],
    ['a', 'b', 'c'],
  ],
  'one shard instead of another': [['b'], ['a']],
  'the same shards': [
    ['a', 'b'],
    ['a', 'b'],
  ],
} as const

describe.each(Object.entries(layouts))('%s', (_, [names, previousNames]) => {
  const clock = createManualClock()
  const timeout = 500
  storeContract({
    test,
    capabilities: { advance: (ms) => clock.advance(ms) },
    create: () => {
      const stores = new Map<string, Store>(['a', 'b', 'c'].map((name) => [name, new NamedStore(name, createMemoryStore({ clock }))]))
      const open = (some: readonly string[]): Store =>
        new Sharded({ shards: some.map((name) => ({ name, store: stores.get(name) as Store })), timeout, clock })
      const random = createSeededRandom(1)
      return { store: new Resharding({ current: open(names), previous: open(previousNames), timeout, clock, random }) }
    },
  })
})
