import { describe, ShaleError, type Answer, type Tally } from '@shale/contracts'
import type { Keyspace } from '@shale/keys'
import { checkOptions, type CallOptions, type SetOptions } from './call-options.ts'
import { answersOf, type Core, type CountedGroup } from './core.ts'
import { shardsFailed } from './failure.ts'
import type { Counts } from './stats.ts'
import { resolveTtl, type TtlPolicy } from './ttl.ts'

/** One keyspace over a core, with how long its entries live: where an operation works. */
export class Scope {
  readonly core: Core
  readonly keyspace: Keyspace
  readonly ttls: TtlPolicy

  constructor(core: Core, keyspace: Keyspace, ttls: TtlPolicy) {
    this.core = core
    this.keyspace = keyspace
    this.ttls = ttls
  }

  /** The stored key of a call, checked. */
  stored(key: string, options: CallOptions | undefined, known: readonly string[], call: string): string {
    if (options === undefined) return this.keyspace.format(key)
    checkOptions(options, known, call)
    return this.keyspace.format(key, options.version)
  }

  /** The stored keys of a call, checked, in order. */
  storedAll(keys: readonly string[], options: CallOptions | undefined, known: readonly string[], call: string): string[] {
    checkOptions(options, known, call)
    const version = options?.version
    return keys.map((key) => this.keyspace.format(key, version))
  }

  /** How long an entry lives, in milliseconds; `null` for ever; zero or less not at all. */
  ttl(options: SetOptions | undefined): number | null {
    return resolveTtl(options?.ttl, options?.ttlJitter, this.ttls, this.core.random)
  }

  /** What an encrypted entry is bound to. */
  context(key: string): { readonly prefix: string; readonly key: string } | undefined {
    return this.core.encrypts ? { prefix: this.keyspace.prefix, key } : undefined
  }

  /** @throws ShaleError `VALUE_INVALID` or `VALUE_TOO_LARGE`, naming the key. */
  encode(key: string, value: unknown): Uint8Array {
    try {
      return this.core.serializer.encode(value, this.context(key))
    } catch (error) {
      const { code, message } = ShaleError.from(error, 'VALUE_INVALID')
      throw new ShaleError(code, `${describe(key)}: ${message}`, { cause: error })
    }
  }

  /** What a read was answered, counted: the value, or `undefined` for a miss. A failed server's answer is left to the caller. */
  read(key: string, stored: string, answer: Answer<Uint8Array | undefined>, counts: Counts = this.core.stats.of(stored)): unknown {
    const { core } = this
    if (answer instanceof Uint8Array) {
      try {
        const value = core.serializer.decode(answer, this.context(key))
        if (value === undefined) throw new ShaleError('CODEC_CORRUPT', 'The codec decoded the entry to undefined, which no entry holds.')
        counts.hit(answer.byteLength)
        return value
      } catch (error) {
        core.unreadable(key, stored, ShaleError.from(error, 'CODEC_CORRUPT'))
      }
    } else if (answer !== undefined && answer.code === 'CODEC_CORRUPT') core.unreadable(key, stored, answer)
    counts.miss()
    return undefined
  }

  /** The one answer of a call about a stored key whose effect the caller relies on; its error is thrown. */
  async demand<T>(stored: string, asked: Promise<Answer<T>[]>): Promise<T> {
    return this.core.demand((await answersOf(asked, 1))[0], stored)
  }

  /** Removes stored keys, counted, and voids what is being loaded under them. */
  async remove(stored: readonly string[]): Promise<Tally> {
    const { core } = this
    for (const key of stored) core.flights.void(key)
    if (stored.length === 0) return { count: 0, failed: undefined }
    const groups = core.groups(stored)
    if (groups.length === 1) return this.#removeGroup(groups[0] as CountedGroup)
    const tallies = await Promise.all(groups.map((group) => this.#removeGroup(group)))
    const failed = new Map(tallies.flatMap((tally) => [...(tally.failed ?? [])]))
    return { count: tallies.reduce((sum, { count }) => sum + count, 0), failed: failed.size === 0 ? undefined : failed }
  }

  /** The error of a call over many keys, by stored keys. */
  failedOn(operation: string, done: unknown, failed: Iterable<readonly [stored: string, error: ShaleError]>): ShaleError {
    return shardsFailed(operation, done, failed, (stored) => this.core.store.locate(stored).shard)
  }

  /** Removes the keys of one shard. */
  async #removeGroup({ keys, counts }: CountedGroup): Promise<Tally> {
    try {
      const tally = await this.core.store.delete(keys)
      if (tally.count > 0) counts.deleted(tally.count)
      return tally
    } catch (error) {
      const failure = ShaleError.from(error, 'SERVER_UNAVAILABLE')
      return { count: 0, failed: new Map(keys.map((key) => [key, failure])) }
    }
  }
}
