import { randomBytes } from 'node:crypto'
import { createCache, type Cache, type CacheStats, type ReinsertReport } from '@shale/cache'
import { Database } from './database.ts'
import { driveLoad } from './load/load.ts'
import type { LoadReport } from './load/measurements.ts'
import { Newsroom } from './newsroom.ts'
import type { Options } from './options.ts'
import type { Servers } from './servers.ts'
import { startService } from './service.ts'
import { readFrontPage, type FrontPage } from './showcase/front-page.ts'
import {
  clearVersion,
  forgetSearches,
  stepVersion,
  type Forgetting,
  type VersionClearing,
  type VersionStep,
} from './showcase/invalidation.ts'
import { changeProtocol, type ProtocolChange } from './showcase/protocol-change.ts'

/** What the program found out, step by step. */
export interface Results {
  archive: { readonly articles: number; readonly words: number }
  /** Where the entries are kept: the name of the only shard. */
  store: string
  load: LoadComparison
  getMany: FrontPage
  deletePattern: Forgetting
  incrVersion: VersionStep
  clear: VersionClearing
  reinsertKeys: ProtocolChange
}

/** The same load three times. */
export interface LoadComparison {
  readonly clients: number
  readonly seed: number
  /** Without the cache. */
  readonly without: LoadReport
  /** With the cache, empty at first. */
  readonly filling: LoadReport
  /** With the cache as that left it. */
  readonly filled: LoadReport
  /** What the cache itself counted meanwhile, key by key. */
  readonly stats: CacheStats
}

/** One of the three loads. */
export type LoadName = 'without' | 'filling' | 'filled'

/** Hears of each result as soon as it is there. */
export interface Listener {
  result<Name extends keyof Results>(name: Name, result: Results[Name]): void
  /** A load begins. */
  loading(which: LoadName, seconds: number): void
  /** Entries are being rewritten. */
  rewriting(report: Readonly<ReinsertReport>, entries: number): void
}

/** Runs the whole demonstration, and leaves nothing behind on the servers. */
export async function demonstrate(servers: Servers, options: Options, listener: Listener, signal: AbortSignal): Promise<void> {
  // A prefix of its own, so that clearing up cannot touch another program's entries.
  const keyPrefix = `newsroom-demo-${randomBytes(4).toString('hex')}`
  const cache = createCache({ servers, keyPrefix })
  try {
    await cache.connect()
    const database = await Database.open()
    try {
      const { summary } = database
      const newsroom = new Newsroom(database, cache)
      listener.result('archive', { articles: summary.articleIds.length, words: summary.words })
      listener.result('store', Object.keys(cache.stats().shards)[0] ?? '')
      listener.result('load', await compareLoads(cache, database, options, listener, signal))
      listener.result('getMany', await readFrontPage(cache, newsroom))
      listener.result('deletePattern', await forgetSearches(cache))
      listener.result('incrVersion', await stepVersion(cache, newsroom))
      listener.result('clear', await clearVersion(cache, newsroom))
      signal.throwIfAborted()
      const names = await database.ask('mentions')
      const rewriting: Listener['rewriting'] = (report, entries) => listener.rewriting(report, entries)
      listener.result('reinsertKeys', await changeProtocol(servers, `${keyPrefix}-names`, names, rewriting))
    } finally {
      await database.close()
      await cache.clear()
    }
  } finally {
    await cache.close()
  }
}

/** Drives the same readers at the service: where every answer comes from the database, with an empty cache, and with a full one. */
async function compareLoads(
  cache: Cache,
  database: Database,
  options: Options,
  listener: Listener,
  signal: AbortSignal,
): Promise<LoadComparison> {
  const { seconds, clients, seed } = options
  const drive = async (which: LoadName, newsroom: Newsroom): Promise<LoadReport> => {
    listener.loading(which, seconds)
    const service = await startService(newsroom)
    try {
      return await driveLoad(service.url, { clients, seconds, seed, summary: database.summary }, signal)
    } finally {
      await service.close()
    }
  }
  const without = await drive('without', new Newsroom(database))
  const filling = await drive('filling', new Newsroom(database, cache))
  const filled = await drive('filled', new Newsroom(database, cache))
  return { clients, seed, without, filling, filled, stats: cache.stats() }
}
