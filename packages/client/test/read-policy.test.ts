import { expect, test } from 'vitest'
import { createSeededRandom } from '@shale/testing'
import { readPolicy, type ReadableServer, type ReadPolicyName } from '../src/replicas/read-policy.ts'

const server = (name: string, rest: Partial<ReadableServer> = {}): ReadableServer => ({
  ...{ name, role: name === 'p' ? 'primary' : 'replica', latency: undefined, lag: 0, weight: 1 },
  ...rest,
})
const [p, a, b] = [server('p', { latency: 3 }), server('a', { latency: 1, weight: 3 }), server('b', { latency: 2 })] as const
const random = createSeededRandom(7)

/** How often each is chosen, of 8,000 times. */
function shares(name: ReadPolicyName, servers: readonly ReadableServer[]): Record<string, number> {
  const policy = readPolicy(name)
  const counts: Record<string, number> = {}
  for (let i = 0; i < 8000; i++) {
    const chosen = policy.choose(servers, random)?.name ?? 'the primary'
    counts[chosen] = (counts[chosen] ?? 0) + 1
  }
  return counts
}

test('each policy chooses whom its name says', () => {
  expect(shares('primary', [p, a, b])).toEqual({ 'the primary': 8000 })
  expect(shares('primary-preferred', [p, a, b])).toEqual({ p: 8000 })
  expect(Object.keys(shares('primary-preferred', [a, b])).sort()).toEqual(['a', 'b'])
  expect(shares('replica', [p])).toEqual({ 'the primary': 8000 })
  expect(shares('nearest', [p, b, a])).toEqual({ a: 8000 })
  expect(shares('nearest', [p, server('new')])).toEqual({ p: 8000 })
  expect(shares('any', [])).toEqual({ 'the primary': 8000 })
})

test('weights are shares', () => {
  for (const name of ['replica', 'replica-preferred'] as const) {
    const { a: ofA = 0, b: ofB = 0, ...others } = shares(name, [p, a, b])
    expect(others).toEqual({})
    expect(Math.abs(ofA / (ofA + ofB) - 0.75)).toBeLessThan(0.03)
  }
  const { p: ofP = 0, a: ofA = 0, b: ofB = 0 } = shares('any', [p, a, b])
  expect(Math.abs(ofA / 8000 - 0.6)).toBeLessThan(0.03)
  expect(Math.abs(ofP - ofB)).toBeLessThan(300)
})

test('after a failure', () => {
  const again = (name: ReadPolicyName, failed: ReadableServer, others: readonly ReadableServer[]): string | undefined =>
    readPolicy(name).chooseAgain(failed, others, random)?.name
  expect(again('primary', p, [a])).toBe(undefined)
  expect(again('primary-preferred', p, [a])).toBe('a')
  expect(again('replica', a, [b])).toBe('b')
  expect(again('replica', a, [])).toBe(undefined)
  expect(again('replica-preferred', a, [b])).toBe(undefined)
  for (const name of ['any', 'nearest'] as const) {
    expect(again(name, a, [b])).toBe(undefined)
    expect(again(name, p, [b])).toBe('b')
  }
})

test('a function chooses one of its servers, or the primary by undefined', () => {
  const seen: string[][] = []
  const policy = readPolicy((servers: readonly ReadableServer[]) => {
    seen.push(servers.map(({ name }) => name))
    return servers[1]
  })
  expect(policy.choose([p, a], random)).toBe(a)
  expect(policy.choose([p], random)).toBe(undefined)
  expect(seen).toEqual([['p', 'a'], ['p']])
  for (const wrong of ['a', 1, null, { ...a }]) {
    expect(() => readPolicy(() => wrong as never).choose([p, a], random)).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }))
  }
})

test('a function that throws: what it threw, and what is wrong', () => {
  const boom = new Error('boom')
  const throws = (): never => {
    throw boom
  }
  expect(() => readPolicy(throws).choose([p, a], random)).toThrow(
    expect.objectContaining({
      code: 'CONFIG_INVALID',
      message: expect.stringMatching(/^readFrom: the function threw: boom\. It has to give one of its servers, or undefined/) as string,
      cause: boom,
    }),
  )
})

test('what is no policy', () => {
  for (const wrong of ['secondary', 'constructor', '', undefined, null, 1, {}]) {
    expect(() => readPolicy(wrong)).toThrow(
      expect.objectContaining({ code: 'CONFIG_INVALID', message: expect.stringMatching(/^readFrom: expected one of 'primary'/) }),
    )
  }
})
