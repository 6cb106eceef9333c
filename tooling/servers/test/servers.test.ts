import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { RawConnection, startProxy, startRedis, startSilentServer, until } from '@tooling/servers'
import { findServer } from '../src/find-server.ts'

test('a server starts, answers, restarts on its port and stops', async () => {
  const server = await startRedis({ password: 'secret' })
  await server.command('SET', 'a', '1')
  expect(await server.command('GET', 'a')).toBe('1')
  const { port } = server
  await server.restart()
  expect(server.port).toBe(port)
  expect(await server.command('GET', 'a')).toBe(null)
  await server.stop()
  await server.stop()
  expect(() => process.kill(server.pid, 0)).toThrow()
})

test('a server on a Unix socket and one with TLS and a user start', async () => {
  await using unix = await startRedis({ unixSocket: true })
  expect(unix.url).toBe(`unix://${unix.path}`)
  await using tls = await startRedis({ tls: true, acl: { username: 'alice', password: 'pw' } })
  expect(await tls.command('ACL', 'USERS')).toContain('alice')
})

test('ten servers at once get ten ports', async () => {
  const servers = await Promise.all(Array.from({ length: 10 }, () => startRedis()))
  expect(new Set(servers.map(({ port }) => port)).size).toBe(10)
  await Promise.all(servers.map((server) => server.stop()))
})

test('a missing program is told of with the way to get one', () => {
  expect(() => findServer({ PATH: '/nowhere' }, '/nowhere')).toThrow(/apt-get install redis-server/)
  expect(() => findServer({ REDIS_SERVER: '/nowhere/redis-server' })).toThrow(/REDIS_SERVER/)
})

test.each(['SIGKILL', 'SIGINT', 'SIGTERM'] as const)('a server dies with the process that started it: %s', async (signal) => {
  const module = fileURLToPath(new URL('../src/children.ts', import.meta.url))
  // Plain JavaScript: the guard is what is tested, and Node 20 reads no TypeScript.
  const { readFileSync } = await import('node:fs')
  const guardScript = /const guardScript = `([^`]*)`/.exec(readFileSync(module, 'utf8'))?.[1]
  const program = `
    const { spawn } = require('node:child_process')
    const guard = spawn('/bin/sh', ['-c', ${JSON.stringify(guardScript)}], { stdio: ['pipe', 'ignore', 'ignore'], detached: true })
    const sleeper = spawn('sleep', ['60'])
    guard.stdin.write('+ ' + sleeper.pid + '\\n')
    console.log(sleeper.pid)`
  const child = spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'pipe', 'inherit'] })
  const [printed] = (await once(child.stdout, 'data')) as [Buffer]
  const pid = Number(printed.toString())
  process.kill(pid, 0)
  child.kill(signal)
  await until('the child is gone', () => {
    try {
      process.kill(pid, 0)
      return false
    } catch {
      return true
    }
  })
})

test('the proxy delays, swallows, cuts, refuses and resets', async () => {
  await using server = await startRedis()
  await using proxy = await startProxy({ host: server.host, port: server.port })
  const open = (): RawConnection => new RawConnection({ host: proxy.host, port: proxy.port })
  const connection = open()
  expect(await connection.command('PING')).toBe('PONG')
  proxy.latency(50)
  const start = performance.now()
  await connection.command('PING')
  expect(performance.now() - start).toBeGreaterThan(90)
  proxy.heal()
  proxy.cutAfter(3)
  await expect(connection.command('PING')).rejects.toThrow(/closed/)
  proxy.heal()
  const another = open()
  await another.command('PING')
  proxy.reset()
  await expect(another.command('PING')).rejects.toThrow()
  proxy.refuse(true)
  await expect(open().command('PING')).rejects.toThrow()
  proxy.heal()
  const silenced = open()
  await silenced.command('PING')
  proxy.blackHole(true)
  expect(
    await Promise.race([silenced.command('PING').catch(() => 'ended'), new Promise((resolve) => setTimeout(resolve, 100, 'silent'))]),
  ).toBe('silent')
})

test('the silent server accepts and says nothing', async () => {
  await using silent = await startSilentServer()
  const connection = new RawConnection({ host: silent.host, port: silent.port })
  const reply = connection.command('PING').catch(() => 'ended')
  await until('accepted', () => silent.connections === 1)
  connection.close()
  expect(await reply).toBe('ended')
  await until('gone', () => silent.connections === 0)
})
