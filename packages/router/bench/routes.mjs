// Routes a second with 8 and 100 nodes, against the hashring package, in one interleaved run. Needs the build:
// tsc -b packages/router && node packages/router/bench/routes.mjs [rounds] [keys]
import process from 'node:process'
import { djangoRing, jump, ketama, rendezvous } from '@shale/router'
import HashRing from 'hashring'

const [rounds = 11, count = 100_000] = process.argv.slice(2).map(Number)
const keys = Array.from({ length: count }, (_, i) => `shop:1:user:${(i * 7919) % count}`)
// A key that was just put together is flattened when it is first read; all contestants get flat ones.
for (const key of keys) key.charCodeAt(0)

const median = (values) => values.toSorted((a, b) => a - b)[values.length >> 1]
const rows = []
for (const size of [8, 100]) {
  const nodes = Array.from({ length: size }, (_, i) => ({ name: `10.0.0.${i}:6379` }))
  const routers = {
    'rendezvous()': rendezvous()(nodes),
    'rendezvous(), weighted': rendezvous()(nodes.map((node, i) => ({ ...node, weight: 1 + (i % 4) }))),
    'jump()': jump()(nodes),
    'ketama()': ketama()(nodes),
    'djangoRing()': djangoRing()(nodes),
  }
  const ring = new HashRing(nodes.map(({ name }) => name))
  const contestants = {
    hashring: (key) => ring.get(key),
    ...Object.fromEntries(Object.entries(routers).map(([name, router]) => [name, (key) => router.route(key)])),
  }
  const rates = Object.fromEntries(Object.keys(contestants).map((name) => [name, []]))
  for (let round = 0; round <= rounds; round++) {
    for (const [name, route] of Object.entries(contestants)) {
      const rate = measure(route)
      // The first round warms up.
      if (round > 0) rates[name].push(rate)
    }
  }
  for (const [name, found] of Object.entries(rates)) {
    const ratios = found.map((rate, round) => rate / rates.hashring[round])
    rows.push({
      nodes: size,
      router: name,
      'M routes/s': Number(median(found).toFixed(2)),
      'times hashring': Number(median(ratios).toFixed(1)),
      'busiest / mean': busiest(contestants[name], size),
    })
  }
}
console.table(rows)

/** Millions of routes a second of processor time: what else the machine does counts less than it would by the clock. */
function measure(route) {
  const before = process.cpuUsage()
  let length = 0
  for (const key of keys) length += route(key).length
  const { user, system } = process.cpuUsage(before)
  const seconds = (user + system) / 1e6
  if (length === 0) throw new Error('expected the names of nodes')
  return keys.length / seconds / 1e6
}

function busiest(route, size) {
  const counts = new Map()
  for (const key of keys) counts.set(route(key), (counts.get(route(key)) ?? 0) + 1)
  return Number(((Math.max(...counts.values()) * size) / keys.length).toFixed(2))
}
