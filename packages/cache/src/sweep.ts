import { describe, ShaleError } from '@shale/contracts'
import type { CallOptions, ClearOptions } from './call-options.ts'
import { shardsFailed } from './failure.ts'
import { versionOnly } from './reads.ts'
import type { Scope } from './scope.ts'
import { SeenKeys } from './seen-keys.ts'

const clearOptions: readonly string[] = ['version', 'database']

/** The keys of one version that match a glob, each once. */
export function listKeys(scope: Scope, glob: string, options: CallOptions | undefined): AsyncIterable<string> {
  scope.check(options, versionOnly, 'keys')
  const keyOf = scope.keyspace.matcher(glob, options?.version)
  return eachOnce(scope, scope.keyspace.pattern(glob, options?.version), keyOf)
}

/** Removes the keys of one version that match a glob, in bounded memory; gives how many there were. */
export async function deleteMatching(scope: Scope, glob: string, options: CallOptions | undefined): Promise<number> {
  scope.check(options, versionOnly, 'deletePattern')
  const keyOf = scope.keyspace.matcher(glob, options?.version)
  return sweep('deletePattern', scope, scope.keyspace.pattern(glob, options?.version), (stored) => keyOf(stored) !== undefined)
}

/** Removes all keys of a keyspace, or of one version of it, with the bookkeeping that belongs to them; or everything. */
export async function clearKeys(scope: Scope, options: ClearOptions | undefined): Promise<void> {
  const { core, keyspace } = scope
  scope.check(options, clearOptions, 'clear')
  const { database, version } = options ?? {}
  if (database !== undefined && typeof database !== 'boolean') {
    throw new ShaleError('CONFIG_INVALID', `clear: expected option 'database' to be true or false; found ${describe(database)}.`)
  }
  if (database === true && version !== undefined) {
    throw new ShaleError('CONFIG_INVALID', "clear: expected one of the options 'database' and 'version'; found both.")
  }
  if (database === true) {
    core.flights.voidWhere(() => true)
    await core.store.flush().catch((error: unknown) => core.demand<void>(ShaleError.from(error, 'SERVER_UNAVAILABLE')))
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
  try {
    for await (const page of core.store.scan(pattern)) {
      for (const stored of page) {
        const key = keyOf(stored)
        if (key !== undefined && seen.add(stored)) yield key
      }
    }
  } catch (error) {
    core.demand(ShaleError.from(error, 'SERVER_UNAVAILABLE'))
  }
}

async function sweep(operation: string, { core }: Scope, pattern: string, concerns: (stored: string) => boolean): Promise<number> {
  core.flights.voidWhere(concerns)
  const failed = new Map<string, ShaleError>()
  let count = 0
  let removal: Promise<void> = Promise.resolve()
  const remove = async (keys: string[]): Promise<void> => {
    const tally = await core.store.delete(keys)
    count += tally.count
    core.stats.deletes += tally.count
    for (const [key, error] of tally.failed ?? []) if (failed.size < 1000) failed.set(key, error)
  }
  try {
    for await (const page of core.store.scan(pattern)) {
      // One page is removed while the next is fetched.
      await removal
      if (failed.size > 0) break
      const keys = page.filter(concerns)
      if (keys.length > 0) {
        removal = remove(keys)
        removal.catch(() => {})
      }
    }
    await removal
  } catch (error) {
    failed.set('', ShaleError.from(error, 'SERVER_UNAVAILABLE'))
  }
  if (failed.size === 0) return count
  const error = shardsFailed(operation, count, failed, (key) => core.store.locate(key).shard)
  core.stats.error(error.code)
  throw error
}
