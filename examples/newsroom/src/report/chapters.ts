import type { ReinsertReport } from '@shale/cache'
import type { LoadComparison, LoadName, Results } from '../demo.ts'
import { visits, type PageKind } from '../load/readers.ts'
import type { ProtocolChange } from '../showcase/protocol-change.ts'
import { bytes, count, ms, percent, times } from './format.ts'
import { paragraph } from './paragraph.ts'
import { table } from './table.ts'

/** What people call each load. */
export const loadTitles: Readonly<Record<LoadName, string>> = {
  without: 'without the cache',
  filling: 'with it, filling',
  filled: 'with it, filled',
}

/** The lines that tell of each result. */
export const chapters: { readonly [Name in keyof Results]: (result: Results[Name]) => string[] } = {
  archive: ({ articles, words }) => [`The archive: ${count(articles)} articles, ${count(words)} words, and no index.`],
  store: (store) => [
    `The cache: ${store === 'memory' ? 'the embedded store, in this process (SHALE_SERVERS names a server to use instead)' : store}.`,
    ...chapter('The same readers, without and with the cache'),
  ],
  load: tellLoad,
  getMany: ({ articles, found, getManyMs, oneByOneMs }) => [
    ...chapter('getMany: the front page in one go'),
    `  ${found} of ${articles} articles by one getMany in ${ms(getManyMs)}; by one get after the other in ${ms(oneByOneMs)}.`,
  ],
  deletePattern: ({ searchesBefore, removed, searchesAfter, othersBefore, othersAfter, ms: took }) => [
    ...chapter("deletePattern('search:*'): forget every search"),
    `  Removed ${count(removed)} entries in ${ms(took)}.`,
    '',
    ...table(
      ['entries', 'before', 'after'],
      [
        ['search:*', count(searchesBefore), count(searchesAfter)],
        ['all others', count(othersBefore), count(othersAfter)],
      ],
    ),
  ],
  incrVersion: ({ key, from, to, ttlBefore, ttlAfter, foundAtOld, foundAtNew, again }) => [
    ...chapter(`incrVersion('${key}'): move one entry to the next version`),
    ...paragraph(
      `It gave ${to}. At version ${from} the entry is ${foundAtOld ? 'still there' : 'gone'}, ` +
        `at version ${to} it is ${foundAtNew ? 'there' : 'missing'}; ` +
        `its ttl was ${seconds(ttlBefore)} and is ${seconds(ttlAfter)}. The same call again: ${again}.`,
    ),
  ],
  clear: ({ cleared, kept, before, after, ms: took }) => [
    ...chapter(`clear({ version: ${cleared} }): let an old version go at once`),
    `  Version ${kept} of the front page was prepared beside version ${cleared}; clearing version ${cleared} took ${ms(took)}.`,
    '',
    ...table(
      ['entries', 'before', 'after'],
      [
        [`version ${cleared}`, count(before[0]), count(after[0])],
        [`version ${kept}`, count(before[1]), count(after[1])],
      ],
    ),
    ...chapter('reinsertKeys: from cbor protocol 1 to protocol 2'),
  ],
  reinsertKeys: tellProtocolChange,
}

/** One line on how far `reinsertKeys` is. */
export function progressLine({ scanned, rewritten }: Readonly<ReinsertReport>, entries: number): string {
  return `  … ${percent(scanned, entries).padStart(7)}   scanned ${count(scanned).padStart(6)}   rewritten ${count(rewritten).padStart(6)}`
}

function chapter(title: string): string[] {
  return ['', title, '']
}

function tellLoad({ clients, seed, without, filling, filled, stats }: LoadComparison): string[] {
  const loads = { without, filling, filled }
  const names = Object.keys(loadTitles) as LoadName[]
  const failed = names.reduce((sum, name) => sum + loads[name].failed, 0)
  const kinds = Object.keys(visits) as PageKind[]
  return [
    '',
    ...table(
      ['', 'requests', 'per s', 'p50', 'p95', 'p99', 'max', 'hits', 'misses', 'hit rate'],
      names.map((name) => {
        const { requests, requestsPerSecond, p50, p95, p99, max, hits, misses } = loads[name]
        return [loadTitles[name], count(requests), count(requestsPerSecond), ms(p50), ms(p95), ms(p99), ms(max), ...hitCells(hits, misses)]
      }),
    ),
    '',
    ...table(
      ['', 'share', 'p50 without', 'p50 with', 'p99 without', 'p99 with', 'hits', 'misses', 'hit rate'],
      kinds.flatMap((kind) => {
        const [slow, fast] = [without.kinds[kind], filled.kinds[kind]]
        if (slow === undefined || fast === undefined) return []
        return [[kind, `${visits[kind]} %`, ms(slow.p50), ms(fast.p50), ms(slow.p99), ms(fast.p99), ...hitCells(fast.hits, fast.misses)]]
      }),
    ),
    '',
    ...paragraph(
      `${clients} readers over HTTP; what is popular follows Zipf's law, seed ${seed}. Throughput with the full cache is ` +
        `${times(filled.requestsPerSecond / without.requestsPerSecond)} that without. ` +
        `A request is a hit if it asked nothing of the archive itself. ` +
        `Key by key the cache counted ${count(stats.hits)} hits and ${count(stats.misses)} misses ` +
        `(${percent(stats.hits, stats.hits + stats.misses)}), ` +
        `${bytes(stats.bytesRead)} read and ${bytes(stats.bytesWritten)} written.`,
    ),
    ...(stats.degraded > 0 ? [`  ${count(stats.degraded)} calls got no answer from the server and went to the archive instead.`] : []),
    ...(failed > 0 ? [`  ${count(failed)} requests failed.`] : []),
  ]
}

function hitCells(hits: number, misses: number): string[] {
  return hits + misses === 0 ? ['–', '–', '–'] : [count(hits), count(misses), percent(hits, hits + misses)]
}

function tellProtocolChange({ entries, readableBefore, ms: took, report, readAllMs, sample }: ProtocolChange): string[] {
  const { scanned, rewritten, current, foreign, undecodable, changedMeanwhile, bytesBefore, bytesAfter } = report
  const [first, second] = sample
  return [
    '',
    ...paragraph(
      `The register of names, ${count(entries)} entries, was written by a cache with cbor({ protocol: 1 }). A second cache over the same entries, ` +
        `with cbor({ protocol: 2 }), could read ${count(readableBefore)} of them before; its reinsertKeys took ${ms(took)}.`,
    ),
    '',
    ...table(
      ['', 'scanned', 'rewritten', 'current', 'foreign', 'undecodable', 'changed meanwhile'],
      [['entries', ...[scanned, rewritten, current, foreign, undecodable, changedMeanwhile].map(count)]],
    ),
    '',
    ...table(
      ['', 'protocol 1', 'protocol 2', 'change'],
      [
        ['bytes of all entries', bytes(bytesBefore), bytes(bytesAfter), change(bytesBefore, bytesAfter)],
        ['getMany of all entries', ms(readAllMs.before), ms(readAllMs.after), change(readAllMs.before, readAllMs.after)],
        [`'${first?.key}': bytes`, bytes(first?.bytes ?? 0), bytes(second?.bytes ?? 0), change(first?.bytes ?? 0, second?.bytes ?? 0)],
        [`'${first?.key}': codec`, `${first?.codec} ${first?.protocol}`, `${second?.codec} ${second?.protocol}`, ''],
        [`'${first?.key}': ttl left`, seconds(first?.ttl), seconds(second?.ttl), ''],
      ],
    ),
  ]
}

function change(before: number, after: number): string {
  const share = Math.round((100 * (after - before)) / before)
  return `${share > 0 ? '+' : share < 0 ? '−' : '±'}${Math.abs(share)} %`
}

function seconds(ttl: number | null | undefined): string {
  return ttl === null || ttl === undefined ? 'for ever' : `${(ttl / 1000).toFixed(1)} s`
}
