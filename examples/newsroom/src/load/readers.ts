import type { Summary } from '../database.ts'
import { seededRandom, shuffled, zipf } from './random.ts'

/** The kinds of page that readers ask for. */
export type PageKind = 'article' | 'search' | 'front' | 'section'

/** One request of a reader. */
export interface Visit {
  readonly kind: PageKind
  readonly path: string
}

/** Of a hundred requests, how many ask for each kind of page. */
export const visits: Readonly<Record<PageKind, number>> = { article: 60, search: 25, front: 10, section: 5 }

/** An endless row of requests; what is popular depends on the seed, who asks when on the seed and the reader. */
export function reader(summary: Pick<Summary, 'articleIds' | 'sections' | 'popularNames'>, seed: number, number: number): () => Visit {
  const taste = seededRandom(seed)
  const random = seededRandom(seed + 1 + number)
  const article = zipf(shuffled(summary.articleIds, taste), random)
  const name = zipf(shuffled(summary.popularNames, taste), random)
  const section = zipf(summary.sections, random)
  const paths: Record<PageKind, () => string> = {
    article: () => `/articles/${article()}`,
    search: () => `/search?q=${encodeURIComponent(name())}`,
    front: () => '/front',
    section: () => `/sections/${section()}`,
  }
  const kinds = Object.entries(visits).flatMap(([kind, share]) => Array.from({ length: share }, () => kind as PageKind))
  return () => {
    const kind = kinds[Math.floor(random() * kinds.length)] ?? 'article'
    return { kind, path: paths[kind]() }
  }
}
