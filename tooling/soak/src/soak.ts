import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { faults } from './faults.ts'
import type { FromWorker, LedgerLine, ToWorker, WorkerOptions, WorkerReport } from './messages.ts'
import { between, seeded } from './random.ts'
import { World, type Shard } from './world.ts'

export interface SoakOptions {
  readonly seconds: number
  readonly seed: number
  readonly workers: number
  /** Operations a second of each worker. */
  readonly rate: number
  readonly shards: number
  progress(line: string): void
}

export interface SoakReport {
  readonly seed: number
  readonly passed: boolean
  /** What was found wrong, in words. */
  readonly problems: readonly string[]
  readonly workers: readonly WorkerReport[]
  /** How often each fault happened. */
  readonly faults: Readonly<Record<string, number>>
  readonly settledMs: number
  /** The median heap of the worst process in the first and the last third, in MiB. */
  readonly heap: { readonly early: number; readonly late: number }
}

const settleBoundMs = 5000
const heapBoundMiB = 20

/** Uses a sharded, replicated cache from several processes while its servers fail at random. */
export async function soak({ seconds, seed, workers: count, rate, shards, progress }: SoakOptions): Promise<SoakReport> {
  const random = seeded(seed)
  const world = await World.start(shards)
  const workers = Array.from({ length: count }, (_, id) => new Worker({ id, workers: count, seed, rate, servers: world.servers }))
  try {
    await Promise.all(workers.map((worker) => worker.next('ready')))
    const happened: Record<string, number> = {}
    const end = performance.now() + seconds * 1000
    const busy = new Set<Shard>()
    const running: Promise<void>[] = []
    const tell = (message: ToWorker): void => workers.forEach((worker) => worker.tell(message))
    while (performance.now() < end) {
      await wait(between(random, 1000, 4000))
      const free = world.shards.filter((shard) => !busy.has(shard))
      const shard = free[between(random, 0, free.length - 1)]
      const fault = faults[between(random, 0, faults.length - 1)]
      if (shard === undefined || fault === undefined) continue
      busy.add(shard)
      happened[fault.name] = (happened[fault.name] ?? 0) + 1
      progress(`  ${Math.round((end - performance.now()) / 1000)} s left: ${fault.name} on ${shard.name}`)
      tell({ kind: 'fault', shard: shard.name, on: true, lossy: fault.lossy })
      const run = async (): Promise<void> => {
        await fault.run(world, shard, random)
        tell({ kind: 'fault', shard: shard.name, on: false, lossy: fault.lossy })
        busy.delete(shard)
      }
      running.push(run())
    }
    await Promise.all(running)
    world.heal()
    tell({ kind: 'settle' })
    const settled = await Promise.all(workers.map((worker) => worker.next('settled')))
    // What another process wrote last may be on its way to a replica.
    await wait(1500)
    const ledger: LedgerLine[] = settled.flatMap((one) => one.ledger)
    tell({ kind: 'verify', ledger })
    const reports = (await Promise.all(workers.map((worker) => worker.next('report')))).map(({ report }) => report)
    const settledMs = Math.max(...settled.map(({ ms }) => ms))
    const heap = worst(workers.map(({ heap: samples }) => growth(samples)))
    const problems = [
      ...reports.flatMap(({ wrong }, id) =>
        wrong.map(({ what, key, details }) => `worker ${id}: ${what}, ${key}: ${JSON.stringify(details)}`),
      ),
      ...settled.flatMap(({ healthy, problem }, id) => (healthy ? [] : [`worker ${id}: not healthy: ${problem}`])),
      ...(settledMs > settleBoundMs ? [`healthy only after ${Math.round(settledMs)} ms`] : []),
      ...(heap.late - heap.early > heapBoundMiB ? [`the heap grew from ${heap.early.toFixed(1)} to ${heap.late.toFixed(1)} MiB`] : []),
      ...workers.flatMap(({ printed }, id) => (printed === '' ? [] : [`worker ${id} printed: ${printed.slice(0, 2000)}`])),
    ]
    tell({ kind: 'end' })
    await Promise.all(workers.map((worker) => worker.ended))
    return { seed, passed: problems.length === 0, problems, workers: reports, faults: happened, settledMs, heap }
  } finally {
    workers.forEach((worker) => worker.kill())
    await world.stop()
  }
}

/** A process that uses the cache. */
class Worker {
  readonly heap: number[] = []
  printed = ''
  readonly ended: Promise<unknown>
  readonly #child: ChildProcess
  readonly #arrived: FromWorker[] = []
  #waiting: (() => void) | undefined
  #failure: Error | undefined

  constructor(options: WorkerOptions) {
    const file = fileURLToPath(new URL('./worker.js', import.meta.url))
    this.#child = fork(file, [JSON.stringify(options)], { execArgv: ['--expose-gc'], stdio: ['ignore', 'pipe', 'pipe', 'ipc'] })
    this.ended = once(this.#child, 'exit')
    for (const stream of [this.#child.stdout, this.#child.stderr]) stream?.on('data', (chunk: Buffer) => (this.printed += chunk.toString()))
    this.#child.on('exit', (code, signal) => {
      if (code !== 0) this.#failure = new Error(`worker ${options.id} ended with ${code ?? signal}: ${this.printed}`)
      this.#waiting?.()
    })
    this.#child.on('message', (message: FromWorker) => {
      if (message.kind === 'sample') this.heap.push(message.heapBytes / 2 ** 20)
      else this.#arrived.push(message)
      this.#waiting?.()
    })
  }

  tell(message: ToWorker): void {
    if (this.#child.connected) this.#child.send(message)
  }

  /** The next message, which must be of a kind. */
  async next<Kind extends FromWorker['kind']>(kind: Kind): Promise<Extract<FromWorker, { kind: Kind }>> {
    while (this.#arrived.length === 0) {
      if (this.#failure !== undefined) throw this.#failure
      await new Promise<void>((resolve) => (this.#waiting = resolve))
    }
    const message = this.#arrived.shift() as FromWorker
    if (message.kind !== kind) throw new Error(`expected ${kind}; a worker sent ${message.kind}`)
    return message as Extract<FromWorker, { kind: Kind }>
  }

  kill(): void {
    this.#child.kill('SIGKILL')
  }
}

function growth(samples: readonly number[]): { early: number; late: number } {
  const third = Math.max(1, Math.floor(samples.length / 3))
  // The first seconds fill what is bounded.
  return { early: median(samples.slice(Math.min(5, third - 1), third)), late: median(samples.slice(-third)) }
}

function worst(heaps: readonly { early: number; late: number }[]): { early: number; late: number } {
  return heaps.reduce((most, one) => (one.late - one.early > most.late - most.early ? one : most))
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? 0
}

function wait(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
