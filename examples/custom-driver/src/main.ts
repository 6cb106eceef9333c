import { createStore } from '@shale/client'
import { socketDriver } from './socket-driver.ts'

const store = createStore(process.env['SHALE_SERVERS'] ?? 'redis://127.0.0.1:6379', { driver: socketDriver })
try {
  await store.connect()
  await store.set([{ key: 'example:custom-driver', value: Buffer.from('stored through a bare socket'), ttl: 60_000 }])
  const [value] = await store.get(['example:custom-driver'])
  console.log(value instanceof Uint8Array ? Buffer.from(value).toString() : value)
} finally {
  await store.close()
}
