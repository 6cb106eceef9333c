import { nameOfStore } from '@shale/client'
import { describe, ShaleError, type Store, type StorePart } from '@shale/contracts'
import { checkOptions, type CallOptions, type ClearOptions } from './call-options.ts'
import { isServerFailure, shardsFailed, storeFailed } from './failure.ts'
import { versionOnly } from './reads.ts'
import type { Scope } from './scope.ts'
import { SeenKeys } from './seen-keys.ts'

const clearOptions: readonly string[] = ['version', 'database']

/** The keys of one version that match a glob, each once. */
export function listKeys(scope: Scope, glob: string, options: CallOptions | undefined): AsyncIterable<string> {
  checkOptions(options, versionOnly, 'keys')
  const keyOf = scope.keyspace.matcher(glob, options?.version)
  return eachOnce(scope, scope.keyspace.pattern(glob, options?.version), keyOf)
}

/** Removes the keys of one version that match a glob, in bounded memory; gives how many there were. */
export async function deleteMatching(scope: Scope, glob: string, options: CallOptions | undefined): Promise<number> {
  checkOptions(options, versionOnly, 'deletePattern')
  const keyOf = scope.keyspace.matcher(glob, options?.version)
  return sweep('deletePattern', scope, scope.keyspace.pattern(glob, options?.version), (stored) => keyOf(stored) !== undefined)
}

/** Removes all keys of a keyspace, or of one version of it, with the bookkeeping that belongs to them; or everything. */
export async function clearKeys(scope: Scope, options: ClearOptions | undefined): Promise<void> {
  const { core, keyspace } = scope
  checkOptions(options, clearOptions, 'clear')
  const { database, version } = options ?? {}
  if (database !== undefined && typeof database !== 'boolean') {
    throw new ShaleError('CONFIG_INVALID', `clear: expected option 'database' to be true or false; found ${describe(database)}.`)
  }
  if (database === true && version !== undefined) {
    throw new ShaleError('CONFIG_INVALID', "clear: expected one of the options 'database' and 'version'; found both.")
  }
  if (database === true) {
    core.flights.voidWhere(() => true)
    await core.store.flush().catch((error: unknown) => core.demand<void>(storeFailed('clear', emptied(error), error, core.store)))
    return
  }
  await sweep('clear', scope, keyspace.pattern('*', version === undefined ? 'any' : version), (stored) => {
    const parsed = keyspace.parse(stored) ?? keyspace.parseBookkeeping(stored)
    return parsed !== undefined && (version === undefined || parsed.version === version)
  })
}

async function* eachOnce(
  { core }: Scope,
  pattern: string,
  keyOf: (stored: string) => string | undefined,
): AsyncGenerator<string, void, void> {
  const seen = new SeenKeys(Math.floor(core.random() * 2 ** 32))
  // Shards that fail take nothing away from the others: what is missing is said at the end.
  try {
    for await (const page of core.store.scan(pattern)) {
      for (const stored of page) {
        const key = keyOf(stored)
        if (key !== undefined && seen.add(stored)) yield key
      }
    }
  } catch (error) {
    core.demand(storeFailed('keys', seen.size, error, core.store))
  }
}

/** The shards that were emptied before others failed. */
function emptied(error: unknown): unknown {
  const { done = [] } = (ShaleError.is(error) ? (error.partial ?? {}) : {}) as { readonly done?: unknown }
  return done
}

/**
 * Removes what concerns it, shard by shard at the same time: one that fails does not stop the others. What is left of another layout on a
 * shard where nobody looks for it goes, too, and is not counted.
 */
async function sweep(operation: string, scope: Scope, pattern: string, concerns: (stored: string) => boolean): Promise<number> {
  const { core } = scope
  core.flights.voidWhere(concerns)
  const moved = core.moved()
  if (moved !== undefined) await moved
  const parts = sweptParts(core.store)
  const failures = new Map<string, ShaleError>()
  const counts = await Promise.all(parts.map((part) => new PartSweep(scope, part, failures).run(pattern, concerns)))
  const count = counts.reduce((sum, one) => sum + one, 0)
  return failures.size === 0 ? count : core.demand<number>(shardsFailed(operation, count, failures, (shard) => shard))
}

/** A store that is no division into shards, or between two of which entries are on their way, is gone through as a whole. */
function sweptParts(store: Store): readonly StorePart[] {
  const parts = store.parts?.() ?? []
  if (parts.length > 0 && parts.every(({ bring }) => bring === undefined)) return parts
  return [{ shard: nameOfStore(store), store, isHome: () => true }]
}

/** The removal of keys that are found on one shard. */
class PartSweep {
  readonly #scope: Scope
  readonly #part: StorePart
  readonly #failures: Map<string, ShaleError>
  #count = 0
  #isOver = false

  constructor(scope: Scope, part: StorePart, failures: Map<string, ShaleError>) {
    this.#scope = scope
    this.#part = part
    this.#failures = failures
  }

  /** Gives how many keys were removed; what failed is among the failures. */
  async run(pattern: string, concerns: (stored: string) => boolean): Promise<number> {
    const { shard, store } = this.#part
    let removal: Promise<void> = Promise.resolve()
    try {
      for await (const page of store.scan(pattern)) {
        // One page is removed while the next is fetched.
        await removal
        if (this.#isOver) break
        const keys = page.filter(concerns)
        if (keys.length > 0) {
          removal = this.#remove(keys)
          removal.catch(() => {})
        }
      }
      await removal
    } catch (error) {
      this.#fail(shard, ShaleError.from(error, 'SERVER_UNAVAILABLE'))
    }
    return this.#count
  }

  async #remove(keys: readonly string[]): Promise<void> {
    const { shard, store, isHome } = this.#part
    const { core } = this.#scope
    const tally = await this.#scope.remove(keys)
    this.#count += tally.count
    for (const [key, error] of tally.failed ?? []) this.#fail(core.store.locate(key).shard, error)
    const strays = keys.filter((key) => !isHome(key))
    if (strays.length === 0) return
    const left = (await store.delete(strays)).failed
    for (const error of left?.values() ?? []) this.#fail(shard, error)
  }

  #fail(shard: string, error: ShaleError): void {
    // Of another shard's failure its own sweep tells; there is no point in going on with this one's.
    this.#isOver ||= shard === this.#part.shard || !isServerFailure(error)
    if (!this.#failures.has(shard)) this.#failures.set(shard, error)
  }
}
