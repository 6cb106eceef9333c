import type { Cache } from '@shale/cache'
import { keys, type Newsroom } from '../newsroom.ts'
import { compare } from './timing.ts'

/** What `getMany` did; times are in milliseconds. */
export interface FrontPage {
  readonly articles: number
  readonly found: number
  readonly getManyMs: number
  readonly oneByOneMs: number
}

/** Reads the articles of the front page by one `getMany`, and by one `get` after the other. */
export async function readFrontPage(cache: Cache, newsroom: Newsroom): Promise<FrontPage> {
  await newsroom.front()
  const wanted = newsroom.frontIds.map(keys.article)
  const found = await cache.getMany(wanted)
  const [getManyMs, oneByOneMs] = await compare(
    25,
    () => cache.getMany(wanted),
    async () => {
      for (const key of wanted) await cache.get(key)
    },
  )
  return { articles: wanted.length, found: found.size, getManyMs, oneByOneMs }
}
