import type { Archive } from './archive.ts'

/** What a section writes about. */
export interface Section {
  readonly section: string
  readonly articles: number
  readonly words: number
  /** The words that set it apart from the rest of the archive, most telling first. */
  readonly typicalWords: readonly { readonly word: string; readonly times: number; readonly score: number }[]
  readonly names: readonly { readonly name: string; readonly times: number }[]
}

/**
 * Counts every longer word of the archive and finds those that a section uses more than the rest does, by the log-likelihood
 * ratio (Dunning, "Accurate Methods for the Statistics of Surprise and Coincidence", 1993); `undefined` if there is no such section.
 */
export function describeSection(archive: Archive, section: string): Section | undefined {
  if (!archive.sections.includes(section)) return undefined
  const here = new Map<string, number>()
  const elsewhere = new Map<string, number>()
  const names = new Map<string, number>()
  let articles = 0
  let words = 0
  for (const article of archive.articles.values()) {
    const inside = article.section === section
    const counts = inside ? here : elsewhere
    for (const word of article.text.match(/[a-z]{5,}/g) ?? []) counts.set(word, (counts.get(word) ?? 0) + 1)
    if (!inside) continue
    articles++
    words += article.words
    for (const [name, times] of article.names) names.set(name, (names.get(name) ?? 0) + times)
  }
  const wordsHere = sum(here)
  const wordsElsewhere = sum(elsewhere)
  const typicalWords = Array.from(here, ([word, times]) => {
    const others = elsewhere.get(word) ?? 0
    const expected = (wordsHere * (times + others)) / (wordsHere + wordsElsewhere)
    const score = times <= expected ? 0 : 2 * (times * Math.log(times / expected) + term(others, times + others - expected))
    return { word, times, score: Math.round(score) }
  })
  return {
    section,
    articles,
    words,
    typicalWords: typicalWords.sort((x, y) => y.score - x.score).slice(0, 12),
    names: [...names]
      .sort(([, x], [, y]) => y - x)
      .slice(0, 12)
      .map(([name, times]) => ({ name, times })),
  }
}

function term(observed: number, expected: number): number {
  return observed === 0 ? 0 : observed * Math.log(observed / expected)
}

function sum(counts: ReadonlyMap<string, number>): number {
  let total = 0
  for (const count of counts.values()) total += count
  return total
}
