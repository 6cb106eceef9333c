import { expect, test } from 'vitest'
import { findPrimary, wrongMember, type Standing } from '../src/replicas/find-primary.ts'
import type { ReplicationInfo } from '../src/replicas/replication-info.ts'

interface Named extends Standing {
  readonly name: string
}

const info = (rest: Partial<ReplicationInfo>): ReplicationInfo => ({
  ...{ role: 'primary', history: 'h1', formerHistory: undefined, offset: 100, linked: false, follows: undefined },
  ...rest,
})
const primary = (name: string, rest: Partial<ReplicationInfo> = {}): Named => {
  const said = info(rest)
  return { name, info: said, lastInfo: said }
}
const replica = (name: string, rest: Partial<ReplicationInfo> = {}): Named =>
  primary(name, { role: 'replica', linked: true, follows: '10.0.0.9:6379', ...rest })
const gone = (name: string, last?: Partial<ReplicationInfo>): Named => ({
  name,
  info: undefined,
  lastInfo: last === undefined ? undefined : info(last),
})

/** Who is found, with the first one as the current primary. */
const found = (members: readonly Named[], current: Named | undefined = members[0], named?: Named): string | undefined =>
  findPrimary(members, { current, named })?.name

test('the one that says so', () => {
  expect(found([primary('a'), replica('b'), replica('c')])).toBe('a')
  expect(found([replica('a', { history: 'h2' }), primary('b', { history: 'h2', formerHistory: 'h1' })])).toBe('b')
  expect(found([replica('a'), replica('b')])).toBe(undefined)
  expect(found([gone('a', {}), replica('b', { linked: false })])).toBe(undefined)
  expect(found([gone('a', {}), primary('b', { history: 'h2', formerHistory: 'h1' })])).toBe('b')
})

test('of two the one that was promoted over the other, whatever the other has written since', () => {
  const b = primary('b', { history: 'h2', formerHistory: 'h1', offset: 90 })
  expect(found([primary('a', { offset: 1000 }), b])).toBe('b')
  expect(found([primary('a', { offset: 1000 }), replica('c'), replica('d'), b])).toBe('b')
})

test('a former primary that comes back empty is not taken for the primary again', () => {
  const back = primary('a', { history: 'h9', offset: 0 })
  const b = primary('b', { history: 'h2', formerHistory: 'h1' })
  expect(found([back, b, replica('c', { history: 'h2' })], b)).toBe('b')
  expect(found([back, b], b)).toBe('b')
  // A process that has just begun, and has the address of the former one first.
  expect(found([back, b, replica('c', { history: 'h2' })])).toBe('b')
})

test('a listed server that shares no history with the primary has not taken over', () => {
  const stray = primary('b', { history: 'h7', offset: 1e9 })
  expect(found([primary('a'), stray])).toBe('a')
  expect(found([gone('a', {}), stray])).toBe(undefined)
  expect(found([gone('a'), stray])).toBe(undefined)
  expect(found([gone('a'), primary('b', { formerHistory: 'h0' })])).toBe('b')
  expect(found([gone('a'), primary('b'), replica('c')])).toBe('b')
})

test('what a sentinel names is preferred where histories tell nothing', () => {
  const [a, b] = [primary('a', { history: 'h5' }), primary('b', { history: 'h6' })]
  expect(found([a, b], a, b)).toBe('b')
  expect(found([b, a], b, a)).toBe('a')
  expect(found([replica('a'), replica('b')], undefined, undefined)).toBe(undefined)
  const promoted = primary('b', { history: 'h2', formerHistory: 'h1' })
  const former = primary('a')
  expect(found([former, promoted], former, former)).toBe('b')
})

test('members that do not belong together', () => {
  const wrong = (...members: Named[]): unknown => wrongMember('shard', members)
  expect(wrong(primary('a'), replica('b'))).toBe(undefined)
  expect(wrong(primary('a'), replica('b', { linked: false, history: 'hx' }))).toBe(undefined)
  expect(wrong(primary('a'), replica('b', { history: 'hx' }))).toMatchObject({
    code: 'CONFIG_INVALID',
    message: expect.stringMatching(/expected b to be a replica of a, in shard; it follows another primary, at 10\.0\.0\.9:6379/),
  })
  expect(wrong(replica('a'), replica('b'))).toMatchObject({
    code: 'CONFIG_INVALID',
    message: expect.stringMatching(/expected a to be the primary of shard; it is a replica of 10\.0\.0\.9:6379/),
  })
  const another = primary('b', { history: 'h7' })
  expect(wrong(primary('a'), another)).toMatchObject({
    code: 'CONFIG_INVALID',
    message: expect.stringMatching(/expected b to be a replica of a, in shard; it is a primary itself\. Make it a replica \(REPLICAOF\)/),
  })
  expect(wrong(primary('a'), replica('c'), another)).toMatchObject({ code: 'CONFIG_INVALID' })
  // A member that does not answer may be the one that they follow.
  expect(wrong(replica('a'), gone('b'))).toBe(undefined)
  expect(wrong(primary('a'), gone('c'), replica('b', { history: 'hx' }))).toBe(undefined)
  // While a failover is under way a replica may still follow the former primary.
  // A former primary may be back before it was made a replica, with what it had or empty; or both may have begun anew.
  const promoted = primary('b', { history: 'h2', formerHistory: 'h1' })
  expect(wrong(primary('a'), promoted)).toBe(undefined)
  expect(wrong(primary('a', { history: 'h9' }), promoted, replica('c', { history: 'h2' }))).toBe(undefined)
  expect(wrong(promoted, primary('a', { history: 'h9' }))).toBe(undefined)
  expect(wrong(primary('a', { history: 'h9' }), another, replica('c', { history: 'h7' }))).toBe(undefined)
  expect(wrong(primary('a'), gone('c'), another)).toBe(undefined)
  expect(wrong(replica('a', { linked: false }), primary('b', { history: 'h2', formerHistory: 'h1' }), replica('c'))).toBe(undefined)
})
