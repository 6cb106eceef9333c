import { describe, ShaleError } from '@shale/contracts'
import type { CallOptions } from './call-options.ts'
import { answersOf } from './core.ts'
import { versionOnly } from './reads.ts'
import type { Scope } from './scope.ts'

export async function increment(scope: Scope, key: string, by: number, options: CallOptions | undefined, call = 'incr'): Promise<number> {
  const stored = scope.stored(key, options, versionOnly, call)
  if (!Number.isSafeInteger(by)) {
    throw new ShaleError('VALUE_INVALID', `${call}: expected to add a safe integer to '${key}'; found ${describe(by)}.`)
  }
  const { core } = scope
  core.flights.void(stored)
  const [answer] = await answersOf(core.store.incr([{ key: stored, by }]), 1)
  if (!core.encrypts || !ShaleError.is(answer) || answer.code !== 'VALUE_NOT_INTEGER') return core.demand(answer, stored)
  const message = `incr: '${key}' is encrypted, and a server cannot add to what it cannot read. Keep counters in a cache without the option 'encryption'.`
  return core.demand<number>(new ShaleError('VALUE_NOT_INTEGER', message, { cause: answer }), stored)
}

export async function moveVersion(
  scope: Scope,
  key: string,
  by: number,
  options: CallOptions | undefined,
  call = 'incrVersion',
): Promise<number> {
  const from = scope.stored(key, options, versionOnly, call)
  const version = options?.version ?? scope.keyspace.version
  if (!Number.isSafeInteger(by) || !Number.isSafeInteger(version + by)) {
    throw new ShaleError('VALUE_INVALID', `${call}: expected to add a safe integer to version ${version}; found ${describe(by)}.`)
  }
  const to = scope.keyspace.format(key, version + by)
  const { core } = scope
  core.flights.void(from)
  core.flights.void(to)
  const moved = core.store.move([{ from, to }])
  if (core.store.locate(from).shard !== core.store.locate(to).shard) core.moving(moved)
  if (await scope.demand(from, moved)) return version + by
  const message = `${call}: expected '${key}' to be in the cache at version ${version}; it is not.`
  return core.demand<number>(new ShaleError('KEY_NOT_FOUND', message), from)
}
