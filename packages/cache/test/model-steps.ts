import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { expect } from 'vitest'
import { ShaleError, type Cache } from '@shale/cache'
import type { Model } from './model.ts'

const key = fc.constantFrom('a', 'b', 'c', 'user:1', 'user:2', 'é', '日本', 'x*y', '[z]')
const version = fc.constantFrom(undefined, 2, 3)
const value = fc.oneof(
  fc.integer({ min: -5, max: 5 }),
  fc.constantFrom(null, '42', -0, Number.NaN, 2 ** 53 - 1, -(2 ** 53 - 1), 2 ** 53 - 2, 10n ** 30n, 1.5, '', true),
  fc.date({ noInvalidDate: true }),
  fc.object({ maxDepth: 2, maxKeys: 4 }),
  fc.uint8Array({ maxLength: 40 }),
  fc.array(fc.string(), { maxLength: 5 }),
)
const ttl = fc.constantFrom<number | null | undefined>(undefined, null, 0, -1, 1_000_000, 2_000_000)
const glob = fc.constantFrom('*', 'user:*', '?', 'x\\*y', '[a-b]', '\\[z]', 'é', 'nothing', '??')
const by = fc.oneof(fc.integer({ min: -3, max: 3 }), fc.constantFrom(2 ** 53 - 1, -(2 ** 53 - 1)))

/** Any operation of a cache, on keys and versions of which there are few. */
export const operation = fc.oneof(
  fc.record({ op: fc.constant('get' as const), key, version }),
  fc.record({ op: fc.constant('getMany' as const), keys: fc.array(key, { maxLength: 6 }), version }),
  fc.record({ op: fc.constant('set' as const), key, value, ttl, version }),
  fc.record({ op: fc.constant('setMany' as const), entries: fc.array(fc.tuple(key, value), { maxLength: 5 }), ttl, version }),
  fc.record({ op: fc.constant('add' as const), key, value, ttl, version }),
  fc.record({ op: fc.constant('getOrSet' as const), key, value, ttl, version }),
  fc.record({ op: fc.constant('has' as const), key, version }),
  fc.record({ op: fc.constant('ttl' as const), key, version }),
  fc.record({ op: fc.constant('delete' as const), key, version }),
  fc.record({ op: fc.constant('deleteMany' as const), keys: fc.array(key, { maxLength: 4 }), version }),
  fc.record({ op: fc.constant('touch' as const), key, ttl, version }),
  fc.record({ op: fc.constant('persist' as const), key, version }),
  fc.record({ op: fc.constant('incr' as const), key, by, version }),
  fc.record({ op: fc.constant('decr' as const), key, by, version }),
  fc.record({ op: fc.constant('incrVersion' as const), key, by: fc.integer({ min: -2, max: 2 }), version }),
  fc.record({ op: fc.constant('deletePattern' as const), glob, version }),
  fc.record({ op: fc.constant('clear' as const), version }),
  fc.record({ op: fc.constant('keys' as const), glob, version }),
)
export type Operation = typeof operation extends fc.Arbitrary<infer T> ? T : never

/** The ttl where a call states none, in milliseconds. */
export const defaultTtl = 3_000_000

/** The keys that a glob of the list above means, spelled out. */
const meaning: Readonly<Record<string, (key: string) => boolean>> = {
  '*': () => true,
  'user:*': (k) => k.startsWith('user:'),
  '?': (k) => Buffer.byteLength(k) === 1,
  'x\\*y': (k) => k === 'x*y',
  '[a-b]': (k) => k === 'a' || k === 'b',
  '\\[z]': (k) => k === '[z]',
  é: (k) => k === 'é',
  nothing: () => false,
  '??': (k) => Buffer.byteLength(k) === 2,
}

export const same = (found: unknown, expected: unknown): void => {
  if (!isDeepStrictEqual(found, expected)) expect(found).toStrictEqual(expected)
}

async function outcome(run: () => Promise<unknown>): Promise<unknown> {
  try {
    return await run()
  } catch (error) {
    if (ShaleError.is(error)) return error.code
    throw error
  }
}

export async function list(keys: AsyncIterable<string>): Promise<string[]> {
  const found: string[] = []
  for await (const k of keys) found.push(k)
  return found.sort()
}

function modelIncr(model: Model, k: string, v: number, n: number): number | string {
  const old = model.get(k, v)
  if (!model.has(k, v)) return 'KEY_NOT_FOUND'
  if (!Number.isSafeInteger(old) || Object.is(old, -0)) return 'VALUE_NOT_INTEGER'
  const sum = BigInt(old as number) + BigInt(n)
  if (!Number.isSafeInteger(Number(sum))) return 'VALUE_OUT_OF_RANGE'
  model.entries.set(model.at(k, v), { value: Number(sum), ttl: model.ttl(k, v) as number | null })
  return Number(sum)
}

/** Does an operation to both, and compares. */
export async function step(cache: Cache, model: Model, o: Operation): Promise<void> {
  const v = o.version ?? 1
  const options = o.version === undefined ? {} : { version: o.version }
  const life = (t: number | null | undefined): number | null => (t === undefined ? defaultTtl : t)
  const withTtl = (t: number | null | undefined): object => (t === undefined ? options : { ...options, ttl: t })
  switch (o.op) {
    case 'get':
      return same(await cache.get(o.key, options), model.get(o.key, v))
    case 'getMany':
      return same(
        [...(await cache.getMany(o.keys, options))],
        [...new Set(o.keys)].filter((k) => model.has(k, v)).map((k) => [k, model.get(k, v)]),
      )
    case 'set':
      same(await cache.set(o.key, o.value, withTtl(o.ttl)), true)
      return model.set(o.key, v, o.value, life(o.ttl))
    case 'setMany':
      same(await cache.setMany(o.entries, withTtl(o.ttl)), [])
      return o.entries.forEach(([k, x]) => model.set(k, v, x, life(o.ttl)))
    case 'add': {
      const absent = !model.has(o.key, v)
      same(await cache.add(o.key, o.value, withTtl(o.ttl)), absent)
      const t = life(o.ttl)
      return absent && (t === null || t > 0) ? model.set(o.key, v, o.value, t) : undefined
    }
    case 'getOrSet': {
      const expected = model.has(o.key, v) ? model.get(o.key, v) : o.value
      same(await cache.getOrSet(o.key, () => o.value, withTtl(o.ttl)), expected)
      return model.has(o.key, v) ? undefined : model.set(o.key, v, o.value, life(o.ttl))
    }
    case 'has':
      return same(await cache.has(o.key, options), model.has(o.key, v))
    case 'ttl': {
      const left = await cache.ttl(o.key, options)
      const expected = model.ttl(o.key, v)
      if (typeof expected !== 'number') return same(left, expected)
      expect(left).toBeGreaterThan(expected - 60_000)
      return expect(left).toBeLessThanOrEqual(expected)
    }
    case 'delete':
      return same(await cache.delete(o.key, options), model.delete(o.key, v))
    case 'deleteMany':
      return same(await cache.deleteMany(o.keys, options), o.keys.filter((k) => model.delete(k, v)).length)
    case 'touch':
    case 'persist': {
      const t = o.op === 'persist' ? null : life(o.ttl)
      const there = model.has(o.key, v)
      same(await (o.op === 'persist' ? cache.persist(o.key, options) : cache.touch(o.key, o.ttl, options)), there)
      return there ? model.set(o.key, v, model.get(o.key, v), t) : undefined
    }
    case 'incr':
      return same(await outcome(() => cache.incr(o.key, o.by, options)), modelIncr(model, o.key, v, o.by))
    case 'decr':
      return same(await outcome(() => cache.decr(o.key, o.by, options)), modelIncr(model, o.key, v, -o.by))
    case 'incrVersion': {
      const entry = model.entries.get(model.at(o.key, v))
      same(await outcome(() => cache.incrVersion(o.key, o.by, options)), entry === undefined ? 'KEY_NOT_FOUND' : v + o.by)
      if (entry === undefined) return
      model.delete(o.key, v)
      model.entries.set(model.at(o.key, v + o.by), entry)
      return
    }
    case 'deletePattern': {
      const gone = model.keys(v).filter(meaning[o.glob] as (k: string) => boolean)
      same(await cache.deletePattern(o.glob, options), gone.length)
      return gone.forEach((k) => model.delete(k, v))
    }
    case 'clear':
      await cache.clear(options)
      return o.version === undefined ? model.entries.clear() : model.keys(v).forEach((k) => model.delete(k, v))
    case 'keys':
      return same(
        await list(cache.keys(o.glob, options)),
        model
          .keys(v)
          .filter(meaning[o.glob] as (k: string) => boolean)
          .sort(),
      )
  }
}
