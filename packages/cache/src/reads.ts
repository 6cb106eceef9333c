import { describe, ShaleError, type Answer } from '@shale/contracts'
import type { CallOptions, GetOptions } from './call-options.ts'
import { answersOf } from './core.ts'
import type { Scope } from './scope.ts'

export const versionOnly: readonly string[] = ['version']
const getOptions: readonly string[] = ['version', 'default']

export async function readOne(scope: Scope, key: string, options: GetOptions<unknown> | undefined): Promise<unknown> {
  const stored = scope.stored(key, options, getOptions, 'get')
  let answer: Answer<Uint8Array | undefined>
  try {
    answer = (await scope.core.store.get([stored]))[0]
  } catch (error) {
    answer = ShaleError.from(error, 'SERVER_UNAVAILABLE')
  }
  const value = scope.read(key, stored, answer)
  if (value !== undefined) return value
  if (ShaleError.is(answer) && answer.code !== 'CODEC_CORRUPT') scope.core.absorb('get', [key], answer, stored)
  return options?.default
}

export async function readMany(scope: Scope, keys: Iterable<string>, options: CallOptions | undefined): Promise<Map<string, unknown>> {
  const asked = [...new Set(toKeys(keys, 'getMany'))]
  const stored = scope.storedAll(asked, options, versionOnly, 'getMany')
  const hits = new Map<string, unknown>()
  if (stored.length === 0) return hits
  const failed: string[] = []
  const errors: [stored: string, error: ShaleError][] = []
  const answers = await answersOf(scope.core.store.get(stored), stored.length)
  for (let i = 0; i < answers.length; i++) {
    const key = asked[i] as string
    const answer = answers[i]
    const value = scope.read(key, stored[i] as string, answer)
    if (value !== undefined) hits.set(key, value)
    else if (ShaleError.is(answer) && answer.code !== 'CODEC_CORRUPT') {
      failed.push(key)
      errors.push([stored[i] as string, answer])
    }
  }
  if (failed.length > 0) scope.core.absorb('getMany', failed, scope.failedOn('getMany', hits, errors))
  return hits
}

export async function readHas(scope: Scope, key: string, options: CallOptions | undefined): Promise<boolean> {
  const stored = scope.stored(key, options, versionOnly, 'has')
  const [answer] = await answersOf(scope.core.store.has([stored]), 1)
  if (!ShaleError.is(answer)) return answer === true
  scope.core.absorb('has', [key], answer, stored)
  return false
}

export async function readTtl(scope: Scope, key: string, options: CallOptions | undefined): Promise<number | null | undefined> {
  const stored = scope.stored(key, options, versionOnly, 'ttl')
  const [answer] = await answersOf(scope.core.store.ttl([stored]), 1)
  if (!ShaleError.is(answer)) return answer
  scope.core.absorb('ttl', [key], answer, stored)
  return undefined
}

/** The keys of a batch, as an array. */
export function toKeys(keys: Iterable<string>, call: string): string[] {
  if (typeof keys === 'object' && keys !== null && Symbol.iterator in keys) {
    try {
      return [...keys]
    } catch (error) {
      throw new ShaleError('KEY_INVALID', `${call}: expected keys that can be listed; their iterator threw.`, { cause: error })
    }
  }
  throw new ShaleError('KEY_INVALID', `${call}: expected an array, or another iterable, of keys; found ${describe(keys)}.`)
}
