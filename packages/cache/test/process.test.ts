import { afterEach, describe, expect, test } from 'vitest'
import { certs, freePort, startRedis, startSilentServer, type RedisServer, type StartRedisOptions } from '@tooling/servers'
import { runProgram } from './child.ts'

const timeoutMs = 300
/** What a busy machine may add. */
const slackMs = 200

const ends: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const end of ends.splice(0)) await end()
})

async function redis(options?: StartRedisOptions): Promise<RedisServer> {
  const server = await startRedis(options)
  ends.push(() => server.stop())
  return server
}

interface Scene {
  readonly options: Record<string, unknown>
  readonly act?: 'stop' | 'kill' | 'at once'
  readonly pid?: number
  readonly close?: boolean
}

const on = (kind: 'tcp' | 'unix' | 'tls') => async (): Promise<Scene> => {
  const server = await redis({ tls: kind === 'tls', unixSocket: kind === 'unix' })
  return { options: { servers: server.url, ...(kind === 'tls' ? { tls: { ca: certs.ca } } : {}) } }
}
const during = (act: 'stop' | 'kill', errors: string) => async (): Promise<Scene> => {
  const { url, pid } = await redis()
  return { options: { servers: url, errors }, act, pid }
}

const silent = async (options: Record<string, unknown>): Promise<Scene> => {
  const server = await startSilentServer()
  ends.push(() => server.stop())
  return { options: { servers: `redis://127.0.0.1:${server.port}`, connectTimeout: 2000, ...options }, close: false }
}

const scenes: Readonly<Record<string, () => Promise<Scene>>> = {
  'the embedded store': async () => ({ options: {} }),
  'the embedded store, not closed': async () => ({ options: {}, close: false }),
  TCP: on('tcp'),
  'a Unix socket': on('unix'),
  TLS: on('tls'),
  'close in the turn of the first call': async () => ({ options: { servers: (await redis()).url }, act: 'at once' }),
  'a server that is stopped': during('stop', 'degrade'),
  "a server that is stopped, errors: 'throw'": during('stop', 'throw'),
  'a server that is killed': during('kill', 'degrade'),
  "a server that is killed, errors: 'throw'": during('kill', 'throw'),
  'a port that nobody listens on': async () => ({ options: { servers: `redis://127.0.0.1:${await freePort()}` } }),
  'a port that nobody listens on, not closed': async () => ({
    options: { servers: `redis://127.0.0.1:${await freePort()}` },
    close: false,
  }),
  'a server that says nothing': async () => {
    const server = await startSilentServer()
    ends.push(() => server.stop())
    return { options: { servers: `redis://127.0.0.1:${server.port}` } }
  },
  // Longer to connect than from one attempt to the next, so that there is always one under way.
  'a server that says nothing, not closed': async () => silent({}),
  'a server that says nothing, not closed, ioredis': async () => silent({ driver: 'ioredis' }),
  'a server that says nothing, not closed, no breaker': async () => silent({ breaker: false }),
  'a wrong password': async () => ({ options: { servers: `redis://:wrong@127.0.0.1:${(await redis({ password: 'right' })).port}` } }),
  'a wrong authority': async () => ({ options: { servers: (await redis({ tls: true })).url, tls: { ca: certs.otherCa } } }),
  'a wrong database': async () => ({ options: { servers: `${(await redis()).url}/999` } }),
}

describe('promise 25: the process ends by itself, prints nothing, leaves no socket or timer and no rejection unhandled', () => {
  test.each(Object.entries(scenes))('%s', async (name, start) => {
    const scene = await start()
    const ended = await runProgram('weather.mjs', { ...scene, options: { timeout: timeoutMs, connectTimeout: 400, ...scene.options } })
    expect(ended).toMatchObject({ code: 0, signal: null, stdout: '', stderr: '' })
    const { closeMs, exitMs } = JSON.parse(ended.report) as { closeMs: number; exitMs: number }
    console.log(`timeout ${timeoutMs} ms, ${name}: close() took ${Math.ceil(closeMs)} ms, the process ended ${Math.ceil(exitMs)} ms later`)
    expect(closeMs).toBeLessThan(timeoutMs + 100 + slackMs)
    // A socket or a timer that was left would keep the process alive.
    expect(exitMs).toBeLessThan(timeoutMs + 100 + slackMs)
  })
})
