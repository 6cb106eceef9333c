import { randomUUID } from 'node:crypto'
import { ShaleError, type Answer, type Brought, type Clock, type Store, type StoredValue, type StorePart } from '@shale/contracts'
import { answersOf } from './answers-of.ts'

export interface BringHomeOptions {
  /** Milliseconds for which a place is kept free for an entry that is on its way. */
  readonly timeout: number
  readonly clock: Clock
}

/** The lease of a place that is kept free for an entry. */
const leaseName = 'home'
const missing: Brought = { fate: 'missing', bytes: 0 }

/**
 * Brings entries that were found on a part of a store, and are not at home there, to where they are looked for, with their remaining
 * ttl. Nothing is stored over an entry, and one is removed only while it holds what was read: so writers lose nothing.
 *
 * @returns what became of each of them, or why that is not known.
 */
export async function bringHome(
  store: Store,
  part: StorePart,
  keys: readonly string[],
  options: BringHomeOptions,
): Promise<Answer<Brought>[]> {
  const fates = part.bring === undefined ? keys.map(() => missing) : await answersOf(part.bring(keys), keys.length)
  const left = keys.flatMap((_, i) => (isMissing(fates[i] as Answer<Brought>) ? [i] : []))
  if (left.length === 0) return fates
  const others = await new Strays(store, part.store, options).bring(left.map((i) => keys[i] as string))
  others.forEach((fate, i) => (fates[left[i] as number] = fate))
  return fates
}

const isMissing = (answer: Answer<Brought>): boolean => !ShaleError.is(answer) && answer.fate === 'missing'

/** An entry on its way. */
interface Stray {
  readonly key: string
  readonly token: string
  found: StoredValue | undefined
  fate: Answer<Brought> | undefined
}

/** Entries that are on some part of a store where no layout has them. */
class Strays {
  readonly #store: Store
  readonly #part: Store
  readonly #options: BringHomeOptions

  constructor(store: Store, part: Store, options: BringHomeOptions) {
    this.#store = store
    this.#part = part
    this.#options = options
  }

  async bring(keys: readonly string[]): Promise<Answer<Brought>[]> {
    const id = randomUUID()
    const strays = keys.map((key, i): Stray => ({ key, token: `${id}:${i}`, found: undefined, fate: undefined }))
    const { clock, timeout } = this.#options
    await this.#step(
      strays,
      (some) => this.#store.lease(some.map(({ key, token }) => ({ key, token, ttl: timeout, name: leaseName }))),
      (stray, leased) => {
        if (!leased) stray.fate = missing
      },
    )
    const asked = clock.now()
    await this.#step(
      strays,
      (some) => this.#part.getWithTtl(some.map(({ key }) => key)),
      (stray, found) => {
        if (found === undefined) stray.fate = missing
        else stray.found = found
      },
    )
    await this.#store
      .release(strays.flatMap(({ key, token, found }) => (found === undefined ? [{ key, token, name: leaseName }] : [])))
      .catch(() => {})
    const refused: Stray[] = []
    await this.#step(
      strays,
      (some) => this.#store.fill(some.map((stray) => ({ ...stray, ...leftOf(stray, clock.now() - asked), name: leaseName }))),
      (stray, filled) => void (filled || refused.push(stray)),
    )
    await this.#step(
      refused,
      (some) => this.#store.has(some.map(({ key }) => key)),
      // Whoever voided the lease may have removed the entry: then this one would bring it back.
      (stray, isThere) => void (isThere || (stray.fate = missing)),
    )
    await this.#step(
      refused,
      (some) => this.#areApart(some),
      // Two names of one server: the entry that was found is the one that is at home.
      (stray, areApart) => void (areApart || (stray.fate = missing)),
    )
    await this.#step(
      strays,
      (some) => this.#part.swap(some.map(({ key, found }) => ({ key, expected: (found as StoredValue).value, value: undefined }))),
      (stray) => (stray.fate = { fate: refused.includes(stray) ? 'dropped' : 'moved', bytes: stray.found?.value.byteLength ?? 0 }),
    )
    return strays.map(({ fate }) => fate as Answer<Brought>)
  }

  /**
   * Whether the place where an entry was found is another one than its home: then both leases of its key are to be had. No where somebody else
   * is at work on the key.
   */
  async #areApart(strays: readonly Stray[]): Promise<Answer<boolean>[]> {
    const { timeout } = this.#options
    const leasesOf = (place: string) => strays.map(({ key, token }) => ({ key, token: `${token}:${place}`, ttl: timeout, name: leaseName }))
    const [atHome, found] = [leasesOf('home'), leasesOf('found')]
    const here = await answersOf(this.#store.lease(atHome), strays.length)
    const there = await answersOf(this.#part.lease(found), strays.length)
    // Nobody has to wait for the ends of these: what they keep free is taken.
    void answersOf(this.#store.release(atHome), strays.length)
    void answersOf(this.#part.release(found), strays.length)
    return here.map((answer, i) => (answer === true ? (there[i] as Answer<boolean>) : answer))
  }

  /** Asks for those whose fate is open; an error is their fate. */
  async #step<T>(
    strays: readonly Stray[],
    ask: (some: readonly Stray[]) => Promise<Answer<T>[]>,
    take: (stray: Stray, answer: T) => void,
  ): Promise<void> {
    const some = strays.filter(({ fate }) => fate === undefined)
    if (some.length === 0) return
    for (const [i, answer] of (await answersOf(ask(some), some.length)).entries()) {
      const stray = some[i] as Stray
      if (!ShaleError.is(answer)) take(stray, answer)
      else stray.fate = answer.code === 'CODEC_CORRUPT' ? { fate: 'foreign', bytes: 0 } : answer
    }
  }
}

function leftOf({ found }: Stray, passed: number): StoredValue {
  const { value, ttl } = found as StoredValue
  return { value, ttl: ttl === null ? null : Math.max(1, ttl - passed) }
}
