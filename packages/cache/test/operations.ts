import type { Cache } from '@shale/cache'

/** An operation, called on the keys `a` and `b`, and what `errors: 'degrade'` answers in a server's place. */
export interface Operation {
  readonly name: string
  readonly call: (cache: Cache) => Promise<unknown>
  /** Whether it is about several keys, so that its failure is `SHARDS_FAILED`. */
  readonly many: boolean
}

export interface SafeOperation extends Operation {
  readonly answer: unknown
  readonly keys: readonly string[]
}

/** Those that have a safe answer. */
export const safeOperations: readonly SafeOperation[] = [
  { name: 'get', many: false, keys: ['a'], call: (cache) => cache.get('a'), answer: undefined },
  { name: 'get', many: false, keys: ['a'], call: (cache) => cache.get('a', { default: 7 }), answer: 7 },
  { name: 'getMany', many: true, keys: ['a', 'b'], call: (cache) => cache.getMany(['a', 'b']), answer: new Map() },
  { name: 'has', many: false, keys: ['a'], call: (cache) => cache.has('a'), answer: false },
  { name: 'ttl', many: false, keys: ['a'], call: (cache) => cache.ttl('a'), answer: undefined },
  {
    name: 'getOrSet',
    many: false,
    keys: ['a'],
    call: (cache) => cache.getOrSet('a', async () => ({ made: true })),
    answer: { made: true },
  },
  { name: 'set', many: false, keys: ['a'], call: (cache) => cache.set('a', 'x'), answer: false },
  { name: 'set', many: false, keys: ['a'], call: (cache) => cache.set('a', 'x', { ttl: 0 }), answer: false },
  { name: 'setMany', many: true, keys: ['a', 'b'], call: (cache) => cache.setMany({ a: 1, b: 'two' }), answer: ['a', 'b'] },
  { name: 'setMany', many: true, keys: ['a', 'b'], call: (cache) => cache.setMany({ a: 1, b: 'two' }, { ttl: -1 }), answer: ['a', 'b'] },
]

/** Those whose effect the caller relies on. */
export const strictOperations: readonly Operation[] = [
  { name: 'add', many: false, call: (cache) => cache.add('a', 'x') },
  { name: 'add with a ttl of zero', many: false, call: (cache) => cache.add('a', 'x', { ttl: 0 }) },
  { name: 'delete', many: false, call: (cache) => cache.delete('a') },
  { name: 'deleteMany', many: true, call: (cache) => cache.deleteMany(['a', 'b']) },
  { name: 'touch', many: false, call: (cache) => cache.touch('a', '1m') },
  { name: 'touch with a ttl of zero', many: false, call: (cache) => cache.touch('a', 0) },
  { name: 'persist', many: false, call: (cache) => cache.persist('a') },
  { name: 'incr', many: false, call: (cache) => cache.incr('a') },
  { name: 'decr', many: false, call: (cache) => cache.decr('a') },
  { name: 'incrVersion', many: false, call: (cache) => cache.incrVersion('a') },
  { name: 'decrVersion', many: false, call: (cache) => cache.decrVersion('a') },
  { name: 'inspect', many: false, call: (cache) => cache.inspect('a') },
  { name: 'lock', many: false, call: (cache) => cache.lock('a') },
  { name: 'clear({ database: true })', many: true, call: (cache) => cache.clear({ database: true }) },
  { name: 'keys', many: true, call: (cache) => listed(cache.keys()) },
  { name: 'deletePattern', many: true, call: (cache) => cache.deletePattern('*') },
  { name: 'clear', many: true, call: (cache) => cache.clear() },
  { name: 'clear({ version })', many: true, call: (cache) => cache.clear({ version: 1 }) },
  { name: 'reinsertKeys', many: true, call: (cache) => cache.reinsertKeys() },
]

export const allOperations: readonly Operation[] = [...safeOperations, ...strictOperations]

export async function listed(keys: AsyncIterable<string>): Promise<string[]> {
  const found: string[] = []
  for await (const key of keys) found.push(key)
  return found
}
