// Routes a second with 3, 8 and 100 nodes, against the hashring package, in one interleaved run; and by the kind of key. Needs the build:
// tsc -b packages/router && node packages/router/bench/routes.mjs [--rounds 15] [--nodes 3,8,100] [--rates] [--json]
// With --rates nothing is measured by the kind of key.
import { Buffer } from 'node:buffer'
import process from 'node:process'
import { parseArgs } from 'node:util'
import { djangoRing, jump, ketama, rendezvous } from '@shale/router'
import HashRing from 'hashring'

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '15' },
    nodes: { type: 'string', default: '3,8,100' },
    rates: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  },
})
const rounds = Number(options.rounds)
const kinds = {
  'of 10': keysOf((i) => `user:${10_000 + i}`),
  'of 18': keysOf((i) => `shop:1:user:${100_000 + i}`),
  'of 30': keysOf((i) => `shop:1:user:${100_000 + i}:permissions`),
  'of 60': keysOf((i) => `shop:1:article:${100_000 + i}:comments:of:the:last:week:by:author:id`),
  tagged: keysOf((i) => `shop:1:{user:${100_000 + i}}:profile`),
}
// Far more than the 5,000 answers that hashring remembers.
const keys = keysOf((i) => `shop:1:user:${i}`, 100_000)

const rates = []
const byKey = []
for (const size of options.nodes.split(',').map(Number)) {
  const nodes = Array.from({ length: size }, (_, i) => ({ name: `10.0.0.${i}:6379` }))
  const routers = {
    'rendezvous()': rendezvous()(nodes),
    'rendezvous(), 4 weights': rendezvous()(nodes.map((node, i) => ({ ...node, weight: 1 + (i % 4) }))),
    'rendezvous(), a weight each': rendezvous()(nodes.map((node, i) => ({ ...node, weight: 1 + (3 * i) / size }))),
    'jump()': jump()(nodes),
    'ketama()': ketama()(nodes),
    'djangoRing()': djangoRing()(nodes),
  }
  const ring = new HashRing(nodes.map(({ name }) => name))
  const contestants = {
    hashring: (key) => ring.get(key),
    ...Object.fromEntries(Object.entries(routers).map(([name, router]) => [name, (key) => router.route(key)])),
  }
  // As in an application, each has seen strings of every form that V8 has.
  for (const route of Object.values(contestants)) for (const key of forms()) route(key)
  const found = Object.fromEntries(Object.keys(contestants).map((name) => [name, []]))
  for (let round = 0; round <= rounds; round++) {
    for (const [name, route] of Object.entries(contestants)) {
      const rate = measure(route, keys)
      // The first round warms up.
      if (round > 0) found[name].push(rate)
    }
  }
  for (const [name, list] of Object.entries(found)) {
    rates.push({
      nodes: size,
      router: name,
      'M routes/s': rounded(median(list), 2),
      best: rounded(Math.max(...list), 2),
      'times hashring': rounded(median(list.map((rate, round) => rate / found.hashring[round])), 1),
      'busiest / mean': busiest(contestants[name], size),
    })
  }
  for (const [name, router] of options.rates ? [] : Object.entries(routers)) {
    const best = Object.entries(kinds).map(([kind, list]) => {
      const tries = Array.from({ length: 5 }, () => measure((key) => router.route(key), list))
      return [kind, rounded(Math.max(...tries), 1)]
    })
    byKey.push({ nodes: size, router: name, ...Object.fromEntries(best) })
  }
}

if (options.json) {
  console.log(JSON.stringify({ rates, byKey }))
} else {
  console.log('100,000 keys of up to 17 characters: the median and the best of the rounds, and the median of the ratios within a round')
  console.table(rates)
  if (!options.rates) console.log('M routes/s by the length of the keys, and with a {tag}: the best of five rounds')
  if (!options.rates) console.table(byKey)
}

/** Millions of routes a second of processor time: what else the machine does counts less than it would by the clock. */
function measure(route, list) {
  let length = 0
  let laps = 0
  let seconds = 0
  const before = process.cpuUsage()
  while (seconds < 0.01) {
    for (const key of list) length += route(key).length
    laps++
    const { user, system } = process.cpuUsage(before)
    seconds = (user + system) / 1e6
  }
  if (length === 0) throw new Error('expected the names of nodes')
  return (laps * list.length) / seconds / 1e6
}

function busiest(route, size) {
  const counts = new Map()
  for (const key of keys) {
    const name = route(key)
    counts.set(name, (counts.get(name) ?? 0) + 1)
  }
  return rounded((Math.max(...counts.values()) * size) / keys.length, 2)
}

/** A key that was just put together is flattened when it is first read; all contestants get flat ones. */
function keysOf(keyOf, count = 20_000) {
  const list = Array.from({ length: count }, (_, i) => keyOf((i * 7919) % count))
  for (const key of list) key.charCodeAt(0)
  return list
}

/** Strings as V8 keeps them: whole, joined, cut out, kept once as a name, and each with and without characters beyond Latin-1. */
function forms() {
  return ['abcdefghijklmnop', '日本語日本語日本語日本語日本語'].flatMap((text) => {
    const whole = Buffer.from(text).toString()
    const joined = `${whole}:${process.pid}`
    return [text, whole, joined, `${whole}${whole}`.slice(3), ...Object.keys({ [joined]: true })]
  })
}

function median(values) {
  return values.toSorted((a, b) => a - b)[values.length >> 1]
}

function rounded(value, digits) {
  return Number(value.toFixed(digits))
}
