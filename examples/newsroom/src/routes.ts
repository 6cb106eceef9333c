import type { CacheState, Newsroom } from './newsroom.ts'
import { page } from './page.ts'

/** What a route answers. */
export interface Answer {
  readonly status: number
  readonly body: unknown
  /** For `x-cache`; absent where the cache was not asked. */
  readonly cache?: CacheState
}

/** What a route is asked: the parts of the path that its pattern captures, and the query string. */
export interface Asked {
  readonly newsroom: Newsroom
  readonly part: string
  readonly query: URLSearchParams
}

/** One route of the service. */
export interface Route {
  readonly method: 'GET' | 'DELETE'
  readonly path: RegExp
  /** How people write it, and what it does. */
  readonly usage: string
  readonly about: string
  answer(asked: Asked): Answer | Promise<Answer>
}

const longestQuery = 200

/** Every route of the service. */
export const routes: readonly Route[] = [
  {
    method: 'GET',
    path: /^\/$/,
    usage: '/',
    about: 'this page',
    answer: () => ({ status: 200, body: page(routes) }),
  },
  {
    method: 'GET',
    path: /^\/front$/,
    usage: '/front',
    about: 'the front page: twenty articles by one getMany',
    async answer({ newsroom }) {
      const { value, cache } = await newsroom.front()
      const cards = value.map(({ id, section, title, source, words, paragraphs }) => ({
        id,
        section,
        title,
        source,
        words,
        opening: paragraphs[0],
      }))
      return { status: 200, body: cards, cache }
    },
  },
  {
    method: 'GET',
    path: /^\/articles\/([\w-]{1,40})$/,
    usage: '/articles/ca01',
    about: 'an article, whom it names, and what is related to it',
    async answer({ newsroom, part }) {
      return found(await newsroom.article(part), `There is no article '${part}'.`)
    },
  },
  {
    method: 'GET',
    path: /^\/search$/,
    usage: '/search?q=congo',
    about: 'the best ten articles of a full-text search',
    async answer({ newsroom, query }) {
      const words = query.get('q')?.trim() ?? ''
      if (words === '' || words.length > longestQuery)
        return failed(400, `Expected ?q= to be 1 to ${longestQuery} characters of what to search for.`)
      const { value, cache } = await newsroom.search(words)
      return { status: 200, body: value, cache }
    },
  },
  {
    method: 'GET',
    path: /^\/sections\/([\w-]{1,40})$/,
    usage: '/sections/news',
    about: 'what a section writes about: its typical words and names',
    async answer({ newsroom, part }) {
      return found(await newsroom.section(part), `There is no section '${part}'.`)
    },
  },
  {
    method: 'GET',
    path: /^\/stats$/,
    usage: '/stats',
    about: 'what the cache counted',
    answer: ({ newsroom }) => ({ status: 200, body: newsroom.stats() ?? {} }),
  },
  {
    method: 'DELETE',
    path: /^\/articles\/([\w-]{1,40})$/,
    usage: '/articles/ca01',
    about: 'forgets an article: delete',
    async answer({ newsroom, part }) {
      return { status: 200, body: { forgotten: await newsroom.forgetArticle(part) } }
    },
  },
  {
    method: 'DELETE',
    path: /^\/search$/,
    usage: '/search',
    about: "forgets every search: deletePattern('search:*')",
    async answer({ newsroom }) {
      return { status: 200, body: { forgotten: await newsroom.forgetSearches() } }
    },
  },
  {
    method: 'DELETE',
    path: /^\/cache$/,
    usage: '/cache',
    about: 'forgets everything: clear',
    async answer({ newsroom }) {
      await newsroom.forgetAll()
      return { status: 200, body: { forgotten: 'everything' } }
    },
  },
]

/** An answer that says what went wrong. */
export function failed(status: number, error: string): Answer {
  return { status, body: { error } }
}

function found({ value, cache }: { value: unknown; cache: CacheState }, otherwise: string): Answer {
  return value === null ? { ...failed(404, otherwise), cache } : { status: 200, body: value, cache }
}
