/** A record such as a newspaper's archive keeps; as JSON it takes 310 bytes. */
export interface Article {
  readonly id: number
  readonly slug: string
  readonly title: string
  readonly section: string
  readonly author: string
  readonly publishedAt: string
  readonly words: number
  readonly tags: readonly string[]
  readonly summary: string
}

const jsonBytes = 310
const sections = ['politics', 'culture', 'science', 'sport', 'business']
const authors = ['A. Lindqvist', 'M. Okafor', 'J. Tanaka', 'R. Castellano']
const filler = 'the council met again on the matter of the harbour and put off what it had to decide until the spring tides '

export function createArticles(count: number): Article[] {
  return Array.from({ length: count }, (_, id) => createArticle(100_000 + id))
}

function createArticle(id: number): Article {
  const article = {
    id,
    slug: `story-${id}`,
    title: `What became of case ${id}`,
    section: sections[id % sections.length] as string,
    author: authors[id % authors.length] as string,
    publishedAt: new Date(Date.UTC(2024, 0, 1) + id * 60_000).toISOString(),
    words: 200 + (id % 900),
    tags: ['archive', `desk-${id % 7}`],
    summary: '',
  }
  const missing = jsonBytes - JSON.stringify(article).length
  return { ...article, summary: filler.repeat(3).slice(0, missing) }
}
