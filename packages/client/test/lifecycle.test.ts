import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { startRedis, startSilentServer, type RedisServer } from '@tooling/servers'
import { createStore, ioredis } from '@shale/client'

const folder = fileURLToPath(new URL('..', import.meta.url))
const built = fileURLToPath(new URL('../dist/index.js', import.meta.url))

let server: RedisServer
beforeAll(async () => {
  expect(existsSync(built), 'build the package first: npx tsc -b packages/client').toBe(true)
  server = await startRedis()
})
afterAll(() => server.stop())

/** Runs a program with plain Node; gives what it printed and how it ended. */
async function run(program: string, killAfterMs = 10_000): Promise<{ printed: string; code: number | null; ms: number }> {
  const start = performance.now()
  const child = spawn(
    process.execPath,
    ['--input-type=module', '-e', `import { createStore, ioredis, nodeRedis } from '@shale/client'\n${program}`],
    { cwd: folder },
  )
  let printed = ''
  child.stdout.on('data', (chunk: Buffer) => (printed += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (printed += chunk.toString()))
  const timer = setTimeout(() => child.kill('SIGKILL'), killAfterMs)
  const [code] = (await once(child, 'close')) as [number | null]
  clearTimeout(timer)
  return { printed: printed.trim(), code, ms: performance.now() - start }
}

test.each(['nodeRedis()', 'ioredis()'])('a process with a closed store ends by itself, and nothing is printed: %s', async (driver) => {
  const { printed, code } = await run(`
    const store = createStore('${server.url}', { driver: ${driver}, connections: { min: 2, max: 4 } })
    await Promise.all(Array.from({ length: 500 }, (_, i) => store.set([{ key: 'k' + i, value: Buffer.from('v'), ttl: 60000 }])))
    void store.get(['k1'])
    void store.scan('*')[Symbol.asyncIterator]().next()
    await store.close()`)
  expect({ printed, code }).toEqual({ printed: '', code: 0 })
})

test.each(['nodeRedis()', 'ioredis()'])('a process does not end before its calls are answered: %s', async (driver) => {
  const { printed, code } = await run(`
    const store = createStore('${server.url}', { driver: ${driver} })
    store.has(['a']).then(() => { console.log('answered'); store.close() })`)
  expect({ printed, code }).toEqual({ printed: 'answered', code: 0 })
})

test.each(['nodeRedis()', 'ioredis()'])('a process with a store that reaches nobody ends by itself, closed or not: %s', async (driver) => {
  const { printed, code } = await run(`
    const store = createStore('redis://127.0.0.1:1', { driver: ${driver} })
    const [answer] = await store.get(['a'])
    console.log(answer.code)`)
  expect({ printed, code }).toEqual({ printed: 'SERVER_UNAVAILABLE', code: 0 })
})

test('a store that was never asked anything holds no process', async () => {
  const { printed, code } = await run(`createStore('${server.url}')`)
  expect({ printed, code }).toEqual({ printed: '', code: 0 })
})

test('an open connection keeps its process alive', async () => {
  const { code } = await run(`await createStore('${server.url}').connect()`, 1500)
  expect(code).toBe(null)
})

test('calls that nobody awaits make no unhandled rejection, whatever fails', async () => {
  await using silent = await startSilentServer()
  const { printed, code } = await run(`
    for (const url of ['redis://127.0.0.1:1', 'redis://127.0.0.1:${silent.port}', 'redis://:wrong@127.0.0.1:${server.port}', 'redis://127.0.0.1:${server.port}/77777']) {
      for (const driver of [nodeRedis(), ioredis()]) {
        for (const connections of [1, 3]) {
          const store = createStore(url, { driver, connections, connectTimeout: 200, timeout: 100 })
          const value = Buffer.from('v')
          store.connect()
          store.get(['a']); store.get(['a', 'b']); store.set([{ key: 'a', value, ttl: null }]); store.add([{ key: 'a', value, ttl: 5 }])
          store.swap([{ key: 'a', expected: value, value }]); store.delete(['a', 'b']); store.has(['a']); store.ttl(['a']); store.touch(['a'], null)
          store.incr([{ key: 'a', by: 1 }]); store.move([{ from: 'a', to: 'b' }, { from: 'b', to: 'c' }]); store.flush()
          store.scan('*')[Symbol.asyncIterator]().next()
          setTimeout(() => { store.flush(); store.connect(); store.close(); store.flush(); store.connect() }, 300)
        }
      }
    }`)
  expect({ printed, code }).toEqual({ printed: '', code: 0 })
})

test('ioredis() without the package says what to install', async () => {
  vi.doMock('ioredis', () => {
    throw new Error("Cannot find package 'ioredis'")
  })
  const store = createStore(server.url, { driver: ioredis() })
  await expect(store.connect()).rejects.toMatchObject({
    code: 'CONFIG_INVALID',
    message: expect.stringMatching(/npm install ioredis/) as string,
  })
  expect((await store.get(['a']))[0]).toMatchObject({ code: 'CONFIG_INVALID' })
  await store.close()
  vi.doUnmock('ioredis')
})
