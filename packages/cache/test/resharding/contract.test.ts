import { describe, test } from 'vitest'
import { createManualClock, storeContract } from '@shale/testing'
import { Layouts } from './layouts.ts'

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

describe.each(Object.entries(layouts))('%s', (_, [names, previous]) => {
  const clock = createManualClock()
  storeContract({
    test,
    capabilities: { advance: (ms) => clock.advance(ms) },
    create: () => ({ store: new Layouts(['a', 'b', 'c'], clock).beside(names, previous) }),
  })
})
