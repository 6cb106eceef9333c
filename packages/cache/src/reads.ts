import { describe, ShaleError, type Answer } from '@shale/contracts'
import type { CallOptions, GetOptions } from './call-options.ts'
import { answersOf, type CountedGroup } from './core.ts'
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
  if (stored.length === 0) return new Map()
  const { core } = scope
  const values = new Array<unknown>(asked.length)
  const errors = new Map<number, ShaleError>()
  const read = async ({ keys: some, counts, placeOf }: CountedGroup): Promise<void> => {
    const answers = await answersOf(core.store.get(some), some.length)
    for (let i = 0; i < answers.length; i++) {
      const place = placeOf(i)
      const answer = answers[i]
      values[place] = scope.read(asked[place] as string, some[i] as string, answer, counts)
      if (ShaleError.is(answer) && answer.code !== 'CODEC_CORRUPT') errors.set(place, answer)
    }
  }
  await Promise.all(core.groups(stored).map(read))
  const hits = new Map<string, unknown>()
  for (let i = 0; i < values.length; i++) if (values[i] !== undefined) hits.set(asked[i] as string, values[i])
  if (errors.size > 0) {
    const places = [...errors.keys()].sort((a, b) => a - b)
    const failed = places.map((place) => [stored[place] as string, errors.get(place) as ShaleError] as const)
    core.absorb(
      'getMany',
      places.map((place) => asked[place] as string),
      scope.failedOn('getMany', hits, failed),
    )
  }
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
