// The values of the golden vectors, by name. One that was released is never changed: a new one gets a new name.

const cyclic = { name: 'cyclic', list: [] }
cyclic.self = cyclic
cyclic.list.push(cyclic.list)
const shared = { id: 1 }
const sparse = [1, 2, 3]
delete sparse[1]
const ownProto = JSON.parse('{"__proto__":{"a":1},"b":2}')

const article = id => ({
  id, slug: `article-${id}`, title: 'Größe und Höhe', author: { id: 7, name: 'Ada', verified: true }, tags: ['news', 'science'], views: 12_345, rating: 4.5, at: 1_700_000_000_123, body: 'x'.repeat(80), parent: null,
})

/** Every codec but `bytes` keeps these. */
export const plain = {
  'integer': 42,
  'negative integer': -9_007_199_254_740_991,
  'numeric text': '42',
  'empty text': '',
  'text': 'Grüße, 日本 🧂',
  'long text': 'abc'.repeat(1000),
  'null': null,
  'true': true,
  'fraction': 0.1,
  'small fraction': 1.5,
  'large number': 1e300,
  'number beyond 32 bits': 2 ** 40 + 0.5,
  'array': [1, -1, 24, 256, 65_536, 2 ** 32, 'a', null, [], {}],
  'object': { a: 1, b: { c: [1, 2, { d: 'e' }] }, '': 0, 'ключ': 'значение' },
  'article': article(1),
  'articles': Array.from({ length: 12 }, (_, id) => article(id)),
}

/** Only `cbor` keeps all of these. */
export const rich = {
  'negative zero': -0,
  'NaN': NaN,
  'infinities': [Infinity, -Infinity],
  'undefined inside': { a: undefined, b: [undefined] },
  'bigints': [0n, 5n, -5n, 2n ** 64n - 1n, -(2n ** 64n), 2n ** 100n, -(2n ** 100n)],
  'dates': [new Date(0), new Date(1_700_000_000_123), new Date(-1), new Date(8_639_999_999_999_999)],
  'map': new Map([['a', 1], [{ b: 2 }, new Map([[null, [3]]])]]),
  'set': new Set(['a', 1, { b: 2 }]),
  'regexp': /a(?<n>b)+/giu,
  'buffer': Buffer.from('bytes'),
  'typed arrays': [
    new Uint8Array([1, 255]), new Uint8ClampedArray([2]), new Uint16Array([3]), new Uint32Array([4]), new BigUint64Array([5n]), new Int8Array([-1]), new Int16Array([-2]), new Int32Array([-3]),
    new BigInt64Array([-4n]), new Float32Array([0.5]), new Float64Array([0.1]),
  ],
  'array buffer': Uint8Array.of(1, 2, 3).buffer,
  'data view': new DataView(Uint8Array.of(1, 2, 3).buffer),
  'holes': sparse,
  'boxed': [Object(1), Object('a'), Object(true)],
  'error': Object.assign(new TypeError('wrong', { cause: { code: 5 } }), { extra: 1 }),
  'cyclic': cyclic,
  'shared': [shared, shared, { again: shared }],
  'lone surrogate': 'a\ud800b',
  'byte order mark': '\ufefftext',
  'key __proto__': ownProto,
}

/** `bytes` takes these alone. */
export const raw = { 'raw bytes': Buffer.from([0, 1, 2, 253, 254, 255]), 'no bytes': Buffer.alloc(0), 'many bytes': Buffer.alloc(2000, 7) }

export const values = { ...plain, ...rich, ...raw }

/** The key that encrypted vectors are made with, and what they belong to. */
export const encryption = { keys: { golden: Buffer.from('000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f', 'hex') }, current: 'golden' }
export const context = { prefix: 'golden', key: 'vector:1' }
