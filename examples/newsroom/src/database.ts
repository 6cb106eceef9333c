import { Worker } from 'node:worker_threads'
import type { Article } from './archive/article.ts'
import type { Mention } from './archive/mentions.ts'
import type { SearchResult } from './archive/search.ts'
import type { Section } from './archive/section.ts'

/** What the database can be asked: the arguments and the answer of each query. */
export interface Queries {
  /** An article by its id; `null` if there is none. */
  article(id: string): Article | null
  search(query: string): SearchResult
  /** What a section writes about; `null` if there is no such section. */
  section(name: string): Section | null
  mentions(): ReadonlyMap<string, readonly Mention[]>
}

/** What the archive holds, in short. */
export interface Summary {
  readonly articleIds: readonly string[]
  readonly sections: readonly string[]
  readonly words: number
  /** What people search for: the names that the most articles mention. */
  readonly popularNames: readonly string[]
}

/** A question to the worker. */
export interface Question {
  readonly number: number
  readonly query: keyof Queries
  readonly argument: string
}

/** What the worker says: the summary at first, then an answer to each question. */
export type Reply = { readonly summary: Summary } | { readonly number: number; readonly answer: unknown }

/** The archive in a thread of its own, as a database is in a process of its own: slow, and one query at a time. */
export class Database {
  readonly summary: Summary
  readonly #worker: Worker
  readonly #waiting = new Map<number, { resolve(answer: unknown): void; reject(error: Error): void }>()
  #asked = 0

  private constructor(worker: Worker, summary: Summary) {
    this.#worker = worker
    this.summary = summary
    worker.on('message', (reply: { number: number; answer: unknown }) => {
      this.#waiting.get(reply.number)?.resolve(reply.answer)
      this.#waiting.delete(reply.number)
    })
    worker.on('error', (error) => this.#rejectAll(error))
    worker.on('exit', () => this.#rejectAll(new Error('The database was closed.')))
  }

  /** Starts the thread and waits until the archive is read. */
  static async open(): Promise<Database> {
    const worker = new Worker(new URL('database-worker.js', import.meta.url))
    const summary = await new Promise<Summary>((resolve, reject) => {
      worker.once('message', (reply: { summary: Summary }) => resolve(reply.summary))
      worker.once('error', reject)
    })
    return new Database(worker, summary)
  }

  /** The answer to a query. */
  ask<Q extends keyof Queries>(query: Q, argument = ''): Promise<ReturnType<Queries[Q]>> {
    const number = this.#asked++
    this.#worker.postMessage({ number, query, argument } satisfies Question)
    return new Promise((resolve, reject) => {
      this.#waiting.set(number, { resolve: resolve as (answer: unknown) => void, reject })
    })
  }

  async close(): Promise<void> {
    await this.#worker.terminate()
  }

  #rejectAll(error: Error): void {
    for (const { reject } of this.#waiting.values()) reject(error)
    this.#waiting.clear()
  }
}
