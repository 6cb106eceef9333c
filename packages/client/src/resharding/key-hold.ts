import { randomUUID } from 'node:crypto'
import { ShaleError, type Answer, type Clock, type Random, type StoredValue } from '@shale/contracts'
import { answersOf, firstOf } from './answers-of.ts'
import type { Layouts } from './layouts.ts'

/** The lease, at each place of a key, that whoever moves or changes it has to hold. */
export const moveLease = 'move'

/** What the other layout holds for a key that is held: `'foreign'` is another Redis type. */
export type OtherPlace = 'unknown' | 'empty' | 'foreign'

/** A key that nobody else changes or moves, up to a moment. */
export interface KeyHold {
  readonly key: string
  readonly token: string
  /** By the clock; infinite for a key that has one place. */
  readonly until: number
  /** What was read at the other place since it is held, and when that was asked. */
  readonly peeked: { readonly answer: Answer<StoredValue | undefined>; readonly asked: number } | undefined
  other: OtherPlace
  /** What went wrong when the other place was emptied, once that is known. */
  emptied: Promise<ShaleError | undefined>
}

export interface KeyHoldsOptions {
  readonly layouts: Layouts
  /** Milliseconds that a call may take. */
  readonly timeout: number
  readonly clock: Clock
  readonly random: Random
}

const shortestPause = 1
const longestPause = 16
/** How much longer than a call a hold lasts, so that calls that come a little later are served, too. */
const spareMs = 250
/** How late a call may settle, and what remains of its hold then. */
const slackMs = 100

const nothing = Promise.resolve(undefined)

/**
 * Holds of keys by leases at both of their places. Processes of either deploy that change a key, move it or copy it hold the lease of each
 * place that they may write to; so of those that write anywhere one at a time is at work, and whoever copies is shut out meanwhile.
 */
export class KeyHolds {
  readonly #layouts: Layouts
  readonly #timeout: number
  readonly #clock: Clock
  readonly #random: Random
  readonly #id = randomUUID()
  #last = 0

  constructor({ layouts, timeout, clock, random }: KeyHoldsOptions) {
    this.#layouts = layouts
    this.#timeout = timeout
    this.#clock = clock
    this.#random = random
  }

  /** A token that nobody else has. */
  nextToken(): string {
    return `${this.#id}:${++this.#last}`
  }

  /** The hold of a key with one place, which needs no lease. */
  free(key: string): KeyHold {
    return { key, token: '', until: Infinity, peeked: undefined, other: 'empty', emptied: nothing }
  }

  /** Whether a call that began then is sure to settle while the key is held. */
  covers({ until }: KeyHold, since: number): boolean {
    return since + this.#timeout + slackMs <= until
  }

  /** Whether the key was held up to now. */
  isHeld({ until }: KeyHold): boolean {
    return this.#clock.now() <= until
  }

  /**
   * Holds some keys, all or none. Answers with the error of a server, or with `SERVER_TIMEOUT` if others hold one of them until `deadline`.
   *
   * @param peeks whether it is asked at once what the other place of each key holds.
   */
  async take(keys: readonly string[], peeks: boolean, deadline: number): Promise<KeyHold[] | ShaleError> {
    const apart = keys.filter((key) => !this.#layouts.isSame(key))
    if (apart.length === 0) return keys.map((key) => this.free(key))
    for (let pause = shortestPause; ; pause = Math.min(pause * 2, longestPause)) {
      const taken = await this.#try(apart, peeks)
      if (ShaleError.is(taken)) return taken
      if (taken !== undefined) return keys.map((key) => taken.find((hold) => hold.key === key) ?? this.free(key))
      if (this.#clock.now() >= deadline) return this.#busy(apart)
      await this.pause(pause)
    }
  }

  /** Waits for a moment, so that others have their turn. */
  pause(ms: number): Promise<void> {
    return new Promise((resolve) => void this.#clock.setTimeout(resolve, ms * (0.5 + this.#random()), true))
  }

  /** Ends holds. Nobody has to wait for that: what is asked later of the key comes later. */
  release(holds: readonly KeyHold[]): void {
    for (const { key, token, until } of holds) if (until !== Infinity) this.#release(key, token)
  }

  /** The holds; `undefined` if somebody else has one of the keys. */
  async #try(keys: readonly string[], peeks: boolean): Promise<KeyHold[] | ShaleError | undefined> {
    const { current, previous } = this.#layouts
    const asked = this.#clock.now()
    const ttl = this.#timeout + spareMs
    const tries = keys.map(async (key) => {
      const token = this.nextToken()
      const lease = [{ key, token, ttl, name: moveLease }]
      const [here, there, peeked] = await Promise.all([
        firstOf(current.lease(lease)),
        firstOf(previous.lease(lease)),
        peeks ? firstOf(previous.getWithTtl([key])) : undefined,
      ])
      const hold: KeyHold = {
        key,
        token,
        until: asked + ttl,
        peeked: peeks ? { answer: peeked, asked } : undefined,
        other: 'unknown',
        emptied: nothing,
      }
      return { hold, answers: [here, there] }
    })
    const taken = await Promise.all(tries)
    const answers = taken.flatMap((one) => one.answers)
    if (answers.every((answer) => answer === true)) return taken.map(({ hold }) => hold)
    this.release(taken.map(({ hold }) => hold))
    return answers.find((answer) => ShaleError.is(answer))
  }

  #release(key: string, token: string): void {
    const release = [{ key, token, name: moveLease }]
    void answersOf(this.#layouts.current.release(release), 1)
    void answersOf(this.#layouts.previous.release(release), 1)
  }

  #busy(keys: readonly string[]): ShaleError {
    return new ShaleError(
      'SERVER_TIMEOUT',
      `${this.#layouts.current.locate(keys[0] as string).server}: others were changing or moving ${JSON.stringify(keys[0])} for longer than ` +
        `${this.#timeout} ms; the operation was not carried out. Try again.`,
    )
  }
}
