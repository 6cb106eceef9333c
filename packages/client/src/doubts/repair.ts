import type { Clock, Random, Store, TimerHandle } from '@shale/contracts'
import type { DoubtfulKeys } from './doubtful-keys.ts'
import type { WritesUnderWay } from './writes-under-way.ts'

export interface RepairOptions {
  readonly store: Store
  readonly doubts: DoubtfulKeys
  readonly underWay: WritesUnderWay
  /** A Redis glob for the keys of regions all of whose keys are in doubt; `undefined` where there is none. */
  readonly pattern: string | undefined
  /** Whether one part of the store may fail while another one answers. */
  readonly hasRegions: boolean
  readonly clock: Clock
  readonly random: Random
  /** Told when no key is in doubt any more: how many were removed; `undefined` is all of the cache, in some region. */
  readonly repaired: (keys: number | undefined) => void
}

/** The keys of one call. */
const keysPerCall = 1000
const callsAtOnce = 4
const shortestPauseMs = 250
const longestPauseMs = 500
/** After a try that failed the answers of other calls lead to no other one for this long. */
const restMs = 100

/**
 * Removes what is in doubt, as soon as the store lets it. One call goes ahead, and the others follow when it was answered: a server that
 * hangs gets no more than that one, and one that refuses costs no more than the refusal. What the store tells and what it answers leads to a
 * try at once, and otherwise a timer does.
 */
export class Repair {
  readonly #options: RepairOptions
  #timer: TimerHandle | undefined
  #isRunning = false
  #isWanted = false
  #isClosed = false
  #restsUntil = -Infinity
  #removed = 0
  #isCleared = false

  constructor(options: RepairOptions) {
    this.#options = options
  }

  /** A key is in doubt: tries soon. */
  arm(): void {
    if (this.#timer !== undefined || this.#isRunning || this.#isClosed) return
    const { clock, random } = this.#options
    const pause = shortestPauseMs + random() * (longestPauseMs - shortestPauseMs)
    this.#timer = clock.setTimeout(() => {
      this.#timer = undefined
      this.begin()
    }, pause)
  }

  /** The store may have come back: tries at once, and once more if a try that is under way fails. */
  begin(): void {
    if (this.#isClosed) return
    this.#isWanted = true
    if (this.#isRunning) return
    if (this.#options.doubts.isEmpty) return this.#end()
    this.#options.clock.clearTimeout(this.#timer)
    this.#timer = undefined
    this.#isRunning = true
    void this.#run()
  }

  /** The store has answered a call. */
  answered(): void {
    if (this.#isRunning) return
    // The distance in either direction: the clock may be put back.
    const rest = this.#restsUntil - this.#options.clock.now()
    if (rest <= 0 || rest > restMs) this.begin()
  }

  close(): void {
    this.#isClosed = true
    this.#options.clock.clearTimeout(this.#timer)
  }

  async #run(): Promise<void> {
    const { doubts, clock } = this.#options
    let isDone: boolean
    let before: number
    do {
      this.#isWanted = false
      before = this.#removed
      isDone = (await this.#removeKeys()) && (await this.#clear())
    } while (!this.#isClosed && !doubts.isEmpty && (this.#isWanted || (isDone && (this.#removed > before || doubts.hasRegions))))
    if (!isDone) this.#restsUntil = clock.now() + restMs
    this.#isRunning = false
    if (doubts.isEmpty) this.#end()
    else this.arm()
  }

  #end(): void {
    if (this.#removed > 0 || this.#isCleared) this.#options.repaired(this.#isCleared ? undefined : this.#removed)
    this.#removed = 0
    this.#isCleared = false
  }

  /** Removes the keys that are remembered one by one; answers whether none failed. */
  async #removeKeys(): Promise<boolean> {
    const { doubts, underWay, hasRegions } = this.#options
    const keys = doubts.keys()
    const failing = new Set<number>()
    const take = (): string[] => {
      const some: string[] = []
      if (this.#isClosed || (failing.size > 0 && !hasRegions)) return some
      while (some.length < keysPerCall) {
        const { done, value: key } = keys.next()
        if (done === true) break
        // A write that is under way ends the doubt or renews it; removing the key now would undo it.
        if (!underWay.has(key) && !(failing.size > 0 && failing.has(doubts.regionOf(key)))) some.push(key)
      }
      return some
    }
    const removeNext = async (): Promise<boolean> => {
      const some = take()
      if (some.length === 0) return false
      for (const key of await this.#remove(some)) failing.add(doubts.regionOf(key))
      return true
    }
    const removeRest = async (): Promise<void> => {
      while (await removeNext());
    }
    if (await removeNext()) await Promise.all(Array.from({ length: callsAtOnce }, removeRest))
    return failing.size === 0 && !this.#isClosed
  }

  /** Removes keys and ends the doubts about them; gives those that could not be removed. */
  async #remove(keys: readonly string[]): Promise<Iterable<string>> {
    const { store, doubts, underWay } = this.#options
    const start = underWay.next()
    try {
      const { failed } = await store.delete(keys)
      for (const key of keys) {
        if (failed?.has(key) !== true && doubts.end(key, start)) this.#removed++
      }
      return failed?.keys() ?? []
    } catch {
      return keys
    }
  }

  /** Removes all keys of the regions all of whose keys are in doubt; answers whether that went well. */
  async #clear(): Promise<boolean> {
    const { store, doubts, underWay, pattern } = this.#options
    if (!doubts.hasRegions) return true
    if (pattern === undefined) return false
    const start = underWay.next()
    let removal: Promise<boolean> = Promise.resolve(true)
    doubts.beginClearing()
    try {
      for await (const page of store.scan(pattern)) {
        // One page is removed while the next is fetched.
        if (!(await removal) || this.#isClosed) break
        const keys = page.filter((key) => doubts.mustBeCleared(key))
        if (keys.length > 0) removal = this.#removeAll(keys)
      }
      const isCleared = (await removal) && !this.#isClosed
      doubts.endClearing(isCleared ? start : undefined)
      this.#isCleared ||= isCleared
      return isCleared
    } catch {
      doubts.endClearing()
      return false
    }
  }

  async #removeAll(keys: readonly string[]): Promise<boolean> {
    try {
      const { failed } = await this.#options.store.delete(keys)
      return failed === undefined || failed.size === 0
    } catch {
      return false
    }
  }
}
