import { withDoubts, type DoubtsOptions } from '@shale/client'
import type { Store, StoreEntry } from '@shale/contracts'
import { createManualClock, type ManualClock } from '@shale/testing'
import { LineStore, lost } from './line-store.ts'
import { turn } from './scripted-driver.ts'

export const bytes = (value: string): Uint8Array => Buffer.from(value)
export const entry = (key: string, value = 'new'): StoreEntry => ({ key, value: bytes(value), ttl: null })
export const text = (value: unknown): unknown => (value instanceof Uint8Array ? Buffer.from(value).toString() : value)

/** A line, and the store that remembers what is in doubt there. */
export interface SetUp {
  readonly clock: ManualClock
  readonly line: LineStore
  readonly store: Store
  /** The repairs that were told. */
  readonly told: readonly unknown[]
  get(key: string): Promise<unknown>
  /** What reached the line since the last look. */
  asked(): string[]
  /** Keys with an old value, of each of which a write has just failed. */
  doubt(...keys: string[]): Promise<void>
  /** The line tells that it is back. */
  connected(): Promise<void>
}

export function setUp(options: Partial<DoubtsOptions> = {}): SetUp {
  const clock = createManualClock()
  const line = new LineStore()
  const store = withDoubts(line, { shard: 'eu-1', clock, random: () => 0.5, ...options })
  const told: unknown[] = []
  store.observe?.({ repaired: (shard, keys) => told.push([shard, keys]) })
  const asked = (): string[] => line.calls.splice(0)
  return {
    ...{ clock, line, store, told, asked },
    get: async (key) => text((await store.get([key]))[0]),
    async doubt(...keys) {
      for (const key of keys) if (!line.entries.has(key)) line.entries.set(key, '1')
      const { refusal } = line
      line.refusal = lost
      await store.set(keys.map((key) => entry(key)))
      line.refusal = refusal
      asked()
    },
    async connected() {
      line.tell((observer) => observer.connected?.('line', 'eu-1'))
      await turn()
    },
  }
}
