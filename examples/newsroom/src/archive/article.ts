import type { Archive, StoredArticle } from './archive.ts'
import { parseTagged, plainText } from './tagged-text.ts'

/** An article as it is read. */
export interface Article {
  readonly id: string
  readonly section: string
  readonly title: string
  readonly source: string
  readonly words: number
  readonly paragraphs: readonly string[]
  /** Whom and what it names most. */
  readonly names: readonly { readonly name: string; readonly times: number }[]
  /** The articles that share the most telling names with it. */
  readonly related: readonly { readonly id: string; readonly title: string }[]
}

/** Sets an article for reading: its text, whom it names, and what else was written about them; `undefined` if there is none. */
export function readArticle(archive: Archive, id: string): Article | undefined {
  const stored = archive.articles.get(id)
  if (stored === undefined) return undefined
  const { section, title, source, words, tagged, names } = stored
  return {
    id,
    section,
    title,
    source,
    words,
    paragraphs: parseTagged(tagged).map((sentences) => sentences.map(plainText).join(' ')),
    names: [...names]
      .sort(([, x], [, y]) => y - x)
      .slice(0, 8)
      .map(([name, times]) => ({ name, times })),
    related: relatedTo(archive, stored),
  }
}

/** The five nearest articles: each shared name counts by how few articles hold it. */
function relatedTo(archive: Archive, { id, names }: StoredArticle): { id: string; title: string }[] {
  const others = [...archive.articles.values()].filter((other) => other.id !== id)
  const nearness = new Map<StoredArticle, number>()
  for (const name of names.keys()) {
    const sharing = others.filter((other) => other.names.has(name))
    for (const other of sharing) nearness.set(other, (nearness.get(other) ?? 0) + Math.log(others.length / sharing.length))
  }
  const nearest = [...nearness].sort(([a, x], [b, y]) => y - x || (a.id < b.id ? -1 : 1)).slice(0, 5)
  return nearest.map(([other]) => ({ id: other.id, title: other.title }))
}
