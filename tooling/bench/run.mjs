// Starts a server and measures against it in a process of its own.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { startRedis } from '@tooling/servers'

const server = await startRedis()
const main = fileURLToPath(new URL('dist/main.js', import.meta.url))
const child = spawn(process.execPath, [main, '--url', server.url, ...process.argv.slice(2)], { stdio: 'inherit' })
const [code] = await once(child, 'exit')
await server.stop()
process.exitCode = code ?? 1
