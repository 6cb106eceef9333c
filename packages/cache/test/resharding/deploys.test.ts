import { fork, type ChildProcess } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { afterEach, expect, test } from 'vitest'
import { createCache, type RebalanceReport } from '@shale/cache'
import { startRedis } from '@tooling/servers'

const keys = 20_000
const slots = 2
const windowMs = 250

type Entry = readonly [what: string, i: number, value: number | undefined, from: number, to: number]
interface Ended {
  readonly windows: readonly (readonly [window: number, reads: readonly [asked: number, missed: number]])[]
  readonly log: readonly Entry[]
  readonly wrong: readonly unknown[]
}

/** One process of a deploy, under load. */
class Process {
  readonly #child: ChildProcess
  readonly #messages: Record<string, unknown>[] = []
  #wake: (() => void) | undefined

  constructor(argument: object) {
    const { NODE_OPTIONS: _, ...env } = process.env
    this.#child = fork(fileURLToPath(new URL('../programs/resharder.mjs', import.meta.url)), [JSON.stringify(argument)], {
      env,
      execArgv: ['--unhandled-rejections=strict'],
      serialization: 'advanced',
    })
    this.#child.on('message', (message) => {
      this.#messages.push(message as Record<string, unknown>)
      this.#wake?.()
    })
    this.#child.once('exit', (code) => {
      if (code !== 0) this.#messages.push({ failed: code })
      this.#wake?.()
    })
  }

  kill(): void {
    this.#child.kill('SIGKILL')
  }

  async next(): Promise<Record<string, unknown>> {
    while (this.#messages.length === 0) await new Promise<void>((resolve) => (this.#wake = resolve))
    const message = this.#messages.shift() as Record<string, unknown>
    if ('failed' in message) throw new Error(`The process ended with ${String(message['failed'])}`)
    return message
  }

  async rebalance(): Promise<{ readonly rebalanced: RebalanceReport; readonly seconds: number }> {
    this.#child.send('rebalance')
    return (await this.next()) as never
  }

  async stop(): Promise<Ended> {
    this.#child.send('stop')
    return (await this.next())['ended'] as Ended
  }
}

const started: Process[] = []
afterEach(() => {
  for (const one of started.splice(0)) one.kill()
})

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

test(
  'promise 17: three deploys, process by process under load, from 3 to 4 shards: the hit rate dips under 2 points',
  { timeout: 180_000 },
  async () => {
    const redis = await Promise.all(Array.from({ length: 4 }, () => startRedis()))
    const young = redis.map(({ url }) => url)
    const old = young.slice(0, 3)
    const timeout = '2s'
    const seed = createCache({ servers: old, keyPrefix: 'live', ttl: '10m', timeout: '30s' })
    await seed.setMany(Array.from({ length: keys }, (_, i) => [`stable:${i}`, { i, at: 0 }] as const))
    await seed.setMany(Array.from({ length: 20 }, (_, i) => [`counter:${i}`, 0] as const))
    await seed.close()

    const ended: Ended[] = []
    const running: Process[] = []
    const start = async (slot: number, layouts: object): Promise<void> => {
      const next = new Process({ ...layouts, slot, slots, keys, timeout })
      started.push(next)
      await next.next()
      running[slot] = next
    }
    /** A process of the next deploy takes the place of one of the deploy before. Keys with one writer change hands. */
    const replace = async (slot: number, layouts: object): Promise<void> => {
      const before = running[slot] as Process
      ended.push(await before.stop())
      await start(slot, layouts)
      await pause(1500)
    }
    const deploys: readonly (readonly [string, object])[] = [
      ['1: servers old, previousServers new', { servers: old, previousServers: young }],
      ['2: servers new, previousServers old', { servers: young, previousServers: old }],
      ['3: servers new', { servers: young }],
    ]
    for (let slot = 0; slot < slots; slot++) await start(slot, { servers: old })
    await pause(1500)
    const marks: (readonly [name: string, at: number])[] = [['0: servers old', 0]]
    let moved: { readonly rebalanced: RebalanceReport; readonly seconds: number } | undefined
    for (const [name, layouts] of deploys) {
      marks.push([name, now()])
      for (let slot = 0; slot < slots; slot++) await replace(slot, layouts)
      if (!name.startsWith('2')) continue
      marks.push(['rebalance()', now()])
      moved = await (running[0] as Process).rebalance()
    }
    for (const one of running) ended.push(await one.stop())

    for (const { wrong } of ended) expect(wrong).toEqual([])
    expect(moved?.rebalanced).toMatchObject({ foreign: 0 })
    expect(moved?.rebalanced.scanned).toBeGreaterThan(keys)
    const log = ended.flatMap((one) => one.log)
    expect(staleReads(log)).toEqual([])
    expect(overlappingLocks(log)).toEqual([])
    const after = createCache({ servers: young, keyPrefix: 'live', timeout: '30s' })
    for (let i = 0; i < 20; i++)
      expect(await after.get(`counter:${i}`)).toBe(log.filter(([what, key]) => what === 'incr' && key === i).length)
    expect((await after.getMany(Array.from({ length: keys }, (_, i) => `stable:${i}`))).size).toBe(keys)
    expect(await after.rebalance()).toMatchObject({ moved: 0, dropped: 0 })
    await after.close()
    await Promise.all(redis.map((server) => server.stop()))

    const rates = hitRates(ended)
    const lowest = (from: number, to: number): string => {
      const some = rates.filter(([at]) => at >= from && at < to).map(([, rate]) => rate)
      return `${(Math.min(...some) * 100).toFixed(2)} %`
    }
    for (const [i, [name, from]] of marks.entries())
      console.log(`${name}: lowest hit rate of ${windowMs} ms ${lowest(from, marks[i + 1]?.[1] ?? Infinity)}`)
    const reads = ended.flatMap(({ windows }) => windows.map(([, [asked]]) => asked)).reduce((sum, one) => sum + one, 0)
    console.log(
      `${reads} reads of ${keys} entries, ${log.length} other calls; rebalance() moved ${moved?.rebalanced.moved} of ${moved?.rebalanced.scanned} in ${moved?.seconds.toFixed(1)} s`,
    )
    for (const [at, rate] of rates) expect(rate, `at ${at}`).toBeGreaterThan(0.98)
  },
)

const now = (): number => Number(process.hrtime.bigint() / 1000n) / 1000

/** The share of reads that were hits, by window; windows at the ends of a process, in which hardly anything was read, are left out. */
function hitRates(ended: readonly Ended[]): [at: number, rate: number][] {
  const windows = new Map<number, [number, number]>()
  for (const [window, [asked, missed]] of ended.flatMap((one) => one.windows)) {
    const [before, missedBefore] = windows.get(window) ?? [0, 0]
    windows.set(window, [before + asked, missedBefore + missed])
  }
  return [...windows]
    .filter(([, [asked]]) => asked >= 50)
    .map(([window, [asked, missed]]): [number, number] => [window * windowMs, 1 - missed / asked])
    .sort(([one], [other]) => one - other)
}

/** Reads of keys that come and go which saw what had been overwritten or removed before they began. */
function staleReads(log: readonly Entry[]): string[] {
  const changes = new Map<number, Entry[]>()
  for (const entry of log) if (entry[0] === 'set' || entry[0] === 'delete') changes.set(entry[1], [...(changes.get(entry[1]) ?? []), entry])
  return log.flatMap(([what, i, found, from]) => {
    if (what !== 'get' || found === undefined) return []
    const own = changes.get(i) ?? []
    const write = own.find(([, , value]) => value === found)
    const later = own.find(([, , , start, end]) => start > (write?.[4] ?? -Infinity) && end < from)
    return later === undefined ? [] : [`own:${i}: read ${found} at ${from}, after ${later[0]} up to ${later[4]}`]
  })
}

function overlappingLocks(log: readonly Entry[]): string[] {
  const locks = log.filter(([what]) => what === 'lock').sort((one, other) => one[3] - other[3])
  return locks.flatMap((one, at) => {
    const before = locks.slice(0, at).find((other) => other[1] === one[1] && other[4] > one[3])
    return before === undefined ? [] : [`lock:${one[1]} was held twice at ${one[3]}`]
  })
}
