import process from 'node:process'
import { createCache } from '@shale/cache'
import { tenantFirst } from './tenant-first.ts'

const cache = createCache({ servers: process.env['SHALE_SERVERS'] ?? 'memory:', keyPrefix: 'shop', keyFormat: tenantFirst })

await cache.setMany({
  'acme/invoice:7': { total: 120 },
  'acme/invoice:8': { total: 80 },
  'globex/invoice:7': { total: 990 },
  'exchange-rates': { EUR: 1, USD: 1.08 },
})
for await (const key of cache.keys()) console.log(`${key.padEnd(20)} is stored as ${tenantFirst.format(key, 'shop', 1)}`)

const removed = await cache.deletePattern('acme/*')
console.log(`acme has left: ${removed} keys removed; globex still has ${JSON.stringify(await cache.get('globex/invoice:7'))}`)

await cache.clear()
await cache.close()
