import { setTimeout as wait } from 'node:timers/promises'
import { ShaleError, type Answer, type Random, type Store } from '@shale/contracts'

export interface WorkloadOptions {
  /** The keys that nobody else touches. */
  readonly keys: readonly string[]
  readonly random: Random
  /** How many calls are made before the first of them is waited for. */
  readonly depth?: number
  /** Milliseconds for which it now and then writes nothing, and then reads all keys several times: as replicas have them by then; never unless stated. */
  readonly rest?: number
}

/** What a workload has met. */
export interface WorkloadReport {
  calls: number
  /** Answers that no store may give that carries out calls on a key in the order made. */
  readonly wrong: string[]
  /** Errors by code, and one message of each. */
  readonly errors: Map<string, { count: number; example: string }>
}

interface Step {
  readonly what: string
  readonly keys: readonly string[]
  /** What is to be answered, if every call before was carried out. */
  readonly expected: unknown
  readonly answer: Promise<unknown>
}

/**
 * Makes random calls on keys of its own, many at a time without waiting for any, and compares each answer with what a store gives
 * that carries them out in the order made. After an error the keys of that call are written anew before anything is said of them.
 */
export class OrderedWorkload {
  readonly report: WorkloadReport = { calls: 0, wrong: [], errors: new Map() }
  readonly #store: Store
  readonly #keys: readonly string[]
  readonly #random: Random
  readonly #depth: number
  readonly #rest: number | undefined
  /** What each key holds once all that was called is done: integers as text. */
  readonly #model = new Map<string, string>()
  #counter = 0

  constructor(store: Store, { keys, random, depth = 40, rest }: WorkloadOptions) {
    this.#store = store
    this.#keys = keys
    this.#random = random
    this.#depth = depth
    this.#rest = rest
  }

  /** Goes on until it is told to end, and once more. */
  async run(isOver: () => boolean): Promise<void> {
    do {
      await this.round()
      if (this.#rest !== undefined && this.#random() < 0.05) await this.#readAtRest(this.#rest)
    } while (!isOver())
  }

  /** Reads after a pause what was written before it. */
  async #readAtRest(ms: number): Promise<void> {
    await wait(ms)
    for (let i = 0; i < 20; i++) {
      await this.#judge(this.#keys.map((key) => this.#get(key)))
      await wait(5)
    }
  }

  async round(): Promise<void> {
    await this.#judge(Array.from({ length: this.#depth }, () => this.#step()))
  }

  async #judge(steps: readonly Step[]): Promise<void> {
    const tainted = new Set<string>()
    for (const { what, keys, expected, answer } of steps) {
      const found = await answer
      this.report.calls++
      if (isFailure(found)) {
        const { code, message } = found
        const known = this.report.errors.get(code)
        if (known === undefined) this.report.errors.set(code, { count: 1, example: `${what}: ${message}` })
        else known.count++
        for (const key of keys) tainted.add(key)
      } else if (keys.some((key) => tainted.has(key))) {
        // What a move of a key of which nothing is known leaves behind is not known either.
        if (keys.length > 1) for (const key of keys) tainted.add(key)
      } else if (JSON.stringify(found) !== JSON.stringify(expected)) {
        this.report.wrong.push(`${what}: expected ${JSON.stringify(expected)}, found ${JSON.stringify(found)}`)
        for (const key of keys) tainted.add(key)
      }
    }
    for (const key of tainted) await this.#writeAnew(key)
  }

  async #writeAnew(key: string): Promise<void> {
    const text = `${++this.#counter}`
    for (;;) {
      const [answer] = await this.#store.set([{ key, value: bytes(text), ttl: null }]).catch((error: ShaleError) => [error])
      if (answer === true) break
      await wait(20)
    }
    this.#model.set(key, text)
  }

  #step(): Step {
    const key = this.#pick()
    const held = this.#model.get(key)
    const text = `${++this.#counter}`
    const value = bytes(text)
    const store = this.#store
    switch (Math.floor(this.#random() * 13)) {
      case 0:
      case 1:
        this.#model.set(key, text)
        return step('set', [key], true, single(store.set([{ key, value, ttl: null }])))
      case 2:
      case 3:
        return this.#get(key)
      case 4:
      case 5: {
        const sum = held === undefined ? undefined : Number(held) + 1
        if (sum !== undefined) this.#model.set(key, `${sum}`)
        return step('incr', [key], sum ?? 'KEY_NOT_FOUND', single(store.incr([{ key, by: 1 }])).then(codeIf('KEY_NOT_FOUND')))
      }
      case 6: {
        const keys = [...new Set([key, this.#pick(), this.#pick()])]
        const count = keys.filter((one) => this.#model.delete(one)).length
        return step(
          'delete',
          keys,
          count,
          store.delete(keys).then(({ count: found, failed }) => (failed === undefined ? found : [...failed.values()][0])),
        )
      }
      case 7: {
        const keys = [key, this.#pick(), this.#pick(), this.#pick()]
        const expected = keys.map((one) => this.#model.get(one) ?? null)
        const all = store
          .get(keys)
          .then((answers) => answers.find((one) => ShaleError.is(one)) ?? answers.map((one) => textOf(one) ?? null))
        return step('getMany', keys, expected, all)
      }
      case 8:
        if (held === undefined) this.#model.set(key, text)
        return step('add', [key], held === undefined, single(store.add([{ key, value, ttl: null }])))
      case 9: {
        this.#model.delete(key)
        const taken = single(store.take([key])).then((one) => (ShaleError.is(one) || one === undefined ? one : textOf(one.value)))
        return step('take', [key], held, taken)
      }
      case 10: {
        const isRight = held !== undefined && this.#random() < 0.7
        if (isRight) this.#model.set(key, text)
        return step('swap', [key], isRight, single(store.swap([{ key, expected: bytes(isRight ? held : 'wrong'), value }])))
      }
      default: {
        const to = this.#pick()
        if (to === key) return step('has', [key], held !== undefined, single(store.has([key])))
        if (held !== undefined) {
          this.#model.delete(key)
          this.#model.set(to, held)
        }
        return step('move', [key, to], held !== undefined, single(store.move([{ from: key, to }])))
      }
    }
  }

  #get(key: string): Step {
    return step('get', [key], this.#model.get(key), single(this.#store.get([key])).then(textOf))
  }

  #pick(): string {
    return this.#keys[Math.floor(this.#random() * this.#keys.length)] as string
  }
}

function step(what: string, keys: readonly string[], expected: unknown, answer: Promise<unknown>): Step {
  return { what: `${what} ${keys.join(' ')}`, keys, expected, answer: answer.catch((error: unknown) => error) }
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

async function single<T>(answers: Promise<Answer<T>[]>): Promise<Answer<T>> {
  return (await answers)[0] as Answer<T>
}

function textOf(answer: Answer<Uint8Array | undefined>): string | ShaleError | undefined {
  return answer === undefined || ShaleError.is(answer) ? answer : Buffer.from(answer).toString()
}

function codeIf(code: string): (answer: unknown) => unknown {
  return (answer) => (ShaleError.is(answer) && answer.code === code ? code : answer)
}

function isFailure(found: unknown): found is ShaleError {
  return ShaleError.is(found)
}
