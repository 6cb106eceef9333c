// Changes the keys that are its own until it is told to stop: node writer.mjs '{ servers, id, writers, count, seed, file }'.
// Writes what must be there then, and what it found wrong meanwhile, to the file.
import { writeFileSync } from 'node:fs'
import { isDeepStrictEqual } from 'node:util'
import { createCache } from '../../dist/index.js'
import { keyOf, kinds, seedTtl, seedValue, valueOf } from './seed.mjs'

const { servers, id, writers, count, seed, began, file } = JSON.parse(process.argv[2])
const caches = kinds.map(({ codec, compression }) =>
  createCache({ servers, keyPrefix: 'live', codec, compression, timeout: '30s', ttl: null }),
)
const control = createCache({ servers, keyPrefix: 'control', timeout: '30s' })

let state = seed + id
const random = () => {
  state = (state + 0x6d2b79f5) | 0
  let t = Math.imul(state ^ (state >>> 15), 1 | state)
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
  return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
}
const pick = (n) => Math.floor(random() * n)

/** By key: [value number, expires from, expires to]; -1 is missing, 0 the seed's value, null never expires. */
const known = new Map()
const wrong = []
const done = { set: 0, delete: 0, touch: 0, expire: 0, read: 0 }

const expectedOf = (i) =>
  known.get(i) ?? [0, seedTtl(i) === null ? null : began[0] + seedTtl(i), seedTtl(i) === null ? null : began[1] + seedTtl(i)]
/** true, false, or undefined where it is about to expire. */
function isThere([n, from, to], asked, answered) {
  if (n === -1 || (to !== null && asked > to + 100)) return false
  return from === null || answered < from - 100 ? true : undefined
}

async function change(i, n) {
  const key = keyOf(i)
  const cache = caches[pick(caches.length)]
  const before = expectedOf(i)
  const isBytes = (value) => (kinds[caches.indexOf(cache)].codec.name === 'bytes' ? Buffer.from(JSON.stringify(value)) : value)
  const asked = Date.now()
  switch (pick(8)) {
    case 0:
    case 1: {
      const ttl = pick(2) === 0 ? null : 300_000 + pick(100_000)
      if (!(await cache.set(key, isBytes(valueOf(i, n)), { ttl }))) wrong.push(['not stored', key])
      known.set(i, [n, ttl === null ? null : asked + ttl, ttl === null ? null : Date.now() + ttl])
      return done.set++
    }
    case 2: {
      const was = await cache.delete(key)
      const should = isThere(before, asked, Date.now())
      if (should !== undefined && was !== should) wrong.push([was ? 'resurrected' : 'lost', key, 'delete'])
      known.set(i, [-1, null, null])
      return done.delete++
    }
    case 3: {
      const ttl = 400_000 + pick(100_000)
      const was = await cache.touch(key, ttl)
      const answered = Date.now()
      const should = isThere(before, asked, answered)
      if (should !== undefined && was !== should) wrong.push([was ? 'resurrected' : 'lost', key, 'touch'])
      known.set(i, was ? [before[0], asked + ttl, answered + ttl] : [-1, null, null])
      return done.touch++
    }
    case 4: {
      const ttl = 50 + pick(2000)
      if (!(await cache.set(key, isBytes(valueOf(i, n)), { ttl }))) wrong.push(['not stored', key])
      known.set(i, [n, asked + ttl, Date.now() + ttl])
      return done.expire++
    }
    default: {
      const found = await cache.get(key)
      const should = isThere(before, asked, Date.now())
      if (should === true ? !matches(i, before[0], found) : should === false && found !== undefined)
        wrong.push(['read', key, before, found])
      return done.read++
    }
  }
}

function matches(i, n, found) {
  const value = n === 0 ? seedValue(i) : valueOf(i, n)
  return (
    isDeepStrictEqual(found, value) || (found instanceof Uint8Array && n > 0 && Buffer.from(found).toString() === JSON.stringify(value))
  )
}

for (let n = 1; ;) {
  if ((await control.get('stop')) !== undefined) break
  const mine = new Set(Array.from({ length: 100 }, () => pick(Math.floor(count / writers)) * writers + id))
  await Promise.all([...mine].map((i) => change(i, n++)))
}
writeFileSync(file, JSON.stringify({ known: [...known], wrong: wrong.slice(0, 20), done }))
for (const cache of [...caches, control]) await cache.close()
