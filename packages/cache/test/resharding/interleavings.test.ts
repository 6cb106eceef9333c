import { describe, expect, test } from 'vitest'
import { ShaleError, type Store } from '@shale/contracts'
import { isLinearizable, lateReads, show, staleReads, type Done } from './history.ts'
import { bytes, key, World } from './world.ts'

const seed = Number(process.env['SHALE_SEED'] ?? Date.now() % 2 ** 31)
/** How many of each test: 100,000 in all of them together unless told otherwise, and 100,000 of each in the long form (SHALE_LONG_TESTS). */
const told = process.env['SHALE_INTERLEAVINGS'] ?? (process.env['SHALE_LONG_TESTS'] === undefined ? undefined : 100_000)

type Kind = Done['kind']
const often = (kinds: Partial<Record<Kind, number>>): Kind[] =>
  Object.entries(kinds).flatMap(([kind, times]) => new Array<Kind>(times).fill(kind as Kind))
const values = often({ set: 5, get: 7, delete: 3, add: 2, take: 1, touch: 1, bring: 2, has: 1 })

/** One run of a world of its own; throws with the seed that makes it happen again. */
async function eachWorld(name: string, usual: number, play: (world: World) => Promise<string[]>): Promise<void> {
  const runs = told === undefined ? usual : Number(told)
  console.log(`${name}: ${runs} interleavings, seed ${seed}`)
  for (let run = 0; run < runs; run++) {
    const world = new World(seed + run, 2 + (run % 3 === 0 ? 1 : 0))
    const wrong = await play(world)
    if (wrong.length > 0) {
      throw new Error(`SHALE_SEED=${seed + run} SHALE_INTERLEAVINGS=1: ${wrong.join('; ')}\n${world.history.map(show).join('\n')}`)
    }
  }
}

/** Clients of each process that do a few things one after the other. */
function clients(world: World, kinds: readonly Kind[], steps: number, ttl: () => number | null): Promise<unknown>[] {
  let last = 0
  const client = async (process: number): Promise<void> => {
    for (let left = steps; left > 0; left--) {
      await world.do(world.processes[process % world.processes.length]!, kinds[world.pick(kinds.length)]!, `v${++last}`, ttl())
    }
  }
  return Array.from({ length: 3 }, (_, i) => client(i))
}

/** Hardly any time passes: nothing may fail. */
const calm = (world: World) => (): number => (world.random() < 0.03 ? 1 : 0)
/** Now and then a process stands still for longer than its leases last, while the others go on; or time leaps for all of them. */
const rough = (world: World) => (): number => {
  if (world.steps.hasStill) return world.pick(25)
  const chance = world.random()
  if (chance < 0.02) world.steps.standStill(world.pick(world.processes.length), 20 + world.pick(100))
  return chance > 0.997 ? world.pick(1500) : chance > 0.9 ? world.pick(4) : 0
}

describe(`interleavings, ${told === undefined ? '100,000 in all' : `${told} of each kind`}`, { timeout: 600_000 }, () => {
  test('promise 17: changes of one key are as if at one place, and no read sees what is over', () =>
    eachWorld('calm', 20_000, async (world) => {
      if (world.random() < 0.5) await world.first.set([{ key, value: bytes('v0'), ttl: null }])
      world.history.push(initial(world, await isThere(world)))
      await world.run(
        clients(world, values, 4, () => null),
        calm(world),
      )
      const failed = world.history.filter(({ result }) => result === undefined).map((one) => `failed: ${show(one)}`)
      return [
        ...failed,
        ...staleReads(world.history),
        ...(isLinearizable(world.history) ? [] : ['no order of the changes explains their answers']),
      ]
    }))

  test('promise 17: entries that expire come back as little', () =>
    eachWorld('with ttls', 20_000, async (world) => {
      await world.run(
        clients(world, values, 4, () => (world.random() < 0.5 ? null : 1 + world.pick(30))),
        calm(world),
      )
      return [
        ...staleReads(world.history),
        ...lateReads(world.history, world.steps.longestFlight),
        ...(isLinearizable(world.history) ? [] : ['no order of the changes explains their answers']),
      ]
    }))

  test('promise 17: a process that stands still brings nothing back', () =>
    eachWorld('rough', 20_000, async (world) => {
      await world.run(
        clients(world, values, 7, () => (world.random() < 0.7 ? null : 1 + world.pick(600))),
        rough(world),
      )
      return [...staleReads(world.history), ...lateReads(world.history, world.steps.longestFlight)]
    }))

  test('no increment is lost, or counted twice', () =>
    eachWorld('counters', 10_000, async (world) => {
      const isRough = world.random() < 0.3
      await world.first.set([{ key, value: bytes('0'), ttl: null }])
      await world.run(
        clients(world, often({ incr: 5, get: 3, bring: 2, touch: 1 }), 5, () => null),
        isRough ? rough(world) : calm(world),
      )
      return countersWrong(world, isRough)
    }))

  test('of those who add, one succeeds until its entry is removed', () =>
    eachWorld('locks', 10_000, async (world) => {
      let holder: string | undefined
      const wrong: string[] = []
      const client = async (process: number): Promise<void> => {
        const store = world.processes[process % world.processes.length]!
        for (let attempt = 0; attempt < 4; attempt++) {
          const token = `${process}.${attempt}`
          const added = await world.do(store, 'add', token)
          if (added !== true) continue
          if (holder !== undefined) wrong.push(`${token} and ${holder} hold the lock`)
          holder = token
          if (world.random() < 0.5) await world.do(store, 'bring')
          holder = undefined
          const [released] = await store.swap([{ key, expected: bytes(token), value: undefined }])
          if (released !== true) wrong.push(`${token} could not be released: ${String(released)}`)
        }
      }
      await world.run([0, 1, 2].map(client), calm(world))
      return wrong
    }))

  test('of those who load, one at a time does, and stores nothing that was voided meanwhile', () =>
    eachWorld('loads', 10_000, async (world) => {
      const isRough = world.random() < 0.3
      const wrong: string[] = []
      /** Rights to load, and what ends them: from when they may be, and up to when they are. */
      const leases: { readonly token: string; readonly start: number; readonly end: number; ends: number }[] = []
      const voids: { readonly start: number; readonly end: number }[] = []
      const load = async (store: Store, token: string): Promise<void> => {
        const start = world.steps.now
        const [leased] = await store.lease([{ key, token, ttl: 60_000 }])
        if (leased !== true) return
        const lease = { token, start, end: world.steps.now, ends: Infinity }
        const before = leases.find(
          (one) => one.end < start && one.ends > lease.end && !voids.some((other) => other.start < lease.end && other.end > one.start),
        )
        if (before !== undefined && !isRough) wrong.push(`${token} has a lease that ${before.token} has`)
        leases.push(lease)
        if (world.random() < 0.5) await world.do(store, 'bring')
        const began = world.steps.now
        lease.ends = began
        const [filled] = await store.fill([{ key, value: bytes(token), ttl: null, token }])
        const voided = voids.find((one) => one.start > lease.end && one.end < began)
        if (filled === true && voided !== undefined) wrong.push(`${token} was stored, though voided at ${voided.end}`)
      }
      const client = async (process: number): Promise<void> => {
        const store = world.processes[process % world.processes.length]!
        for (let attempt = 0; attempt < 4; attempt++) {
          if (world.random() < 0.6) await load(store, `${process}.${attempt}`)
          else {
            const start = world.steps.now
            const removed = store.delete([key])
            const [released] = await store.release([key])
            await removed
            voids.push({ start, end: ShaleError.is(released) ? Infinity : world.steps.now })
          }
        }
      }
      await world.run([0, 1, 2].map(client), isRough ? rough(world) : calm(world))
      return wrong
    }))

  test('an entry that is moved to and fro is at one key', () =>
    eachWorld('moves', 10_000, async (world) => {
      const keys = [key, 'other'] as const
      await world.first.set([{ key, value: bytes('v0'), ttl: null }])
      const moved = [0, 0]
      const wrong: string[] = []
      const client = async (process: number): Promise<void> => {
        const store = world.processes[process % world.processes.length]!
        for (let left = 3; left > 0; left--) {
          const from = world.pick(2)
          const [answer] = await store.move([{ from: keys[from]!, to: keys[1 - from]! }])
          if (answer === true) moved[from]!++
          else if (answer !== false) wrong.push(String(answer))
        }
      }
      await world.run([0, 1, 2].map(client), calm(world))
      const at = await Promise.all(
        keys.map(async (one) => (await Promise.all(world.servers.map((server) => server.has([one])))).flat().includes(true)),
      )
      const balance = moved[0]! - moved[1]!
      if (at[0] === at[1] || at[0] !== (balance === 0) || at[1] !== (balance === 1))
        wrong.push(`moved ${moved.join(' and ')} times, is at ${at.join()}`)
      return wrong
    }))
})

const initial = (world: World, value: string | undefined): Done => ({
  ...{ kind: value === undefined ? 'has' : 'set', value, ttl: null },
  ...{ start: -1, end: -1, startMs: world.clock.now(), endMs: world.clock.now(), result: { answer: true } },
})

async function isThere(world: World): Promise<string | undefined> {
  const found = (await Promise.all(world.servers.map((server) => server.has([key])))).flat()
  return found.includes(true) ? 'v0' : undefined
}

async function countersWrong(world: World, isRough: boolean): Promise<string[]> {
  const { history } = world
  const wrong: string[] = []
  const incrs = history.filter(({ kind }) => kind === 'incr')
  const sums = incrs.flatMap(({ result }) => (result === undefined ? [] : [result.answer as number]))
  if (new Set(sums).size < sums.length) wrong.push(`sums given twice: ${sums.join()}`)
  for (const { kind, start, end, result } of history) {
    if (kind !== 'get' || typeof result?.answer !== 'string') continue
    const found = Number(result.answer)
    const least = Math.max(0, ...incrs.filter((one) => one.end < start).map((one) => one.result?.answer as number))
    const most = incrs.filter((one) => one.start < end).length
    if (found < least || found > most) wrong.push(`read ${found} [${start}, ${end}], expected ${least} to ${most}`)
  }
  if (isRough) return wrong
  if (sums.length < incrs.length) wrong.push('an increment failed')
  const held = (await Promise.all(world.servers.map((server) => server.get([key])))).flat()
  const texts = held.map((value) =>
    value instanceof Uint8Array ? Buffer.from(value).toString() : ShaleError.is(value) ? 'error' : undefined,
  )
  if (texts.some((text) => text !== undefined && text !== String(incrs.length)) || texts.every((text) => text === undefined)) {
    wrong.push(`expected ${incrs.length}, found ${texts.join(' and ')}`)
  }
  return wrong
}

test('the checks see what is wrong', () => {
  const done = (kind: Kind, start: number, end: number, answer: unknown, value?: string): Done => ({
    ...{ kind, value, ttl: null, start, end, startMs: start, endMs: end, result: { answer } },
  })
  const set = done('set', 0, 1, true, 'a')
  expect(staleReads([set, done('delete', 2, 3, true), done('get', 4, 5, 'a')])).toHaveLength(1)
  expect(staleReads([set, done('delete', 2, 4, true), done('get', 3, 5, 'a')])).toEqual([])
  expect(isLinearizable([set, done('add', 2, 3, true, 'b')])).toBe(false)
  expect(isLinearizable([set, done('delete', 2, 5, true), done('add', 3, 4, true, 'b')])).toBe(true)
})
