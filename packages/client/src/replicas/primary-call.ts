import { ShaleError, type Answer, type BatchOperation, type Store, type Tally } from '@shale/contracts'

/** A call on the primary, as a value: it may have to wait for one, and be made again where a server was none. */
export interface PrimaryCall<A> {
  /** What it is for the order of calls: a read of keys some of whose writes have no answer yet must not overtake those. */
  readonly kind: 'write' | 'read' | 'read after writes'
  /** How many keys, and what they carry, in KiB. */
  readonly weight: number
  /** Makes the call. Never rejects. */
  run(store: Store): Promise<A>
  /** Whether an answer says that the server cannot be reached. */
  isLost(answer: A): boolean
  /** What of the call the server turned away because it is a replica, to be made again; `undefined` if nothing. */
  turnedAway(answer: A): PrimaryCall<A> | undefined
  /** The answer where the call was not made. */
  refuse(error: ShaleError): A
  /** The answer where what the server made of it will never be known; `undefined` if the call may as well be made again. */
  giveUp(error: ShaleError): A | undefined
}

/** Refuses a call in the next turn of the event loop, so that one who calls again and again leaves time for what is to be read. */
export function refuseNext<A>(call: PrimaryCall<A>, error: ShaleError): Promise<A> {
  return new Promise((resolve) => setImmediate(() => resolve(call.refuse(error))))
}

const isError = (answer: unknown, code: 'SERVER_READONLY' | 'SERVER_UNAVAILABLE'): boolean =>
  typeof answer === 'object' && ShaleError.is(answer) && answer.code === code
const asError = (error: unknown): ShaleError => ShaleError.from(error, 'SERVER_UNAVAILABLE')

/** A batch that reads. */
export class ReadCall<I, T> implements PrimaryCall<Answer<T>[]> {
  readonly kind: 'read' | 'read after writes'
  readonly #operation: BatchOperation<I, T>
  readonly #items: readonly I[]

  constructor(operation: BatchOperation<I, T>, items: readonly I[], afterWrites: boolean) {
    this.kind = afterWrites ? 'read after writes' : 'read'
    this.#operation = operation
    this.#items = items
  }

  get weight(): number {
    return this.#items.length
  }

  run(store: Store): Promise<Answer<T>[]> {
    return this.#operation.call(store, this.#items).catch((error: unknown) => this.refuse(asError(error)))
  }

  isLost(): boolean {
    return false
  }

  turnedAway(): undefined {
    return undefined
  }

  refuse(error: ShaleError): Answer<T>[] {
    return this.#items.map(() => error)
  }

  giveUp(): undefined {
    return undefined
  }
}

/** A batch that writes, or those of its items that were turned away. */
export class WriteCall<I, T> implements PrimaryCall<Answer<T>[]> {
  readonly kind = 'write'
  readonly #operation: BatchOperation<I, T>
  readonly #items: readonly I[]
  /** The answers so far, and the places of the items that are asked for. */
  readonly #rest: { readonly answers: Answer<T>[]; readonly places: readonly number[] } | undefined

  constructor(
    operation: BatchOperation<I, T>,
    items: readonly I[],
    rest?: { readonly answers: Answer<T>[]; readonly places: readonly number[] },
  ) {
    this.#operation = operation
    this.#items = items
    this.#rest = rest
  }

  get weight(): number {
    let bytes = 0
    for (const item of this.#items) bytes += (item as { readonly value?: Uint8Array }).value?.length ?? 0
    return this.#items.length + bytes / 1024
  }

  async run(store: Store): Promise<Answer<T>[]> {
    let answers: Answer<T>[]
    try {
      answers = await this.#operation.call(store, this.#items)
    } catch (error) {
      const failure = asError(error)
      answers = this.#items.map(() => failure)
    }
    if (this.#rest === undefined) return answers
    const { answers: all, places } = this.#rest
    answers.forEach((answer, i) => (all[places[i] as number] = answer))
    return all
  }

  isLost(answers: Answer<T>[]): boolean {
    return answers.some((answer) => isError(answer, 'SERVER_UNAVAILABLE'))
  }

  turnedAway(answers: Answer<T>[]): WriteCall<I, T> | undefined {
    const places: number[] = []
    answers.forEach((answer, place) => {
      if (isError(answer, 'SERVER_READONLY')) places.push(place)
    })
    if (places.length === 0) return undefined
    const items = this.#rest === undefined ? this.#items : spread(this.#items, this.#rest.places)
    return new WriteCall(
      this.#operation,
      places.map((place) => items[place] as I),
      { answers, places },
    )
  }

  refuse(error: ShaleError): Answer<T>[] {
    // What was turned away says so itself.
    return this.#rest?.answers ?? this.#items.map(() => error)
  }

  giveUp(error: ShaleError): Answer<T>[] {
    if (this.#rest === undefined) return this.#items.map(() => error)
    // Copied: what is said later is entered there.
    const answers = [...this.#rest.answers]
    for (const place of this.#rest.places) answers[place] = error
    return answers
  }
}

/** Items at the places that they had at first. */
function spread<I>(items: readonly I[], places: readonly number[]): I[] {
  const all: I[] = []
  items.forEach((item, i) => (all[places[i] as number] = item))
  return all
}

/** A removal of keys, or of those that were turned away. */
export class DeleteCall implements PrimaryCall<Tally> {
  readonly kind = 'write'
  readonly #keys: readonly string[]
  readonly #before: Tally | undefined

  constructor(keys: readonly string[], before?: Tally) {
    this.#keys = keys
    this.#before = before
  }

  get weight(): number {
    return this.#keys.length
  }

  async run(store: Store): Promise<Tally> {
    let tally: Tally
    try {
      tally = await store.delete(this.#keys)
    } catch (error) {
      tally = allFailed(this.#keys, asError(error))
    }
    if (this.#before === undefined) return tally
    const failed = new Map(this.#before.failed)
    for (const key of this.#keys) failed.delete(key)
    for (const [key, error] of tally.failed ?? []) failed.set(key, error)
    return { count: this.#before.count + tally.count, failed: failed.size === 0 ? undefined : failed }
  }

  isLost({ failed }: Tally): boolean {
    return failed !== undefined && [...failed.values()].some((error) => isError(error, 'SERVER_UNAVAILABLE'))
  }

  turnedAway(tally: Tally): DeleteCall | undefined {
    if (tally.failed === undefined) return undefined
    const keys = [...tally.failed].filter(([, error]) => isError(error, 'SERVER_READONLY')).map(([key]) => key)
    return keys.length === 0 ? undefined : new DeleteCall(keys, tally)
  }

  refuse(error: ShaleError): Tally {
    return this.#before ?? allFailed(this.#keys, error)
  }

  giveUp(error: ShaleError): Tally {
    const failed = new Map(this.#before?.failed)
    for (const key of this.#keys) failed.set(key, error)
    return { count: this.#before?.count ?? 0, failed: failed.size === 0 ? undefined : failed }
  }
}

function allFailed(keys: readonly string[], error: ShaleError): Tally {
  return { count: 0, failed: keys.length === 0 ? undefined : new Map(keys.map((key) => [key, error])) }
}

/** Something that concerns no key; what `work` rejects with is its answer. */
export class WholeCall<T> implements PrimaryCall<T | ShaleError> {
  readonly kind = 'write'
  readonly weight = 1
  readonly #work: (store: Store) => Promise<T>
  readonly #isHarmless: boolean

  /** @param isHarmless whether it may be made twice. */
  constructor(work: (store: Store) => Promise<T>, isHarmless = false) {
    this.#work = work
    this.#isHarmless = isHarmless
  }

  run(store: Store): Promise<T | ShaleError> {
    return this.#work(store).catch(asError)
  }

  isLost(answer: T | ShaleError): boolean {
    return isError(answer, 'SERVER_UNAVAILABLE')
  }

  turnedAway(answer: T | ShaleError): this | undefined {
    return isError(answer, 'SERVER_READONLY') ? this : undefined
  }

  refuse(error: ShaleError): ShaleError {
    return error
  }

  giveUp(error: ShaleError): ShaleError | undefined {
    return this.#isHarmless ? undefined : error
  }
}
