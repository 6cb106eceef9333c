import type { Cache, CacheStats, GetOrSetOptions } from '@shale/cache'
import type { Article } from './archive/article.ts'
import type { SearchResult } from './archive/search.ts'
import type { Section } from './archive/section.ts'
import type { Database } from './database.ts'

/** Where an answer came from: the cache, the database for want of it in the cache, or the database for want of a cache. */
export type CacheState = 'hit' | 'miss' | 'off'

/** An answer, and where it came from. */
export interface Answered<T> {
  readonly value: T
  readonly cache: CacheState
}

/** The keys under which answers are cached. */
export const keys = {
  article: (id: string): string => `article:${id}`,
  search: (query: string): string => `search:${query}`,
  section: (name: string): string => `section:${name}`,
}

const articleTtl = '10m'

/** The newsroom's questions to its archive, answered from the cache where there is one. */
export class Newsroom {
  readonly #database: Database
  readonly #cache: Cache | undefined

  constructor(database: Database, cache?: Cache) {
    this.#database = database
    this.#cache = cache
  }

  /** An article; `null` if there is none, which is remembered too, but not for as long. */
  article(id: string): Promise<Answered<Article | null>> {
    return this.#remember(keys.article(id), () => this.#database.ask('article', id), { ttl: articleTtl, negativeTtl: '30s' })
  }

  /** The ten best articles for a query. */
  search(query: string): Promise<Answered<SearchResult>> {
    const words = query.toLowerCase().trim().replace(/\s+/g, ' ')
    return this.#remember(keys.search(words), () => this.#database.ask('search', words), { ttl: '1m' })
  }

  /** What a section writes about; `null` if there is no such section. */
  section(name: string): Promise<Answered<Section | null>> {
    return this.#remember(keys.section(name), () => this.#database.ask('section', name), { ttl: '5m', negativeTtl: '30s' })
  }

  /** The ids of the twenty articles on the front page. */
  get frontIds(): readonly string[] {
    return this.#database.summary.articleIds.slice(0, 20)
  }

  /** The twenty articles of the front page: one call for all that the cache has, one for all that it lacked. */
  async front(): Promise<Answered<Article[]>> {
    const ids = this.frontIds
    const found = (await this.#cache?.getMany<Article>(ids.map(keys.article))) ?? new Map<string, Article>()
    const missing = ids.filter((id) => !found.has(keys.article(id)))
    const loaded = await Promise.all(missing.map((id) => this.#database.ask('article', id)))
    const fresh = new Map(loaded.flatMap((article) => (article === null ? [] : [[keys.article(article.id), article]])))
    if (fresh.size > 0) await this.#cache?.setMany(fresh, { ttl: articleTtl })
    const value = ids.flatMap((id) => found.get(keys.article(id)) ?? fresh.get(keys.article(id)) ?? [])
    return { value, cache: this.#cache === undefined ? 'off' : missing.length > 0 ? 'miss' : 'hit' }
  }

  /** Forgets one article; gives how many entries that was. */
  async forgetArticle(id: string): Promise<number> {
    return (await this.#cache?.delete(keys.article(id))) === true ? 1 : 0
  }

  /** Forgets every search; gives how many there were. */
  async forgetSearches(): Promise<number> {
    return (await this.#cache?.deletePattern('search:*')) ?? 0
  }

  /** Forgets everything. */
  async forgetAll(): Promise<void> {
    await this.#cache?.clear()
  }

  stats(): CacheStats | undefined {
    return this.#cache?.stats()
  }

  async #remember<T>(key: string, load: () => Promise<T>, options: GetOrSetOptions): Promise<Answered<T>> {
    if (this.#cache === undefined) return { value: await load(), cache: 'off' }
    let cache: CacheState = 'hit'
    const value = await this.#cache.getOrSet(
      key,
      () => {
        cache = 'miss'
        return load()
      },
      options,
    )
    return { value, cache }
  }
}
