import { randomUUID } from 'node:crypto'
import { ShaleError, type Clock } from '@shale/contracts'
import { firstOf } from './answers-of.ts'
import { moveLease } from './key-hold.ts'
import type { KeyLines } from './key-lines.ts'
import type { Layouts } from './layouts.ts'

export interface KeyCopiesOptions {
  readonly layouts: Layouts
  readonly lines: KeyLines
  /** Milliseconds that a call may take. */
  readonly timeout: number
  readonly clock: Clock
}

/** The copies under way at most: what is not copied now is when it is read again. */
const mostCopies = 1000

/**
 * Copies of entries that were read at the other place of their key: to the current one, with the remaining ttl, behind the reader's
 * back. They are stored under the lease that shuts out whoever changes the key, and only if it is still held at that very moment.
 */
export class KeyCopies {
  readonly #options: KeyCopiesOptions
  readonly #id = randomUUID()
  readonly #underWay = new Set<string>()
  #last = 0

  constructor(options: KeyCopiesOptions) {
    this.#options = options
  }

  /** Begins to copy the entry of a key, unless that is being done. Later changes of this process on the key wait for it. */
  copy(key: string): void {
    if (this.#underWay.has(key) || this.#underWay.size >= mostCopies) return
    this.#underWay.add(key)
    this.#options.lines.shareOn(key)
    void this.#copy(key).then(() => {
      this.#underWay.delete(key)
      this.#options.lines.unshare(key)
    })
  }

  async #copy(key: string): Promise<void> {
    const { layouts, timeout, clock } = this.#options
    const { current, previous } = layouts
    const token = `${this.#id}:${++this.#last}`
    const leased = await firstOf(current.lease([{ key, token, ttl: Math.max(1, Math.ceil(timeout / 2)), name: moveLease }]))
    if (leased === false) return
    const asked = clock.now()
    const found = leased === true ? await firstOf(previous.getWithTtl([key])) : undefined
    if (found !== undefined && !ShaleError.is(found)) {
      const ttl = found.ttl === null ? null : found.ttl - (clock.now() - asked)
      if (ttl === null || ttl > 0) return void (await firstOf(current.fill([{ key, value: found.value, ttl, token, name: moveLease }])))
    }
    await firstOf(current.release([{ key, token, name: moveLease }]))
  }
}
