import type { Archive } from './archive.ts'

/** An article that a search found. */
export interface SearchHit {
  readonly id: string
  readonly section: string
  readonly title: string
  readonly score: number
  /** The words around the first place that matched. */
  readonly excerpt: string
}

/** What a search found: how many articles, and the best ten of them. */
export interface SearchResult {
  readonly query: string
  readonly total: number
  readonly hits: readonly SearchHit[]
}

const shown = 10
const k1 = 1.2
const b = 0.75

/**
 * Reads every article for the words of a query, with no index to help, and ranks those that hold any of them by
 * Okapi BM25 (Robertson and Zaragoza, "The Probabilistic Relevance Framework", 2009).
 */
export function search(archive: Archive, query: string): SearchResult {
  const articles = [...archive.articles.values()]
  const meanWords = articles.reduce((sum, { words }) => sum + words, 0) / articles.length
  const scores = new Map<string, number>()
  const places = new Map<string, number>()
  for (const term of new Set(query.toLowerCase().match(/[\p{L}\p{N}]+/gu))) {
    const found = articles.map(({ text }) => Array.from(text.matchAll(new RegExp(`\\b${term}\\b`, 'g')), ({ index }) => index))
    const holding = found.filter((indexes) => indexes.length > 0).length
    const rarity = Math.log(1 + (articles.length - holding + 0.5) / (holding + 0.5))
    for (const [i, { id, words }] of articles.entries()) {
      const indexes = found[i] ?? []
      const [first] = indexes
      if (first === undefined) continue
      const weight = (indexes.length * (k1 + 1)) / (indexes.length + k1 * (1 - b + (b * words) / meanWords))
      scores.set(id, (scores.get(id) ?? 0) + rarity * weight)
      places.set(id, places.get(id) ?? first)
    }
  }
  const best = [...scores].sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1)).slice(0, shown)
  return {
    query,
    total: scores.size,
    hits: best.flatMap(([id, score]) => {
      const article = archive.articles.get(id)
      if (article === undefined) return []
      const { section, title, text } = article
      return [{ id, section, title, score: Math.round(score * 100) / 100, excerpt: excerpt(text, places.get(id) ?? 0) }]
    }),
  }
}

function excerpt(text: string, place: number): string {
  const from = text.lastIndexOf(' ', Math.max(0, place - 50)) + 1
  return text.slice(from, text.indexOf(' ', place + 70))
}
