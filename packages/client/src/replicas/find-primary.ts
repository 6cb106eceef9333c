import { ShaleError } from '@shale/contracts'
import type { ReplicationInfo } from './replication-info.ts'

/** A member of a replica set, as far as it is known. */
export interface Standing {
  readonly name: string
  /** What it said last, if that was its answer to the latest question; `undefined` for one that does not answer. */
  readonly info: ReplicationInfo | undefined
  /** What it said when it last answered. */
  readonly lastInfo: ReplicationInfo | undefined
  /** Why it did not answer the latest question. */
  readonly error?: ShaleError | undefined
}

/** What is known beside the servers' own words. */
export interface PrimaryHints<M> {
  /** The one that is used as the primary now; at first the one that was configured. */
  readonly current: M | undefined
  /** The one that a sentinel names. */
  readonly named?: M | undefined
}

/**
 * The primary of a replica set; `undefined` while there is none that can be trusted.
 *
 * More than one may say that it is the primary: one that was failed over and came back, or runs on. A promoted replica keeps
 * the id of the history that its own grew out of (`master_replid2`), by which it is known to come after the other one. Where
 * that tells nothing it is the one that a sentinel names, then the one that replicas follow, then the one that is used already.
 * A listed server that suddenly says it is a primary, of a history that nobody shares, is not taken for one that took over.
 */
export function findPrimary<M extends Standing>(members: readonly M[], { current, named }: PrimaryHints<M>): M | undefined {
  const claiming = members.filter((member) => member.info?.role === 'primary')
  const latest = claiming.filter((member) => !claiming.some((other) => other !== member && succeeds(other, member)))
  const candidates = (latest.length > 0 ? latest : claiming).filter(
    (member) => member === named || member === current || isHeir(member, members, current),
  )
  const rank = (member: M): number[] => [
    member === named ? 1 : 0,
    followersOf(member, members),
    member === current ? 1 : 0,
    member.info?.formerHistory === undefined ? 0 : 1,
    member.info?.offset ?? 0,
  ]
  return candidates.toSorted((a, b) => compare(rank(b), rank(a)))[0]
}

/** Whether one was promoted over the other. */
function succeeds(one: Standing, other: Standing): boolean {
  const history = (other.info ?? other.lastInfo)?.history
  return history !== undefined && one.info?.formerHistory === history && one.info.history !== history
}

/** Whether there is a sign that a member took over: from the current one, or at all while that is not there to be asked. */
function isHeir<M extends Standing>(member: M, members: readonly M[], current: M | undefined): boolean {
  if (current === undefined || current.info?.role === 'replica' || succeeds(member, current)) return true
  return followersOf(member, members) > 0 || (current.info === undefined && member.info?.formerHistory !== undefined)
}

/** How many replicas are in step with a member. */
function followersOf(member: Standing, members: readonly Standing[]): number {
  return members.filter(({ info }) => info?.role === 'replica' && info.linked && info.history === member.info?.history).length
}

function compare(a: readonly number[], b: readonly number[]): number {
  for (let i = 0; i < a.length; i++) {
    const difference = (a[i] as number) - (b[i] as number)
    if (difference !== 0) return difference
  }
  return 0
}

/**
 * Why a configured set cannot be one, if so; the first member is the configured primary. Nothing is said while a member does not
 * answer: it may be the one that explains the others.
 */
export function wrongMember(shard: string, members: readonly Standing[]): ShaleError | undefined {
  const [first] = members
  if (first === undefined || members.some(({ info }) => info === undefined)) return undefined
  if (members.every(({ info }) => info?.role === 'replica')) {
    if (first.info?.linked !== true) return undefined
    return new ShaleError(
      'CONFIG_INVALID',
      `servers: expected ${first.name} to be the primary of ${shard}; it is a replica of ${first.info.follows}, which is not listed. Name that one as the primary.`,
    )
  }
  const histories = new Set(members.flatMap(({ info }) => (info?.role === 'primary' ? [info.history, info.formerHistory] : [])))
  const stray = members.find(({ info }) => info?.role === 'replica' && info.linked && !histories.has(info.history))
  if (stray === undefined) return otherPrimary(shard, members)
  return new ShaleError(
    'CONFIG_INVALID',
    `servers: expected ${stray.name} to be a replica of ${first.name}, in ${shard}; it follows another primary, at ${stray.info?.follows}. Make it a replica of this set's primary (REPLICAOF), or leave it out.`,
  )
}

/**
 * Why a member is a primary of its own. Two primaries may also be what a failover leaves for a while: nothing is said where a primary
 * was promoted once, or is followed and was not configured as such.
 */
function otherPrimary(shard: string, members: readonly Standing[]): ShaleError | undefined {
  const [first, ...others] = members.filter(({ info }) => info?.role === 'primary')
  const [stray] = others
  if (first === undefined || first !== members[0] || stray === undefined) return undefined
  if ([first, ...others].some(({ info }) => info?.formerHistory !== undefined)) return undefined
  if (others.some((other) => followersOf(other, members) > 0)) return undefined
  return new ShaleError(
    'CONFIG_INVALID',
    `servers: expected ${stray.name} to be a replica of ${first.name}, in ${shard}; it is a primary itself. Make it a replica (REPLICAOF), leave it out, or name it as a shard of its own.`,
  )
}

/** Why there is no primary; `first` is the one that should be it. */
export function noPrimary(shard: string, members: readonly Standing[], first: Standing | undefined): ShaleError {
  // A server that is simply down says best itself what is wrong.
  if (first?.error !== undefined) return first.error
  const roles = members.map(({ name, info, error }) => {
    if (info === undefined) return `${name} does not answer${error === undefined ? '' : ` (${error.code})`}`
    return `${name} says that it is a ${info.role}`
  })
  return new ShaleError(
    first?.info?.role === 'replica' ? 'SERVER_READONLY' : 'SERVER_UNAVAILABLE',
    `${shard}: there is no primary that can be trusted: ${roles.join(', ')}. Promote one (REPLICAOF NO ONE), or wait for the failover to end.`,
  )
}
