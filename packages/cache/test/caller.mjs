// One of several processes that work on the same keys: runs what it is told over the built packages, and sends the results. The first
// message is what to open; then come calls, and with 'go' they are made.
import { createCache } from '../dist/index.js'

process.once('message', async (options) => {
  const cache = createCache(options)
  await cache.connect()
  let calls
  process.on('message', async (message) => {
    if (message !== 'go') {
      calls = message
      return process.send('ready')
    }
    process.send(await Promise.all(calls.map(([method, ...args]) => run(cache, method, args))))
  })
  process.send('open')
})

async function run(cache, method, args) {
  try {
    return method === 'underLock' ? await underLock(cache, ...args) : await cache[method](...args)
  } catch (error) {
    return error.code ?? String(error)
  }
}

/** Adds to a counter in a way that loses additions unless the lock excludes all others. */
async function underLock(cache, key) {
  const lock = await cache.lock(key, { ttl: '1m', wait: '25s' })
  if (lock === undefined) return 'no lock'
  try {
    const before = await cache.get(key)
    await new Promise((resolve) => setImmediate(resolve))
    await cache.set(key, before + 1)
    return 'done'
  } finally {
    await lock.release()
  }
}
