// Uses a cache in bad weather, closes it and ends: node weather.mjs '{ "options": …, "act": …, "pid": … }'. Reports on file descriptor 3.
import { writeSync } from 'node:fs'
import { createCache, ioredis } from '../../dist/index.js'

const { options, act, pid, close = true } = JSON.parse(process.argv[2])
const cache = createCache(options.driver === 'ioredis' ? { ...options, driver: ioredis() } : options)
const list = async (keys) => {
  for await (const _ of keys);
}
const calls = [
  () => cache.get('a'),
  () => cache.getMany(['a', 'b']),
  () => cache.has('a'),
  () => cache.ttl('a'),
  () => cache.getOrSet('g', () => 1),
  () => cache.getOrSet('h', () => 1, { hardTimeout: '1m' }),
  () => cache.getOrSet('bad', () => Promise.reject(new Error('the factory failed'))),
  () => cache.set('a', 'x'),
  () => cache.setMany({ a: 1, b: 2 }),
  () => cache.add('a', 1),
  () => cache.delete('a'),
  () => cache.deleteMany(['a', 'b']),
  () => cache.touch('a'),
  () => cache.persist('a'),
  () => cache.incr('a'),
  () => cache.incrVersion('a'),
  () => cache.deletePattern('x*'),
  () => cache.clear(),
  () => cache.reinsertKeys(),
  () => cache.inspect('a'),
  () => cache.lock('l', { wait: '10ms', extend: true }),
  () => list(cache.keys()),
  () => cache.connect(),
]
const burst = () => Promise.all(Array.from({ length: 20 }, () => calls.map((call) => call().catch(() => {}))).flat())

if (act === 'stop' || act === 'kill') await cache.connect()
if (act === 'stop') process.kill(pid, 'SIGSTOP')
if (act !== 'at once') await burst()
const last = burst()
if (act === 'kill') process.kill(pid, 'SIGKILL')
const began = performance.now()
let closeMs = 0
if (close) {
  await cache.close()
  closeMs = performance.now() - began
}
// Whose calls are answered has nothing left to wait for.
if (!close) await last
const closed = performance.now()
process.on('exit', () => writeSync(3, JSON.stringify({ closeMs, exitMs: performance.now() - closed })))
