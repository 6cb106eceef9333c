import { describe, expect, test } from 'vitest'
import { ShaleError } from '@shale/contracts'
import { findPrimary, noPrimary, wrongMember } from '../src/replicas/find-primary.ts'
import type { ReplicationInfo } from '../src/replicas/replication-info.ts'
import { footingAfter, type Standing } from '../src/replicas/standing.ts'

interface Named extends Standing {
  readonly name: string
}

const info = (rest: Partial<ReplicationInfo>): ReplicationInfo => ({
  ...{ role: 'primary', history: 'h1', formerHistory: undefined, forkedAt: -1, offset: 100, linked: false, follows: undefined },
  process: undefined,
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
})

describe('of a primary and one that grew out of its history', () => {
  /** The primary, `a`, of process 1, and `b`, which follows it in process 2 and has all up to 90. */
  const a = (rest: Partial<ReplicationInfo> = {}): Named => after(primary('a', { process: '1', offset: 1000, ...rest }), { process: '1' })
  const wasReplica: Partial<ReplicationInfo> = { role: 'replica', linked: true, process: '2', offset: 90 }
  const after = (member: Named, footing: Partial<ReplicationInfo>): Named => ({ ...member, footing: info(footing) })
  const fork = { history: 'h2', formerHistory: 'h1', forkedAt: 90, offset: 95 }
  const promoted = after(primary('b', { ...fork, process: '2' }), wasReplica)
  const restarted = after(primary('b', { ...fork, process: '3', forkedAt: 40, offset: 40 }), wasReplica)
  const restartedWithAll = after(primary('b', { ...fork, process: '3' }), wasReplica)
  const unseen = primary('b', { ...fork, process: '3' })
  const unseenAhead = primary('b', { ...fork, process: '3', offset: 2000 })
  const silent = (offset: number): Named => gone('a', { process: '1', offset })
  const demoted = (rest: Partial<ReplicationInfo> = {}): Named => replica('a', { process: '1', linked: false, ...rest })
  const ofA = [replica('c'), replica('d')]
  const ofB = replica('c', { history: 'h2' })

  test.each<[string, Named[], string | undefined]>([
    ['promoted: it takes over, whatever the other has written since', [a(), promoted], 'b'],
    ['promoted, and the others follow the former one still', [a(), promoted, ...ofA], 'b'],
    ['promoted, the former one is dead or hangs', [silent(1000), promoted], 'b'],
    ['promoted, the former one is back and empty', [after(primary('a', { process: '9', history: 'h9', offset: 0 }), {}), promoted], 'b'],
    ['begun anew with old data, the primary answers', [a(), restarted], 'a'],
    ['begun anew, as is one that followed it: the primary answers', [a(), restarted, ofB], 'a'],
    ['begun anew with all that is known, the primary answers', [a({ offset: 90 }), restartedWithAll], 'a'],
    ['begun anew with old data, the primary does not answer', [silent(90), restarted], undefined],
    ['begun anew with less than the primary is known to have had', [silent(91), restartedWithAll], undefined],
    ['begun anew with all that is known, the primary does not answer', [silent(90), restartedWithAll], 'b'],
    ['begun anew, and others were made to follow it', [silent(1000), restarted, ofB], 'b'],
    ['begun anew, and the former primary is on its way elsewhere', [demoted(), restarted], undefined],
    ['begun anew, and the former primary was made to follow it', [demoted({ history: 'h2', linked: true }), restarted], 'b'],
    ['begun anew, and another was promoted', [silent(1000), restartedWithAll, { ...promoted, name: 'c' }], 'c'],
    [
      'begun anew with the very id of the history',
      [silent(90), after(primary('b', { process: '3' }), wasReplica), replica('c')],
      undefined,
    ],
    ['begun anew and empty', [silent(90), after(primary('b', { process: '3', history: 'h8', offset: 0 }), wasReplica)], undefined],
    ['nothing seen: the primary was written to since', [a(), unseen], 'a'],
    ['nothing seen: the other was written to since', [a(), unseenAhead], 'b'],
    ['nothing seen, nothing written since', [a({ offset: 95 }), unseen], 'b'],
    ['nothing seen: it is the one that others follow', [a(), unseen, ofB], 'b'],
    ['nothing seen: it is the one that others follow still', [a(), unseenAhead, ...ofA], 'a'],
    ['nothing seen, and there is no other', [gone('a'), unseen], 'b'],
  ])('%s', (_, members, expected) => {
    expect(found(members)).toBe(expected)
    expect(found(members.toReversed(), members[0])).toBe(expected)
  })

  test('what a sentinel names counts, but for one that was seen to be promoted', () => {
    const primaryA = a()
    expect(found([primaryA, promoted], primaryA, primaryA)).toBe('b')
    expect(found([primaryA, restarted], primaryA, primaryA)).toBe('a')
    expect(found([primaryA, restarted], primaryA, restarted)).toBe('b')
    expect(found([primaryA, unseenAhead], primaryA, primaryA)).toBe('a')
    expect(found([primaryA, unseen], primaryA, unseen)).toBe('b')
    expect(found([silent(1000), restarted], undefined, restarted)).toBe('b')
  })

  test('the one in use is kept while it answers, be it begun anew; unless it was used for want of the other', () => {
    const inUse = after(primary('b', { ...fork, process: '3' }), { ...fork, process: '2' })
    expect(found([a({ history: 'h9' }), inUse], inUse)).toBe('b')
    const forWant = after(primary('b', { ...fork, process: '3' }), { ...fork, process: '3' })
    expect(found([silent(1000), forWant], forWant)).toBe('b')
    expect(found([a(), forWant], forWant)).toBe('a')
    expect(found([a({ offset: 94 }), forWant], forWant)).toBe('b')
    expect(found([a(), promoted], promoted)).toBe('b')
  })

  test('one that is not trusted is told as such', () => {
    const error = new ShaleError('SERVER_TIMEOUT', 'a says nothing')
    const silentA = { ...silent(1000), error }
    expect(noPrimary('shard', [silentA, restarted], silentA)).toMatchObject({
      code: 'SERVER_TIMEOUT',
      cause: error,
      message: expect.stringMatching(
        /a does not answer \(SERVER_TIMEOUT\); b says that it is a primary, but has begun anew with what it had saved\./,
      ),
    })
    expect(noPrimary('shard', [silentA, replica('b')], silentA)).toBe(error)
  })
})

describe('the footing of a member', () => {
  const known = info({ role: 'replica', process: '2', history: 'h1', offset: 90 })
  const saved = info({ process: '3', history: 'h2', formerHistory: 'h1', forkedAt: 40, offset: 50 })
  test.each<[string, ReplicationInfo, ReplicationInfo, ReplicationInfo]>([
    ['a replica has one', { ...known, offset: 95 }, known, { ...known, offset: 95 }],
    ['one that is promoted keeps it', info({ process: '2', history: 'h2', formerHistory: 'h1' }), known, known],
    ['one that has begun anew keeps what it was', saved, known, known],
    ['its history changed without a promotion', info({ process: '3', history: 'h3' }), saved, known],
  ])('%s', (_, said, last, expected) => {
    expect(footingAfter(said, last, known)).toEqual(expected)
  })

  test('one that was made a replica and was promoted between two questions has that of the replica', () => {
    const said = info({ process: '3', history: 'h3', formerHistory: 'h1', forkedAt: 120, offset: 130 })
    expect(footingAfter(said, saved, known)).toMatchObject({ role: 'replica', process: '3', history: 'h1', offset: 120 })
    const unknown = { ...said, process: undefined }
    expect(footingAfter(unknown, { ...saved, process: undefined }, known)).toBe(known)
  })
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
