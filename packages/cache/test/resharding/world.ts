import { ShaleError, type Answer, type Store } from '@shale/contracts'
import { Resharding } from '@shale/client'
import { createMemoryStore } from '@shale/memory'
import { createManualClock, createSeededRandom, type ManualClock } from '@shale/testing'
import type { Done } from './history.ts'
import { Steps } from './steps.ts'

const timeout = 500
export const key = 'k'
const text = (value: Uint8Array): string => Buffer.from(value).toString()
export const bytes = (value: string): Uint8Array => new TextEncoder().encode(value)

/** Neighbouring deploys, by which of the two layouts is the current one, and which the previous. */
const neighbours = {
  'the first and the second': ['old', 'old, new'],
  'the second and the third': ['old, new', 'new, old'],
  'the third and the last': ['new, old', 'new'],
} as const

/** Two servers, at which a key lives by one layout and by the other, and processes of two deploys. */
export class World {
  readonly random: () => number
  readonly clock: ManualClock = createManualClock()
  readonly steps: Steps
  readonly servers: readonly [Store, Store]
  /** Alternately of the one deploy and of the next. */
  readonly processes: readonly Store[]
  /** The server that entries are at first at, or may be. */
  readonly first: Store
  readonly history: Done[] = []

  constructor(seed: number, count: number) {
    this.random = createSeededRandom(seed)
    this.steps = new Steps(this.random, this.clock)
    this.servers = [createMemoryStore({ clock: this.clock }), createMemoryStore({ clock: this.clock })]
    const chance = this.random()
    const deploys =
      neighbours[chance < 0.1 ? 'the first and the second' : chance < 0.2 ? 'the third and the last' : 'the second and the third']
    this.processes = Array.from({ length: count }, (_, i) => this.#open(i, deploys[i % 2] as (typeof deploys)[number]))
    this.first = this.servers[chance < 0.1 ? 0 : chance < 0.2 ? 1 : this.pick(2)] as Store
  }

  #open(i: number, deploy: string): Store {
    const [old, young] = this.servers.map((server, place) => this.steps.open(i, `s${place}`, server)) as [Store, Store]
    const options = { timeout, clock: this.clock, random: this.random }
    switch (deploy) {
      case 'old':
        return old
      case 'old, new':
        return new Resharding({ current: old, previous: young, ...options })
      case 'new, old':
        return new Resharding({ current: young, previous: old, ...options })
      default:
        return young
    }
  }

  pick(count: number): number {
    return Math.floor(this.random() * count)
  }

  /** Does something in a process, and remembers what came of it. */
  async do(store: Store, kind: Done['kind'], value?: string, ttl: number | null = null): Promise<unknown> {
    const done: Done = {
      kind,
      value,
      ttl,
      start: this.steps.now,
      startMs: this.clock.now(),
      end: Infinity,
      endMs: Infinity,
      result: undefined,
    }
    this.history.push(done)
    const answer = await call(store, done)
    if (!ShaleError.is(answer)) {
      done.end = this.steps.now
      done.endMs = this.clock.now()
      done.result = { answer }
    }
    return answer
  }

  /** Lets all of them run to their ends. */
  async run(clients: readonly Promise<unknown>[], tick: () => number): Promise<void> {
    let isOver = false
    const all = Promise.all(clients).finally(() => (isOver = true))
    await this.steps.run(() => isOver, tick)
    await all
  }
}

async function call(store: Store, { kind, value = '', ttl }: Done): Promise<Answer<unknown>> {
  switch (kind) {
    case 'set':
    case 'add':
      return (await store[kind]([{ key, value: bytes(value), ttl }]))[0]
    case 'get': {
      const [found] = await store.get([key])
      return found instanceof Uint8Array ? text(found) : found
    }
    case 'take': {
      const [taken] = await store.take([key])
      return taken === undefined || ShaleError.is(taken) ? taken : text(taken.value)
    }
    case 'has':
    case 'ttl':
      return (await store[kind]([key]))[0]
    case 'touch':
      return (await store.touch([key], ttl))[0]
    case 'incr':
      return (await store.incr([{ key, by: 1 }]))[0]
    case 'delete': {
      const { count, failed } = await store.delete([key])
      return failed?.get(key) ?? count === 1
    }
    case 'bring':
      return (await store.parts?.()[0]?.bring?.([key]))?.[0]
  }
}
