import {
  compileGlob,
  ShaleError,
  type Answer,
  type ScanPage,
  type Store,
  type StoredValue,
  type StoreEntry,
  type StoreFill,
  type StoreIncrement,
  type StoreLease,
  type StoreLocation,
  type StoreMove,
  type StoreRelease,
  type StoreSwap,
  type Tally,
} from '@shale/contracts'
import { hold, maxHeldBytes, release } from './bytes.ts'
import { EntryTable, type Entry } from './entry-table.ts'
import { addToText } from './integer.ts'
import { Leases } from './leases.ts'
import { resolveOptions, type MemoryLimits, type MemoryStoreOptions } from './options.ts'

/** What an entry counts for beside the bytes of its key and value: about what the runtime needs to keep it. */
export const entryOverheadBytes = 256

/** How many entries a write looks at in search of expired ones, and how many it does before it evicts a live one. */
const sweepPerWrite = 4
const sweepPerEviction = 64

/** How many entries one page of a scan goes through. */
const pageEntries = 1000

/**
 * The embedded store: a `Store` in the memory of this process, bounded, with the semantics of Redis. What was used
 * least recently leaves first. Every call takes effect before it returns. An entry that alone is beyond `maxBytes`
 * is answered with `VALUE_TOO_LARGE`; a `set` of one also removes what was under its key, since that is out of date.
 *
 * @throws ShaleError `CONFIG_INVALID` for an option that is unknown or not as `MemoryStoreOptions` has it.
 */
export function createMemoryStore(options: MemoryStoreOptions = {}): Store {
  return new MemoryStore(resolveOptions(options))
}

class MemoryStore implements Store {
  readonly #limits: MemoryLimits
  readonly #entries = new EntryTable()
  readonly #leases = new Leases()
  #closed = false

  constructor(limits: MemoryLimits) {
    this.#limits = limits
  }

  async get(keys: readonly string[]): Promise<Answer<Uint8Array | undefined>[]> {
    const now = this.#read()
    return keys.map((key) => {
      const entry = this.#find(key, now)
      if (entry === undefined) return undefined
      this.#entries.use(entry)
      return release(entry.value)
    })
  }

  async set(entries: readonly StoreEntry[]): Promise<Answer<true>[]> {
    const now = this.#write(entries.length)
    return entries.map(({ key, value, ttl }) => {
      const old = this.#entries.get(key)
      const answer = this.#put(old, key, value, expiry(now, ttl), now)
      if (answer !== true && old !== undefined) this.#entries.remove(old)
      return answer
    })
  }

  async add(entries: readonly StoreEntry[]): Promise<Answer<boolean>[]> {
    const now = this.#write(entries.length)
    return entries.map(({ key, value, ttl }) => {
      if (this.#find(key, now) !== undefined) return false
      return this.#put(undefined, key, value, expiry(now, ttl), now)
    })
  }

  async swap(swaps: readonly StoreSwap[]): Promise<Answer<boolean>[]> {
    const now = this.#write(swaps.length)
    return swaps.map(({ key, expected, value, ttl }) => {
      const entry = this.#find(key, now)
      if (entry === undefined || entry.value.length !== expected.length || entry.value !== hold(expected)) return false
      if (value !== undefined) return this.#put(entry, key, value, ttl === undefined ? entry.expiresAt : expiry(now, ttl), now)
      this.#entries.remove(entry)
      return true
    })
  }

  async delete(keys: readonly string[]): Promise<Tally> {
    const now = this.#write(keys.length)
    let count = 0
    for (const key of keys) {
      const entry = this.#find(key, now)
      if (entry === undefined) continue
      this.#entries.remove(entry)
      count++
    }
    return { count, failed: undefined }
  }

  async has(keys: readonly string[]): Promise<Answer<boolean>[]> {
    const now = this.#read()
    return keys.map((key) => this.#find(key, now) !== undefined)
  }

  async ttl(keys: readonly string[]): Promise<Answer<number | null | undefined>[]> {
    const now = this.#read()
    return keys.map((key) => {
      const entry = this.#find(key, now)
      if (entry === undefined) return undefined
      return entry.expiresAt === Infinity ? null : entry.expiresAt - now
    })
  }

  async touch(keys: readonly string[], ttl: number | null): Promise<Answer<boolean>[]> {
    const now = this.#write(keys.length)
    return keys.map((key) => {
      const entry = this.#find(key, now)
      if (entry === undefined) return false
      entry.expiresAt = expiry(now, ttl)
      this.#entries.use(entry)
      return true
    })
  }

  async incr(increments: readonly StoreIncrement[]): Promise<Answer<number>[]> {
    const now = this.#write(increments.length)
    return increments.map(({ key, by }) => {
      const entry = this.#find(key, now)
      if (entry === undefined)
        return new ShaleError('KEY_NOT_FOUND', 'incr: expected a key that is there; it is missing. Store an integer first.')
      const sum = addToText(entry.value, by)
      if (typeof sum !== 'number') return sum
      const answer = this.#put(entry, key, String(sum), entry.expiresAt, now)
      return answer === true ? sum : answer
    })
  }

  async move(moves: readonly StoreMove[]): Promise<Answer<boolean>[]> {
    const now = this.#write(moves.length)
    return moves.map(({ from, to }) => {
      const entry = this.#find(from, now)
      if (entry === undefined || from === to) return entry !== undefined
      const { value, expiresAt } = entry
      const tooLarge = this.#checkSize(to, value)
      if (tooLarge !== undefined) return tooLarge
      // First out, so that room for the new place is not made at the cost of another entry.
      this.#entries.remove(entry)
      return this.#put(this.#entries.get(to), to, value, expiresAt, now)
    })
  }

  async getWithTtl(keys: readonly string[]): Promise<Answer<StoredValue | undefined>[]> {
    const now = this.#read()
    return keys.map((key) => {
      const entry = this.#find(key, now)
      if (entry === undefined) return undefined
      this.#entries.use(entry)
      return storedValue(entry, now)
    })
  }

  async take(keys: readonly string[]): Promise<Answer<StoredValue | undefined>[]> {
    const now = this.#write(keys.length)
    return keys.map((key) => {
      const entry = this.#find(key, now)
      if (entry === undefined) return undefined
      this.#entries.remove(entry)
      return storedValue(entry, now)
    })
  }

  async lease(leases: readonly StoreLease[]): Promise<Answer<boolean>[]> {
    const now = this.#write(0)
    return leases.map(({ key, name, token, ttl }) => this.#leases.take(key, name, token, now + ttl, now))
  }

  async fill(entries: readonly StoreFill[]): Promise<Answer<boolean>[]> {
    const now = this.#write(entries.length)
    return entries.map(({ key, value, ttl, token, name }) => {
      if (!this.#leases.end(key, name, token, now) || this.#find(key, now) !== undefined) return false
      return this.#put(undefined, key, value, expiry(now, ttl), now)
    })
  }

  async release(leases: readonly (string | StoreRelease)[]): Promise<Answer<boolean>[]> {
    const now = this.#write(0)
    return leases.map((lease) => {
      const { key, name, token } = typeof lease === 'string' ? { key: lease } : lease
      return this.#leases.end(key, name, token, now)
    })
  }

  async *scan(pattern: string): AsyncGenerator<ScanPage, void, undefined> {
    this.#check()
    const matches = compileGlob(pattern)
    let slot = this.#entries.size
    while (slot > 0) {
      const now = this.#read()
      const page: string[] = []
      for (let left = pageEntries; left > 0 && slot > 0; left--) {
        slot = Math.min(slot, this.#entries.size) - 1
        const entry = this.#entries.at(slot)
        if (entry === undefined) break
        if (entry.expiresAt <= now) this.#entries.remove(entry)
        else if (matches(entry.key)) page.push(entry.key)
      }
      yield page
      // A long scan lets others have their turn, as one of a server would.
      if (slot > 0) await new Promise<void>((resolve) => setImmediate(resolve))
    }
  }

  async flush(): Promise<void> {
    this.#check()
    this.#entries.clear()
    this.#leases.clear()
  }

  locate(): StoreLocation {
    return { shard: 'memory', server: 'memory:' }
  }

  async connect(): Promise<void> {
    this.#check()
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#entries.clear()
    this.#leases.clear()
  }

  #check(): void {
    if (this.#closed) throw new ShaleError('CLOSED', 'store: expected an open one; it was closed. Make a new one, or close it later.')
  }

  /** Begins a call that reads: gives the time. */
  #read(): number {
    this.#check()
    const now = this.#limits.clock.now()
    this.#entries.sweep(now, 1)
    return now
  }

  /** Begins a call that writes some keys: gives the time, and pays for them by looking for expired entries. */
  #write(keys: number): number {
    this.#check()
    const now = this.#limits.clock.now()
    this.#entries.sweep(now, keys * sweepPerWrite)
    return now
  }

  #find(key: string, now: number): Entry | undefined {
    const entry = this.#entries.get(key)
    if (entry === undefined || entry.expiresAt > now) return entry
    this.#entries.remove(entry)
    return undefined
  }

  /** Stores a value under a key whose entry, if there is one, is `old`, and makes room for it. */
  #put(old: Entry | undefined, key: string, value: Uint8Array | string, expiresAt: number, now: number): true | ShaleError {
    const tooLarge = this.#checkSize(key, value)
    if (tooLarge !== undefined) return tooLarge
    const held = typeof value === 'string' ? value : hold(value)
    const bytes = entryBytes(key, held)
    const entries = this.#entries
    if (old === undefined) entries.add(key, held, expiresAt, bytes)
    else entries.replace(old, held, expiresAt, bytes)
    if (this.#isOver()) entries.sweep(now, sweepPerEviction)
    while (this.#isOver()) entries.removeLeastRecentlyUsed()
    return true
  }

  #isOver(): boolean {
    return this.#entries.bytes > this.#limits.maxBytes || this.#entries.size > this.#limits.maxEntries
  }

  #checkSize(key: string, value: Uint8Array | string): ShaleError | undefined {
    const bytes = entryBytes(key, value)
    if (bytes <= this.#limits.maxBytes && value.length <= maxHeldBytes) return undefined
    return new ShaleError(
      'VALUE_TOO_LARGE',
      `value: expected an entry of at most ${Math.min(this.#limits.maxBytes, maxHeldBytes)} bytes, as maxBytes of the embedded store has it; ` +
        `found one of ${bytes}, key and overhead included. Raise maxBytes, or store less under one key.`,
    )
  }
}

function storedValue({ value, expiresAt }: Entry, now: number): StoredValue {
  return { value: release(value), ttl: expiresAt === Infinity ? null : expiresAt - now }
}

function entryBytes(key: string, value: Uint8Array | string): number {
  return Buffer.byteLength(key) + value.length + entryOverheadBytes
}

function expiry(now: number, ttl: number | null): number {
  return ttl === null ? Infinity : now + ttl
}
