import { Agent, get } from 'node:http'
import { parentPort, workerData } from 'node:worker_threads'
import type { LoadOptions } from './load.ts'
import { reader, type PageKind } from './readers.ts'
import { Measurements } from './measurements.ts'

const { url, clients, seconds, seed, summary } = workerData as LoadOptions & { url: string }
const agent = new Agent({ keepAlive: true, maxSockets: clients })
const measured = new Measurements()
const began = performance.now()
const until = began + seconds * 1000

await Promise.all(Array.from({ length: clients }, (_, number) => runClient(reader(summary, seed, number))))
agent.destroy()
parentPort?.postMessage(measured.report((performance.now() - began) / 1000))

/** One client: asks for a page, reads all of it, asks for the next. */
async function runClient(next: () => { kind: PageKind; path: string }): Promise<void> {
  while (performance.now() < until) {
    const { kind, path } = next()
    const asked = performance.now()
    const { status, cache } = await fetchPage(path)
    measured.add(kind, performance.now() - asked, status === 200, cache)
  }
}

function fetchPage(path: string): Promise<{ status: number; cache: string | undefined }> {
  return new Promise((resolve) => {
    const failed = (): void => resolve({ status: 0, cache: undefined })
    const request = get(url + path, { agent }, (response) => {
      const { 'x-cache': cache } = response.headers
      response.resume()
      response.on('end', () => resolve({ status: response.statusCode ?? 0, cache: String(cache) }))
      response.on('error', failed)
    })
    request.on('error', failed)
  })
}
