import { compileGlob, escapeGlob } from '@shale/contracts'
import { startRedis, type RedisServer } from '@tooling/servers'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'

const seed = Date.now() % 2 ** 31

let server: RedisServer
beforeAll(async () => {
  console.log(`glob: seed ${seed}`)
  server = await startRedis()
})
afterAll(() => server.stop())

const letters = ['a', 'b', 'c', 'z', '-', '^', ']', '[', '\\', '*', '?', '0', ':', '~', 'é', '語', '🧂', '\0', '\n', '\x7f'] as const
const key = fc.string({ unit: fc.constantFrom(...letters), minLength: 1, maxLength: 6 })
const part = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...letters) },
  { weight: 2, arbitrary: fc.constantFrom('*', '**', '?', '\\') },
  { weight: 2, arbitrary: fc.string({ unit: fc.constantFrom(...letters), maxLength: 4 }).map((inner) => `[${inner}]`) },
  { weight: 1, arbitrary: fc.string({ unit: fc.constantFrom(...letters), maxLength: 4 }).map((inner) => `[^${inner}`) },
  { weight: 1, arbitrary: fc.tuple(fc.constantFrom(...letters), fc.constantFrom(...letters)).map(([from, to]) => `[${from}-${to}]`) },
)
const glob = fc.array(part, { maxLength: 5 }).map((parts) => parts.join(''))

/** Which of the keys a server finds with a pattern. */
async function ask(pattern: string): Promise<Set<string>> {
  const found = (await server.command('KEYS', pattern)) as string[]
  return new Set(found.map((latin1) => Buffer.from(latin1, 'latin1').toString('utf8')))
}

/** Ranges that cross the border of ASCII depend on whether the `char` of the server's platform is signed. */
const crossesAscii = (pattern: string): boolean => process.arch !== 'x64' && /[^\0-\x7f]/.test(pattern)

test('random patterns match random keys exactly as on a server', async () => {
  const keys = new Set(fc.sample(key, { seed, numRuns: 1500 }))
  for (const name of ['plain', 'user:1', 'user:2', 'a', 'b', '-', '\\', '[', ']', '^', '*', '?']) keys.add(name)
  for (const name of keys) await server.command('SET', name, '1')
  let matched = 0
  await fc.assert(
    fc.asyncProperty(glob, async (pattern) => {
      fc.pre(!crossesAscii(pattern))
      const matches = compileGlob(pattern)
      const mine = new Set([...keys].filter(matches))
      matched += mine.size
      expect(mine).toEqual(await ask(pattern))
    }),
    { seed, numRuns: 4000 },
  )
  expect(matched).toBeGreaterThan(1000)
  await server.command('FLUSHALL')
})

test.each([
  ['a*a*a', ['aaa', 'abaca', 'aa']],
  ['[', ['[', 'a']],
  ['[^', ['[', 'a', 'ab']],
  ['[]', [']', 'a']],
  ['[]a]', [']', 'a', ']a]', 'a]']],
  ['[^]', ['a', '^']],
  ['[a', ['a', '[', '[a']],
  ['[a-', ['a', '-', 'b']],
  ['[a-]', ['a', '-', '^', ']', 'b', ']]']],
  ['[a-]]', ['a]', ']', 'a', '^']],
  ['[z-a]', ['m', 'z', 'a', '-']],
  ['[\\]]', [']', '\\', 'a']],
  ['[\\a-c]', ['a', 'b', '-', 'c', '\\']],
  ['[a-\\]', ['a', '\\', 'b', ']', '^']],
  ['[^a-c]', ['a', 'd', '^']],
  ['\\', ['\\', 'a']],
  ['a\\', ['a\\', 'a']],
  ['\\*', ['*', 'a', '\\*']],
  ['\\a', ['a', '\\a']],
  ['?', ['a', 'é', 'ab']],
  ['??', ['a', 'é', 'ab']],
  ['[é]?', ['é', 'ê', 'aé']],
  ['[é][é]', ['é']],
  ['**', ['a', 'ab']],
  ['*a**', ['a', 'ba', 'b', 'ab']],
] as [pattern: string, keys: string[]][])('%j reads as on a server', async (pattern, keys) => {
  await server.command('FLUSHALL')
  for (const name of keys) await server.command('SET', name, '1')
  expect(new Set(keys.filter(compileGlob(pattern)))).toEqual(await ask(pattern))
})

test('an escaped text matches itself alone, also inside a class', async () => {
  fc.assert(
    fc.property(key, key, (text, other) => {
      const matches = compileGlob(escapeGlob(text))
      expect(matches(text)).toBe(true)
      expect(matches(other)).toBe(text === other)
      const inClass = compileGlob(`[${escapeGlob(text)}]`)
      for (const letter of 'abcz-^][\\*?0') expect(inClass(letter)).toBe(text.includes(letter))
    }),
    { seed, numRuns: 2000 },
  )
  const odd = '*?[a-z]\\^-é'
  await server.command('FLUSHALL')
  for (const name of [odd, 'x', 'aa']) await server.command('SET', name, '1')
  expect(await ask(escapeGlob(odd))).toEqual(new Set([odd]))
})

test('a pattern of many stars takes no more steps than the text times the pattern', () => {
  let reads = 0
  const text = 'a'.repeat(20_000)
  const matches = compileGlob(`${'a*'.repeat(200)}b`)
  const charCodeAt = String.prototype.charCodeAt
  String.prototype.charCodeAt = function (index) {
    reads++
    return charCodeAt.call(this, index)
  }
  try {
    expect(matches(text)).toBe(false)
  } finally {
    String.prototype.charCodeAt = charCodeAt
  }
  expect(reads).toBeGreaterThan(text.length / 2)
  expect(reads).toBeLessThanOrEqual(text.length * 400)
})

test('the empty text is matched by nothing but the empty pattern and the single star', () => {
  expect(['', '*', '**', '?', 'a', '[^a]'].map((pattern) => compileGlob(pattern)(''))).toEqual([true, true, false, false, false, false])
})
