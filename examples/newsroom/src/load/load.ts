import { Worker } from 'node:worker_threads'
import type { Summary } from '../database.ts'
import type { LoadReport } from './measurements.ts'

/** What load to make. */
export interface LoadOptions {
  /** Clients that each ask for one page after the other. */
  readonly clients: number
  readonly seconds: number
  readonly seed: number
  readonly summary: Summary
}

/** Drives a service over HTTP from a thread of its own, so that what it measures is not what it costs. */
export async function driveLoad(url: string, { clients, seconds, seed, summary }: LoadOptions, signal: AbortSignal): Promise<LoadReport> {
  const worker = new Worker(new URL('load-worker.js', import.meta.url), { workerData: { url, clients, seconds, seed, summary } })
  const stop = (): void => void worker.terminate()
  signal.addEventListener('abort', stop)
  try {
    return await new Promise<LoadReport>((resolve, reject) => {
      worker.once('message', resolve)
      worker.once('error', reject)
      worker.once('exit', () => reject(new Error('The load was stopped.')))
    })
  } finally {
    signal.removeEventListener('abort', stop)
    await worker.terminate()
  }
}
