import { ShaleError, type Cache } from '@shale/cache'
import { keys, type Newsroom } from '../newsroom.ts'
import { timed } from './timing.ts'

/** What `deletePattern('search:*')` did. */
export interface Forgetting {
  readonly searchesBefore: number
  readonly removed: number
  readonly searchesAfter: number
  readonly othersBefore: number
  readonly othersAfter: number
  readonly ms: number
}

/** Forgets every search, and nothing else. */
export async function forgetSearches(cache: Cache): Promise<Forgetting> {
  const [searchesBefore, allBefore] = [await count(cache, 'search:*'), await count(cache, '*')]
  const { ms, result: removed } = await timed(() => cache.deletePattern('search:*'))
  const [searchesAfter, allAfter] = [await count(cache, 'search:*'), await count(cache, '*')]
  return { searchesBefore, removed, searchesAfter, othersBefore: allBefore - searchesBefore, othersAfter: allAfter - searchesAfter, ms }
}

/** What `incrVersion` did; a ttl is in milliseconds. */
export interface VersionStep {
  readonly key: string
  readonly from: number
  readonly to: number
  readonly ttlBefore: number
  readonly ttlAfter: number
  readonly foundAtOld: boolean
  readonly foundAtNew: boolean
  /** The code of the error that the same call gives again: the entry is not there any more. */
  readonly again: string
}

/** Moves one article to the next version. */
export async function stepVersion(cache: Cache, newsroom: Newsroom): Promise<VersionStep> {
  const id = newsroom.frontIds[0] ?? ''
  const key = keys.article(id)
  await newsroom.article(id)
  const from = 1
  const ttlBefore = (await cache.ttl(key)) ?? 0
  const to = await cache.incrVersion(key)
  const again = await cache.incrVersion(key).then(String, (error: unknown) => (ShaleError.is(error) ? error.code : String(error)))
  return {
    key,
    from,
    to,
    ttlBefore,
    ttlAfter: (await cache.ttl(key, { version: to })) ?? 0,
    foundAtOld: await cache.has(key, { version: from }),
    foundAtNew: await cache.has(key, { version: to }),
    again,
  }
}

/** What `clear({ version })` did: the entries of each version. */
export interface VersionClearing {
  readonly cleared: number
  readonly kept: number
  readonly before: readonly [cleared: number, kept: number]
  readonly after: readonly [cleared: number, kept: number]
  readonly ms: number
}

/** Prepares the next version of the front page beside the current one, then lets all of the old version go. */
export async function clearVersion(cache: Cache, newsroom: Newsroom): Promise<VersionClearing> {
  const [cleared, kept] = [1, 2]
  const { value } = await newsroom.front()
  await cache.setMany(
    value.map((article) => [keys.article(article.id), article] as const),
    { ttl: '10m', version: kept },
  )
  const both = async (): Promise<[number, number]> => [await count(cache, '*', cleared), await count(cache, '*', kept)]
  const before = await both()
  const { ms } = await timed(() => cache.clear({ version: cleared }))
  return { cleared, kept, before, after: await both(), ms }
}

async function count(cache: Cache, glob: string, version = 1): Promise<number> {
  let keys = 0
  for await (const _ of cache.keys(glob, { version })) keys++
  return keys
}
