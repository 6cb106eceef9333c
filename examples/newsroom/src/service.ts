import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { ShaleError } from '@shale/cache'
import type { Newsroom } from './newsroom.ts'
import { failed, routes, type Answer } from './routes.ts'

/** A service that listens. */
export interface Service {
  readonly url: string
  /** Takes no more requests, answers those that are under way, and lets every connection go. */
  close(): Promise<void>
}

/** How long `close` waits for requests that are under way, in milliseconds. */
const graceMs = 2000

/** Serves a newsroom over HTTP on 127.0.0.1; port 0 takes a free one. */
export async function startService(newsroom: Newsroom, port = 0): Promise<Service> {
  const server = createServer((request, response) => void respond(newsroom, request, response))
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', resolve)
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close: () => stop(server) }
}

async function respond(newsroom: Newsroom, request: IncomingMessage, response: ServerResponse): Promise<void> {
  let answer: Answer
  try {
    answer = await route(newsroom, request)
  } catch (error) {
    // Reads degrade by themselves. What must not be taken for done, such as an invalidation, ends here when no server answers.
    answer = ShaleError.is(error) ? { status: 503, body: { code: error.code, error: error.message } } : failed(500, String(error))
  }
  const html = typeof answer.body === 'string'
  const body = html ? String(answer.body) : JSON.stringify(answer.body)
  response.writeHead(answer.status, {
    'content-type': html ? 'text/html; charset=utf-8' : 'application/json; charset=utf-8',
    'content-length': Buffer.byteLength(body),
    ...(answer.cache === undefined ? {} : { 'x-cache': answer.cache }),
  })
  response.end(body)
}

async function route(newsroom: Newsroom, { method = 'GET', url = '/' }: IncomingMessage): Promise<Answer> {
  const mark = url.indexOf('?')
  const path = mark < 0 ? url : url.slice(0, mark)
  const query = new URLSearchParams(mark < 0 ? '' : url.slice(mark + 1))
  const there = routes.filter((candidate) => candidate.path.test(path))
  const chosen = there.find((candidate) => candidate.method === (method === 'HEAD' ? 'GET' : method))
  if (chosen === undefined)
    return there.length === 0 ? failed(404, `There is nothing at ${path}.`) : failed(405, `${path} does not take ${method}.`)
  return chosen.answer({ newsroom, query, part: chosen.path.exec(path)?.[1] ?? '' })
}

async function stop(server: Server): Promise<void> {
  const ended = new Promise<void>((resolve) => server.close(() => resolve()))
  server.closeIdleConnections()
  const timer = setTimeout(() => server.closeAllConnections(), graceMs)
  await ended
  clearTimeout(timer)
}
