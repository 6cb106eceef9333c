import process from 'node:process'
import { parseArgs } from 'node:util'
import { createArticles } from './articles.ts'
import { bareClient, facade } from './contestants.ts'
import { compare, type Comparison } from './measure.ts'

const options = { url: { type: 'string' }, json: { type: 'boolean', default: false }, rounds: { type: 'string', default: '11' } } as const
const { values } = parseArgs({ options })
const { url } = values
if (url === undefined)
  throw new Error('--url is missing; it takes the address of a server that may be filled, such as redis://localhost:6379')
const rounds = Number(values.rounds)
if (!Number.isInteger(rounds) || rounds < 1) throw new Error(`--rounds is ${values.rounds}; it takes a whole number of at least 1`)

const articles = createArticles(10_000)
const pair = [facade(url), await bareClient(url)] as const
const comparisons: Comparison[] = []
try {
  for (const contestant of pair) await contestant.fill(articles)
  for (const callers of [1, 64, 512]) comparisons.push(await compare(pair, articles.length, callers, rounds))
} finally {
  for (const contestant of pair) await contestant.close()
}

if (values.json) {
  process.stdout.write(`${JSON.stringify({ articles: articles.length, rounds, comparisons }, null, 2)}\n`)
} else {
  console.log(
    `get of ${articles.length} articles of ${JSON.stringify(articles[0]).length} bytes as JSON; ${rounds} interleaved rounds, medians`,
  )
  console.table(
    comparisons.map(({ callers, rates, ratio }) => ({
      callers,
      ...Object.fromEntries(Object.entries(rates).map(([name, rate]) => [`${name}, calls/s`, rate])),
      ratio: ratio.median,
      'from … to': `${ratio.lowest} … ${ratio.highest}`,
    })),
  )
}
