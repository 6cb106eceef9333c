import { parentPort } from 'node:worker_threads'
import { openArchive } from './archive/archive.ts'
import { readArticle } from './archive/article.ts'
import { listMentions, popularNames } from './archive/mentions.ts'
import { search } from './archive/search.ts'
import { describeSection } from './archive/section.ts'
import type { Queries, Question, Reply } from './database.ts'

const archive = await openArchive()

const queries: Queries = {
  article: (id) => readArticle(archive, id) ?? null,
  search: (query) => search(archive, query),
  section: (name) => describeSection(archive, name) ?? null,
  mentions: () => listMentions(archive),
}

parentPort?.on('message', ({ number, query, argument }: Question) => reply({ number, answer: queries[query](argument) }))

reply({
  summary: {
    articleIds: [...archive.articles.keys()],
    sections: archive.sections,
    words: [...archive.articles.values()].reduce((sum, { words }) => sum + words, 0),
    popularNames: popularNames(listMentions(archive), 100),
  },
})

function reply(message: Reply): void {
  parentPort?.postMessage(message)
}
