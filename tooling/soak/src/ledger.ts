import type { LedgerLine, Wrong } from './messages.ts'

/** A value of the soak: it says which key it is of, and which write of it. */
export interface Value {
  readonly key: string
  readonly counter: number
}

interface Own {
  floor: number
  last: number
  /** When its last write was tried, in milliseconds of the machine. */
  triedAt: number
  mayBeLost: boolean
}

interface Seen {
  counter: number
  at: number
}

/** How long before a failover an acknowledged write may be lost by it: replication is asynchronous. */
const replicationMs = 2000
/** How long another process may read what was replaced: a replica's lag and a sampling interval, or the second after a shard's return. */
const othersMs = 2500

/** What one worker knows of the keys, and what is wrong with what it reads. */
export class Ledger {
  readonly wrong: Wrong[] = []
  lostByFailover = 0
  olderOfOthers = 0
  readonly #own = new Map<string, Own>()
  readonly #seen = new Map<string, Seen>()
  readonly #faults = new Map<string, { active: boolean; endedAt: number; lossyAt: number }>()

  /** A write of one of our own keys is about to be tried; gives its counter. */
  writing(key: string): number {
    const own = this.#of(key)
    own.last++
    own.floor = own.last
    own.triedAt = Date.now()
    own.mayBeLost = false
    return own.last
  }

  /** A delete of one of our own keys is about to be tried. */
  deleting(key: string): void {
    const own = this.#of(key)
    own.floor = own.last + 1
    own.triedAt = Date.now()
    own.mayBeLost = false
  }

  /** One of our own keys was read, after all that we wrote. */
  readOwn(key: string, value: unknown, shard: string): void {
    const found = this.#sound(key, value)
    if (found === undefined) return
    const own = this.#of(key)
    if (found.counter > own.last) return this.#fail('a value that nobody wrote', key, { found, own })
    if (found.counter >= own.floor) return
    const { lossyAt = -Infinity } = this.#faults.get(shard) ?? {}
    if (lossyAt < own.triedAt - replicationMs && !own.mayBeLost) return this.#fail('an older value than our own write', key, { found, own })
    this.lostByFailover++
    own.mayBeLost = true
  }

  /** A key of another worker was read. */
  readOther(key: string, value: unknown, shard: string): void {
    const found = this.#sound(key, value)
    if (found === undefined) return
    const now = Date.now()
    const seen = this.#seen.get(key)
    if (seen === undefined || found.counter > seen.counter) return void this.#seen.set(key, { counter: found.counter, at: now })
    if (found.counter === seen.counter) return
    const faults = this.#faults.get(shard)
    const excused = faults !== undefined && (faults.active || now - faults.endedAt < othersMs || faults.lossyAt > seen.at - replicationMs)
    if (!excused && now - seen.at > othersMs) return this.#fail("an older value of another's", key, { found, seen, ago: now - seen.at })
    this.olderOfOthers++
    seen.counter = found.counter
    seen.at = now
  }

  fault(shard: string, on: boolean, lossy: boolean): void {
    const faults = this.#faults.get(shard) ?? { active: false, endedAt: 0, lossyAt: -Infinity }
    this.#faults.set(shard, faults)
    faults.active = on
    if (!on) faults.endedAt = Date.now()
    if (lossy) faults.lossyAt = Date.now()
  }

  /** Whether a write of ours may have been lost when its shard failed over. */
  lines(shardOf: (key: string) => string): LedgerLine[] {
    return [...this.#own].map(([key, { floor, last, triedAt, mayBeLost }]) => {
      const { lossyAt = -Infinity } = this.#faults.get(shardOf(key)) ?? {}
      return { key, floor, last, mayBeLost: mayBeLost || lossyAt > triedAt - replicationMs }
    })
  }

  /** What was read when nothing was at fault any more: nothing but the last write will do. */
  verify({ key, floor, last, mayBeLost }: LedgerLine, value: unknown): void {
    const found = this.#sound(key, value)
    if (found === undefined || (found.counter >= floor && found.counter <= last)) return
    if (mayBeLost && found.counter <= last) this.lostByFailover++
    else this.#fail('after all faults: not the last value', key, { found, floor, last })
  }

  failed(what: string, key: string, details: unknown): void {
    this.#fail(what, key, details)
  }

  #sound(key: string, value: unknown): Value | undefined {
    if (value === undefined) return undefined
    const found = value as Value
    if (found.key === key && Number.isSafeInteger(found.counter)) return found
    this.#fail("another key's value", key, { value })
    return undefined
  }

  #of(key: string): Own {
    const own = this.#own.get(key) ?? { floor: 0, last: 0, triedAt: 0, mayBeLost: false }
    this.#own.set(key, own)
    return own
  }

  #fail(what: string, key: string, details: unknown): void {
    if (this.wrong.length < 100) this.wrong.push({ what, key, details: { ...(details as object), at: Date.now() } })
  }
}
