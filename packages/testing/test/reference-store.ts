import {
  compileGlob,
  ShaleError,
  type Clock,
  type Store,
  type StoredValue,
  type StoreEntry,
  type StoreFill,
  type StoreIncrement,
  type StoreLease,
  type StoreMove,
  type StoreRelease,
  type StoreSwap,
} from '@shale/contracts'

export interface Held {
  value: Uint8Array
  expiresAt: number
}

/** A store as simple as can be, which the suites are tried on; what is broken in a test is overridden there. */
export class ReferenceStore implements Store {
  readonly entries = new Map<string, Held>()
  readonly leases = new Map<string, { token: string; expiresAt: number }>()
  readonly clock: Clock
  #closed = false

  constructor(clock: Clock) {
    this.clock = clock
  }

  find(key: string): Held | undefined {
    if (this.#closed) throw new ShaleError('CLOSED', 'closed')
    const held = this.entries.get(key)
    if (held !== undefined && held.expiresAt <= this.clock.now()) this.entries.delete(key)
    return this.entries.get(key)
  }

  put(key: string, value: Uint8Array, ttl: number | null): true {
    this.find(key)
    this.entries.set(key, { value: Uint8Array.from(value), expiresAt: this.end(ttl) })
    return true
  }

  end(ttl: number | null): number {
    return ttl === null ? Infinity : this.clock.now() + ttl
  }

  async get(keys: readonly string[]): Promise<(Uint8Array | undefined)[]> {
    return keys.map((key) => this.find(key)?.value.slice())
  }

  async set(entries: readonly StoreEntry[]): Promise<true[]> {
    return entries.map(({ key, value, ttl }) => this.put(key, value, ttl))
  }

  async add(entries: readonly StoreEntry[]): Promise<boolean[]> {
    return entries.map(({ key, value, ttl }) => this.find(key) === undefined && this.put(key, value, ttl))
  }

  async swap(swaps: readonly StoreSwap[]): Promise<boolean[]> {
    return swaps.map(({ key, expected, value, ttl }) => {
      const held = this.find(key)
      if (held === undefined || Buffer.compare(held.value, expected) !== 0) return false
      if (value === undefined) return this.entries.delete(key)
      held.value = Uint8Array.from(value)
      if (ttl !== undefined) held.expiresAt = this.end(ttl)
      return true
    })
  }

  async delete(keys: readonly string[]): Promise<{ count: number; failed: undefined }> {
    return { count: keys.filter((key) => this.find(key) !== undefined && this.entries.delete(key)).length, failed: undefined }
  }

  async has(keys: readonly string[]): Promise<boolean[]> {
    return keys.map((key) => this.find(key) !== undefined)
  }

  async ttl(keys: readonly string[]): Promise<(number | null | undefined)[]> {
    return keys.map((key) => {
      const held = this.find(key)
      return held && (held.expiresAt === Infinity ? null : held.expiresAt - this.clock.now())
    })
  }

  async touch(keys: readonly string[], ttl: number | null): Promise<boolean[]> {
    return keys.map((key) => {
      const held = this.find(key)
      if (held !== undefined) held.expiresAt = this.end(ttl)
      return held !== undefined
    })
  }

  async incr(increments: readonly StoreIncrement[]): Promise<(number | ShaleError)[]> {
    return increments.map(({ key, by }) => this.increment(key, by))
  }

  increment(key: string, by: number): number | ShaleError {
    const held = this.find(key)
    if (held === undefined) return new ShaleError('KEY_NOT_FOUND', 'missing')
    const text = Buffer.from(held.value).toString('latin1')
    if (!/^(0|-?[1-9]\d*)$/.test(text)) return new ShaleError('VALUE_NOT_INTEGER', 'no integer')
    const sum = Number(BigInt(text) + BigInt(by))
    if (!Number.isSafeInteger(sum)) return new ShaleError('VALUE_OUT_OF_RANGE', 'too large')
    held.value = new TextEncoder().encode(String(sum))
    return sum
  }

  async move(moves: readonly StoreMove[]): Promise<boolean[]> {
    return moves.map(({ from, to }) => {
      const held = this.find(from)
      if (held === undefined) return false
      this.entries.delete(from)
      this.entries.set(to, held)
      return true
    })
  }

  async getWithTtl(keys: readonly string[]): Promise<(StoredValue | undefined)[]> {
    return keys.map((key) => this.value(key))
  }

  async take(keys: readonly string[]): Promise<(StoredValue | undefined)[]> {
    return keys.map((key) => {
      const value = this.value(key)
      this.entries.delete(key)
      return value
    })
  }

  value(key: string): StoredValue | undefined {
    const held = this.find(key)
    return held && { value: held.value.slice(), ttl: held.expiresAt === Infinity ? null : held.expiresAt - this.clock.now() }
  }

  async lease(leases: readonly StoreLease[]): Promise<boolean[]> {
    this.find('')
    return leases.map(({ key, token, ttl, name = '' }) => {
      const free = this.holder(`${name}:${key}`) === undefined
      if (free) this.leases.set(`${name}:${key}`, { token, expiresAt: this.end(ttl) })
      return free
    })
  }

  async fill(entries: readonly StoreFill[]): Promise<boolean[]> {
    return entries.map(({ key, value, ttl, token, name = '' }) => {
      const holds = this.holder(`${name}:${key}`) === token
      if (holds) this.leases.delete(`${name}:${key}`)
      return holds && this.find(key) === undefined && this.put(key, value, ttl)
    })
  }

  async release(leases: readonly (string | StoreRelease)[]): Promise<boolean[]> {
    return leases.map((lease) => {
      const { key, token, name = '' }: StoreRelease = typeof lease === 'string' ? { key: lease } : lease
      const holder = this.holder(`${name}:${key}`)
      return holder !== undefined && (token === undefined || token === holder) && this.leases.delete(`${name}:${key}`)
    })
  }

  holder(place: string): string | undefined {
    this.find('')
    const held = this.leases.get(place)
    if (held !== undefined && held.expiresAt <= this.clock.now()) this.leases.delete(place)
    return this.leases.get(place)?.token
  }

  async *scan(pattern: string): AsyncGenerator<string[]> {
    const matches = compileGlob(pattern)
    this.find('')
    const keys = [...this.entries.keys()].filter((key) => matches(key) && this.find(key) !== undefined)
    for (let at = 0; at < keys.length; at += 1000) yield keys.slice(at, at + 1000)
  }

  async flush(): Promise<void> {
    this.find('')
    this.entries.clear()
    this.leases.clear()
  }

  locate(): { shard: string; server: string } {
    return { shard: 'reference', server: 'reference' }
  }

  async connect(): Promise<void> {
    this.find('')
  }

  async close(): Promise<void> {
    this.#closed = true
  }
}
