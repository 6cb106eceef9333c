import { describe, isRecord, ShaleError, type Duration, type StoreEntry } from '@shale/contracts'
import type { CallOptions, SetOptions } from './call-options.ts'
import { answersOf } from './core.ts'
import { toKeys, versionOnly } from './reads.ts'
import type { Scope } from './scope.ts'
import { resolveTtl } from './ttl.ts'

/** What `setMany` takes: a record, a `Map`, or any iterable of pairs. */
export type Entries = Readonly<Record<string, unknown>> | Iterable<readonly [key: string, value: unknown]>

const setOptions: readonly string[] = ['version', 'ttl', 'ttlJitter']

export async function writeOne(scope: Scope, key: string, value: unknown, options: SetOptions | undefined): Promise<boolean> {
  const stored = scope.stored(key, options, setOptions, 'set')
  const ttl = scope.ttl(options)
  const bytes = scope.encode(key, value)
  const { core } = scope
  if (ttl !== null && ttl <= 0) return unset(scope, key, stored)
  core.flights.void(stored)
  const [answer] = await answersOf(core.store.set([{ key: stored, value: bytes, ttl }]), 1)
  if (ShaleError.is(answer)) {
    core.absorb('set', [key], answer, stored)
    return false
  }
  core.stats.of(stored).set(bytes.byteLength)
  return true
}

export async function writeMany(scope: Scope, entries: Entries, options: SetOptions | undefined): Promise<string[]> {
  const pairs = toPairs(entries)
  const keys = pairs.map(([key]) => key)
  const stored = scope.storedAll(keys, options, setOptions, 'setMany')
  const ttl = scope.ttl(options)
  const batch = pairs.map(([key, value], i): StoreEntry => ({
    key: stored[i] as string,
    value: scope.encode(key, value),
    ttl: scope.ttl(options),
  }))
  const { core } = scope
  if (batch.length === 0) return []
  if (ttl !== null && ttl <= 0) return unsetMany(scope, keys, stored)
  for (const key of stored) core.flights.void(key)
  const failed = new Map<string, ShaleError>()
  const notStored = new Set<string>()
  let done = 0
  const answers = await answersOf(core.store.set(batch), batch.length)
  for (const [i, answer] of answers.entries()) {
    if (ShaleError.is(answer)) {
      failed.set(stored[i] as string, answer)
      notStored.add(keys[i] as string)
    } else {
      core.stats.of(stored[i] as string).set((batch[i] as StoreEntry).value.byteLength)
      done++
    }
  }
  return giveUp(scope, [...notStored], done, failed)
}

export async function addOne(scope: Scope, key: string, value: unknown, options: SetOptions | undefined): Promise<boolean> {
  const stored = scope.stored(key, options, setOptions, 'add')
  const ttl = scope.ttl(options)
  const bytes = scope.encode(key, value)
  const { store, flights, stats } = scope.core
  if (ttl !== null && ttl <= 0) return !(await scope.demand(stored, store.has([stored])))
  flights.void(stored)
  const added = await scope.demand(stored, store.add([{ key: stored, value: bytes, ttl }]))
  if (added) stats.of(stored).set(bytes.byteLength)
  return added
}

export async function removeOne(scope: Scope, key: string, options: CallOptions | undefined): Promise<boolean> {
  const stored = scope.stored(key, options, versionOnly, 'delete')
  const { count, failed } = await scope.remove([stored])
  return scope.core.demand(failed?.get(stored) ?? count > 0, stored)
}

export async function removeMany(scope: Scope, keys: Iterable<string>, options: CallOptions | undefined): Promise<number> {
  const asked = [...new Set(toKeys(keys, 'deleteMany'))]
  const stored = scope.storedAll(asked, options, versionOnly, 'deleteMany')
  if (stored.length === 0) return 0
  const { count, failed } = await scope.remove(stored)
  if (failed === undefined || failed.size === 0) return count
  return scope.core.demand<number>(scope.failedOn('deleteMany', count, failed))
}

export async function touchOne(
  scope: Scope,
  key: string,
  ttl: Duration | null | undefined,
  options: CallOptions | undefined,
  call = 'touch',
): Promise<boolean> {
  const stored = scope.stored(key, options, versionOnly, call)
  const ms = resolveTtl(ttl, undefined, scope.ttls, scope.core.random)
  if (ms !== null && ms <= 0) return removeOne(scope, key, options)
  return scope.demand(stored, scope.core.store.touch([stored], ms))
}

/** What storing with a ttl of zero or less comes to: `true` unless a server failed. */
async function unset(scope: Scope, key: string, stored: string): Promise<boolean> {
  const { failed } = await scope.remove([stored])
  const error = failed?.get(stored)
  if (error !== undefined) scope.core.absorb('set', [key], error, stored)
  return error === undefined
}

/** The same of many; gives the keys of which a server failed. */
async function unsetMany(scope: Scope, keys: readonly string[], stored: readonly string[]): Promise<string[]> {
  const { count, failed = new Map<string, ShaleError>() } = await scope.remove(stored)
  const failedKeys = keys.filter((_, i) => failed.has(stored[i] as string))
  return giveUp(scope, [...new Set(failedKeys)], count, failed)
}

/** Takes the failure of `setMany`, if there is one; gives the keys that were not stored. */
function giveUp(scope: Scope, keys: string[], done: number, failed: ReadonlyMap<string, ShaleError>): string[] {
  if (keys.length > 0) scope.core.absorb('setMany', keys, scope.failedOn('setMany', done, failed))
  return keys
}

function toPairs(entries: Entries): (readonly [string, unknown])[] {
  const pairs = listed(entries)
  if (pairs === undefined) {
    throw new ShaleError('VALUE_INVALID', `setMany: expected an object, a Map or pairs of key and value; found ${describe(entries)}.`)
  }
  return pairs.map((pair) => {
    if (Array.isArray(pair) && pair.length === 2) return pair as unknown as readonly [string, unknown]
    throw new ShaleError('VALUE_INVALID', `setMany: expected pairs of key and value; found ${describe(pair)} among them.`)
  })
}

function listed(entries: Entries): readonly unknown[] | undefined {
  try {
    if (typeof entries === 'object' && entries !== null && Symbol.iterator in entries) return [...(entries as Iterable<unknown>)]
    return isRecord(entries) ? Object.entries(entries) : undefined
  } catch (error) {
    throw new ShaleError('VALUE_INVALID', 'setMany: expected entries that can be read; reading them threw.', { cause: error })
  }
}
