import type { Archive } from './archive.ts'

/** One article that names somebody or something. */
export interface Mention {
  readonly article: string
  readonly section: string
  readonly title: string
  readonly times: number
}

/** The register of names: who is named in which articles, for every name that is in two of them or more. */
export function listMentions(archive: Archive): Map<string, Mention[]> {
  const mentions = new Map<string, Mention[]>()
  for (const { id, section, title, names } of archive.articles.values()) {
    for (const [name, times] of names) {
      const list = mentions.get(name) ?? []
      mentions.set(name, list)
      list.push({ article: id, section, title, times })
    }
  }
  for (const [name, list] of mentions) if (list.length < 2) mentions.delete(name)
  return mentions
}

/** The names that the most articles mention, most first. */
export function popularNames(mentions: ReadonlyMap<string, readonly Mention[]>, count: number): string[] {
  const names = [...mentions].sort(([a, x], [b, y]) => y.length - x.length || (a < b ? -1 : 1))
  return names.slice(0, count).map(([name]) => name)
}
