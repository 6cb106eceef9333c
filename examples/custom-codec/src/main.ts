import process from 'node:process'
import { cbor, createCache, json } from '@shale/cache'
import { columnar } from './columnar.ts'

const readings = Array.from({ length: 1000 }, (_, minute) => ({
  at: 1_700_000_000 + minute * 60,
  station: ['harbour', 'hill', 'airport'][minute % 3],
  celsius: Math.round(150 + 50 * Math.sin(minute / 120)) / 10,
  wind: 3 + (minute % 5),
}))

const servers = process.env['SHALE_SERVERS'] ?? 'memory:'
const codecs = [json(), cbor(), columnar()]
for (const codec of codecs) {
  const cache = createCache({ servers, keyPrefix: 'weather', codec, accept: codecs })
  await cache.set('readings', readings)
  const back = await cache.get<typeof readings>('readings')
  const entry = await cache.inspect('readings')
  console.log(`${String(entry?.codec).padEnd(9)} ${String(entry?.bytes).padStart(7)} bytes for ${back?.length} readings`)
  await cache.clear()
  await cache.close()
}
