// A cache in a process of its own, which does what its parent says: node remote.mjs, forked. The first message is what to open; each later one
// is `{ id, method, args }`, answered by `{ id, result }` or `{ id, code }`. Events of the cache come as `{ event, … }`.
import { createStore } from '@shale/client'
import { createCache } from '../../dist/index.js'
import { churn, flood, held, poll } from './remote-work.mjs'

process.once('message', async (options) => {
  const own = (stored) => stored.startsWith(`${options.keyPrefix}:`)
  const { servers, connections, ...others } = options
  const keys = { pattern: `${options.keyPrefix}:*`, concerns: own }
  const store = createStore(servers, { timeout: options.timeout, connections, keys })
  store.observe({ repaired: (shard, keys) => process.send({ event: 'repaired', shard, keys: keys ?? null, at: Date.now() }) })
  const cache = createCache({ ...others, servers: store })
  await cache.connect()
  const work = { churn, flood, held, poll }
  process.on('message', async ({ id, method, args }) => {
    try {
      const result = method in work ? await work[method](cache, ...args) : await cache[method](...args)
      process.send({ id, result })
    } catch (error) {
      process.send({ id, code: error.code ?? String(error.stack) })
    }
  })
  process.send({ event: 'ready' })
})
