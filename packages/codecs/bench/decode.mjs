// How fast entries are made and read, against each other in interleaved rounds, so that ratios hold on a busy machine.
// Build first, then: node packages/codecs/bench/decode.mjs [rounds]
import { cbor, createSerializer, json } from '@shale/codecs'
import { Encoder } from 'cbor-x'

const words =
  'lorem ipsum dolor sit amet consectetur adipiscing elit sed do eiusmod tempor incididunt ut labore et dolore magna aliqua'.split(' ')
let state = 1
const random = () => (state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0) / 2 ** 32
const below = (end) => Math.floor(random() * end)
const text = (count) => Array.from({ length: count }, () => words[below(words.length)]).join(' ')
const articles = Array.from({ length: 10_000 }, (_, i) => ({
  id: i + 1000,
  slug: text(3).replaceAll(' ', '-'),
  title: text(5),
  author: { id: below(5000), name: text(2), verified: random() < 0.5 },
  tags: [text(1), text(1), text(1)],
  views: below(100_000),
  rating: Math.round(random() * 500) / 100,
  published: random() < 0.8,
  createdAt: 1_700_000_000_000 + below(1e10),
  body: text(8),
  locale: 'en',
}))
const lists = Array.from({ length: 100 }, (_, i) => articles.slice(i * 100, i * 100 + 100))

const other = new Encoder({ useRecords: false, variableMapSize: true, mapsAsObjects: true })
const one = createSerializer({ codec: cbor({ protocol: 1 }) })
const two = createSerializer({ codec: cbor({ protocol: 2 }) })
const text_ = createSerializer({ codec: json() })
const all = (values, encode) => values.map((value) => Buffer.from(encode(value)))

const entries = {
  x: all(articles, (value) => other.encode(value)),
  one: all(articles, (value) => one.encode(value)),
  two: all(articles, (value) => two.encode(value)),
  json: all(articles, (value) => text_.encode(value)),
  oneList: all(lists, (value) => one.encode(value)),
  twoList: all(lists, (value) => two.encode(value)),
}

const tasks = {
  'cbor-x, bare: decode': () => {
    for (const bytes of entries.x) other.decode(bytes)
  },
  'JSON.parse, bare: decode': () => {
    for (const bytes of entries.json) JSON.parse(bytes.subarray(15).toString())
  },
  'protocol 1: decode': () => {
    for (const bytes of entries.one) one.decode(bytes)
  },
  'protocol 2: decode': () => {
    for (const bytes of entries.two) two.decode(bytes)
  },
  'json: decode': () => {
    for (const bytes of entries.json) text_.decode(bytes)
  },
  'protocol 1, lists of 100: decode': () => {
    for (const bytes of entries.oneList) one.decode(bytes)
  },
  'protocol 2, lists of 100: decode': () => {
    for (const bytes of entries.twoList) two.decode(bytes)
  },
  'cbor-x and a copy: encode': () => {
    for (const value of articles) Uint8Array.prototype.slice.call(other.encode(value))
  },
  'protocol 1: encode': () => {
    for (const value of articles) one.encode(value)
  },
  'protocol 2: encode': () => {
    for (const value of articles) two.encode(value)
  },
  'json: encode': () => {
    for (const value of articles) text_.encode(value)
  },
}

const rounds = Number(process.argv[2] ?? 40)
const times = Object.fromEntries(Object.keys(tasks).map((name) => [name, []]))
for (let round = 0; round < rounds; round++) {
  for (const [name, task] of Object.entries(tasks)) {
    const start = process.hrtime.bigint()
    task()
    times[name].push(Number(process.hrtime.bigint() - start) / articles.length)
  }
}
const median = (name) => [...times[name]].sort((a, b) => a - b)[rounds >> 1]
console.table(
  Object.fromEntries(
    Object.keys(tasks).map((name) => [
      name,
      { 'ns per object, median': Math.round(median(name)), least: Math.round(Math.min(...times[name])) },
    ]),
  ),
)

const mean = (list) => list.reduce((sum, bytes) => sum + bytes.length, 0) / list.length
console.table({
  'decode, protocol 1 ÷ 2': { ratio: (median('protocol 1: decode') / median('protocol 2: decode')).toFixed(2) },
  'decode lists, protocol 1 ÷ 2': {
    ratio: (median('protocol 1, lists of 100: decode') / median('protocol 2, lists of 100: decode')).toFixed(2),
  },
  'decode, bare cbor-x ÷ protocol 1': { ratio: (median('cbor-x, bare: decode') / median('protocol 1: decode')).toFixed(2) },
  'decode, bare cbor-x ÷ protocol 2': { ratio: (median('cbor-x, bare: decode') / median('protocol 2: decode')).toFixed(2) },
  'encode, protocol 1 ÷ 2': { ratio: (median('protocol 1: encode') / median('protocol 2: encode')).toFixed(2) },
  'encode, cbor-x and a copy ÷ protocol 2': { ratio: (median('cbor-x and a copy: encode') / median('protocol 2: encode')).toFixed(2) },
  'bytes of one object, protocol 2 ÷ 1': { ratio: (mean(entries.two) / mean(entries.one)).toFixed(3) },
  'bytes of a list of 100, protocol 2 ÷ 1': { ratio: (mean(entries.twoList) / mean(entries.oneList)).toFixed(3) },
})
console.log(
  `bytes: json ${mean(entries.json)}, protocol 1 ${mean(entries.one)}, protocol 2 ${mean(entries.two)}, cbor-x ${mean(entries.x)} (without a header)`,
)
