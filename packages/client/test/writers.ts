import { ShaleError, type Store } from '@shale/contracts'

interface Outcome {
  readonly value: number
  readonly startedAt: number
  readonly settledAt: number
  readonly error: ShaleError | undefined
}

/** One caller that writes growing numbers under a key of its own, one after the other. */
class Writer {
  readonly key: string
  readonly outcomes: Outcome[] = []

  constructor(key: string) {
    this.key = key
  }

  get acknowledged(): readonly Outcome[] {
    return this.outcomes.filter(({ error }) => error === undefined)
  }

  startedAndAcknowledgedAfter(time: number): boolean {
    return this.outcomes.some(({ startedAt, error }) => error === undefined && startedAt > time)
  }
}

export interface Writers {
  readonly writers: readonly Writer[]
  readonly acknowledged: number
  all(condition: (writer: Writer) => boolean): boolean
  /** When the first write was acknowledged that began after a time. */
  firstAcknowledgedAfter(time: number): number
  /** The errors that were told after a time: the most of one caller, and all of them by code. */
  errorsAfter(time: number): { readonly mostErrors: number; readonly errors: readonly string[] }
  /**
   * Compares what is there with what was acknowledged. Each number also has a key that is never written again: where that is missing
   * a failover has lost the write. A writer's own key holds its last acknowledged number or one that was sent after it, unless that
   * write was lost or one that came before it was made after it: overtaken.
   */
  lost(get: (key: string) => Promise<string | null>): Promise<{ readonly lost: number; readonly overtaken: number }>
  stop(): Promise<void>
}

/** Starts callers that write until they are stopped. */
export function startWriters(store: Store, count: number, pauseMs = 1): Writers {
  const writers = Array.from({ length: count }, (_, i) => new Writer(`writer:${i}`))
  let stopped = false
  let acknowledged = 0
  const write = async (writer: Writer): Promise<void> => {
    for (let value = 1; !stopped; value++) {
      const startedAt = performance.now()
      const entry = { value: Buffer.from(String(value)), ttl: null }
      const [answer] = await store.set([
        { key: writer.key, ...entry },
        { key: `${writer.key}:${value}`, ...entry },
      ])
      const error = ShaleError.is(answer) ? answer : undefined
      if (error === undefined) acknowledged++
      writer.outcomes.push({ value, startedAt, settledAt: performance.now(), error })
      await new Promise((resolve) => setTimeout(resolve, pauseMs))
    }
  }
  const running = writers.map(write)
  const all: Writers = {
    writers,
    get acknowledged() {
      return acknowledged
    },
    all: (condition) => writers.every(condition),
    firstAcknowledgedAfter: (time) =>
      Math.min(
        ...writers.flatMap(({ acknowledged: ones }) => ones.filter(({ startedAt }) => startedAt > time).map(({ settledAt }) => settledAt)),
      ),
    errorsAfter(time) {
      const told = writers.map(({ outcomes }) => outcomes.filter(({ error, settledAt }) => error !== undefined && settledAt > time))
      return {
        mostErrors: Math.max(...told.map(({ length }) => length)),
        errors: [...new Set(told.flat().map(({ error }) => error?.code as string))],
      }
    },
    async lost(get) {
      let [lost, overtaken] = [0, 0]
      for (const { key, outcomes } of writers) {
        const acknowledged = outcomes.filter(({ error }) => error === undefined).map(({ value }) => value)
        const there = await Promise.all(acknowledged.map((value) => get(`${key}:${value}`)))
        const kept = acknowledged.filter((_, i) => there[i] !== null)
        lost += acknowledged.length - kept.length
        if (Number(await get(key)) < (kept.at(-1) ?? 0)) overtaken++
      }
      return { lost, overtaken }
    },
    async stop() {
      stopped = true
      await Promise.all(running)
    },
  }
  return all
}
