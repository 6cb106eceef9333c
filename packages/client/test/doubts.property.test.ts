import { expect, test } from 'vitest'
import { ShaleError, type Store, type Tally } from '@shale/contracts'
import { createManualClock, createSeededRandom } from '@shale/testing'
import { withDoubts } from '@shale/client'
import { LineStore, lost, type Ending } from './line-store.ts'
import { turn } from './scripted-driver.ts'

const runs = 2000
const stepsPerRun = 80
const seed = Number(process.env.SHALE_SEED ?? Date.now() % 2 ** 31)
/** What may be added to a number before it is taken for another one. */
const span = 1000

type Kind = 'set' | 'add' | 'delete' | 'incr' | 'take' | 'move' | 'fill' | 'get' | 'has'
const kinds: readonly Kind[] = ['set', 'set', 'add', 'delete', 'incr', 'take', 'move', 'fill', 'get', 'get', 'get', 'has']
const keys = ['a', 'b', 'c', 'd']
const marking: ReadonlySet<Kind> = new Set<Kind>(['set', 'delete', 'take', 'move', 'fill'])

/** A call, and what became of it. Calls are numbered in the order made; a value says which call stored it first. */
interface Call {
  readonly at: number
  readonly kind: Kind
  readonly key: string
  readonly to: string | undefined
  readonly issued: number
  settled: number
  outcome: 'pending' | 'failed' | 'done' | 'no'
}

class History {
  readonly calls: Call[] = []
  #time = 0

  begin(kind: Kind, key: string, to?: string): Call {
    const call: Call = { at: this.calls.length, kind, key, to, issued: ++this.#time, settled: Infinity, outcome: 'pending' }
    this.calls.push(call)
    return call
  }

  settle(call: Call, outcome: Call['outcome']): void {
    call.outcome = outcome
    call.settled = ++this.#time
  }

  /** The newest call before another one that the key holds nothing older than. */
  bound(key: string, before: number): number {
    const binds = ({ kind, key: from, to, outcome }: Call): boolean => {
      if (from !== key && to !== key) return false
      if (outcome === 'failed') return marking.has(kind)
      return outcome === 'done' && kind !== 'incr' && kind !== 'get' && kind !== 'has'
    }
    return this.calls.slice(0, before).findLast(binds)?.at ?? -1
  }

  /** Why a call must not have found a value, if so. */
  fault(key: string, before: number, value: number): string | undefined {
    const bound = this.bound(key, before)
    const source = this.calls[Math.floor(value / span)] as Call
    // However it may have come there.
    const arrivals = this.calls.slice(source.at, before).filter(({ at, kind, to, outcome }) => {
      return at === source.at ? source.key === key : kind === 'move' && to === key && outcome !== 'no'
    })
    const isFit = (arrival: Call): boolean =>
      arrival.at >= bound && (arrival === source || this.fault(arrival.key, arrival.at, value) === undefined)
    if (arrivals.some(isFit)) return undefined
    return `${key} held ${value}, from ${arrivals.map(({ at }) => at).join() || 'nowhere'} on; it must be from ${bound} on`
  }

  /** All calls that concern a key, for people to read. */
  of(key: string): string {
    const concerning = this.calls.filter((call) => call.key === key || call.to === key)
    const line = ({ at, kind, key: from, to = '', issued, settled, outcome }: Call): string =>
      `${at} ${kind} ${from} ${to} ${issued}-${settled} ${outcome}`
    return concerning.map(line).join('\n')
  }

  /** The value that a key must have in the end; `undefined` if it need not have one. */
  due(key: string): Call | undefined {
    const concerning = this.calls.filter((call) => call.key === key || call.to === key)
    // A move that says that there was nothing may have brought what was out of date, and counts as missing.
    const last = concerning.findLast(({ kind, to, outcome }) => kind !== 'get' && kind !== 'has' && (outcome !== 'no' || to === key))
    return last?.outcome === 'done' && ['set', 'add', 'fill'].includes(last.kind) ? last : undefined
  }
}

function issue(store: Store, history: History, kind: Kind, key: string, to: string): Promise<void> {
  const call = history.begin(kind, key, kind === 'move' ? to : undefined)
  const { at } = call
  const entry = { key, value: Buffer.from(String(at * span)), ttl: null }
  const found = (value: number): void => {
    const fault = history.fault(key, at, value)
    if (fault !== undefined) throw new Error(`call ${at}, ${kind} ${key}: ${fault}\n${history.of(key)}`)
  }
  const settle = (answer: unknown): void => {
    if (ShaleError.is(answer)) return history.settle(call, answer.code === 'KEY_NOT_FOUND' ? 'no' : 'failed')
    if (kind === 'get' && answer !== undefined) found(Number(Buffer.from(answer as Uint8Array).toString()))
    if (kind === 'take' && answer !== undefined) found(Number(Buffer.from((answer as { value: Uint8Array }).value).toString()))
    if (kind === 'incr') found(answer as number)
    history.settle(call, answer === false ? 'no' : 'done')
  }
  const first = (answers: Promise<readonly unknown[]>): Promise<void> => answers.then(([answer]) => settle(answer))
  switch (kind) {
    case 'set':
      return first(store.set([entry]))
    case 'add':
      return first(store.add([entry]))
    case 'delete':
      return store.delete([key]).then(({ failed }: Tally) => settle(failed?.get(key) ?? true))
    case 'incr':
      return first(store.incr([{ key, by: 1 }]))
    case 'take':
      return first(store.take([key]))
    case 'move':
      return first(store.move([{ from: key, to }]))
    case 'fill':
      void store.lease([{ key, token: 't', ttl: 1000 }])
      return first(store.fill([{ ...entry, token: 't' }]))
    case 'get':
      return first(store.get([key]))
    case 'has':
      return first(store.has([key]))
  }
}

async function run(seedOfRun: number, mostKeys: number): Promise<{ failed: number; served: number }> {
  const random = createSeededRandom(seedOfRun)
  const pick = <T>(some: readonly T[]): T => some[Math.floor(random() * some.length)] as T
  const clock = createManualClock()
  const line = new LineStore(random)
  const store = withDoubts(line, { shard: 'line', clock, random, mostKeys })
  const history = new History()
  const calls: Promise<void>[] = []
  const faults: unknown[] = []
  line.isHeld = true
  line.entries.set('kept', 'as it was')
  let isLossy = false
  for (let i = 0; i < stepsPerRun; i++) {
    const chance = random()
    if (chance < 0.5)
      calls.push(issue(store, history, pick(kinds), pick(keys), pick(keys)).catch((error: unknown) => void faults.push(error)))
    else if (chance < 0.8) {
      const ending: Ending = isLossy ? pick(['lost', 'reply lost', 'answer']) : 'answer'
      for (let left = Math.floor(random() * 6); left > 0; left--) line.end(ending)
    } else if (chance < 0.85) isLossy = !isLossy && random() < 0.4
    else if (chance < 0.88) line.refusal = line.refusal === undefined && random() < 0.3 ? lost : undefined
    else if (chance < 0.91) line.tell((observer) => observer.connected?.('line', 'line'))
    else if (chance < 0.95) clock.advance(random() * 500)
    else await turn()
    if (random() < 0.1) await Promise.resolve()
  }
  line.refusal = undefined
  for (let i = 0; i < 10; i++) {
    line.letGo()
    clock.advance(500)
    await turn()
    await turn()
  }
  await Promise.all(calls)
  if (faults.length > 0) throw faults[0]
  // All is over: what was changed last is there, and nothing is in doubt.
  let served = 0
  for (const key of keys) {
    const answer = (await store.get([key]))[0]
    const value = answer instanceof Uint8Array ? Number(Buffer.from(answer).toString()) : undefined
    if (value !== undefined) {
      served++
      const fault = history.fault(key, history.calls.length, value)
      if (fault !== undefined) throw new Error(`in the end: ${fault}`)
    }
    const due = history.due(key)
    if (due !== undefined && mostKeys > keys.length && (value === undefined || Math.floor(value / span) !== due.at)) {
      throw new Error(`in the end: ${key} lost what call ${due.at} stored:\n${history.of(key)}\n${line.calls.join(' | ')}`)
    }
    line.entries.set(key, '-1')
    expect(await store.has([key])).toEqual([true])
  }
  if (mostKeys > keys.length) expect(line.entries.get('kept')).toBe('as it was')
  await store.close()
  expect(clock.pending).toBe(0)
  return { failed: history.calls.filter(({ outcome }) => outcome === 'failed').length, served }
}

test.each([
  ['all keys are remembered', 100],
  ['two keys are remembered', 2],
])(
  'a key never holds what is older than a call that failed or succeeded, and loses nothing else: %s',
  { timeout: 120_000 },
  async (_, mostKeys) => {
    console.log(`SHALE_SEED=${seed}`)
    let failed = 0
    let served = 0
    for (let i = 0; i < runs; i++) {
      const found = await run(seed + i, mostKeys).catch((error: unknown) => {
        throw new Error(`SHALE_SEED=${seed + i}: ${(error as Error).message}`, { cause: error })
      })
      failed += found.failed
      served += found.served
    }
    console.log(`${runs} runs: ${failed} calls failed, ${served} keys had a value in the end`)
  },
)
