import { ShaleError } from '@shale/contracts'
import { beganAnew, followersOf, hasAll, succeeds, tookOver, type Standing } from './standing.ts'

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
 * More than one may say that it is the primary. One was failed over and came back, or runs on. Or a replica has begun anew, and its
 * configuration does not say that it is one: it has the data of its last snapshot, and keeps the id of the history which that is of
 * (`master_replid2`) just as one does that was promoted. So ids tell who grew out of whom, and not by what right:
 *
 * - One that was seen to be promoted, as the same process was a replica (`run_id`), takes over from the one that it followed.
 * - One that was seen to have begun anew takes over from nobody that is a primary; see `isHeir` for where there is none.
 * - Where neither was seen, as by a process that is new itself, it is of a primary and one that grew out of it the one that a
 *   sentinel names, then the one that more replicas follow, then the one with the higher offset: that is being written to.
 *
 * Of those that are left it is the one that a sentinel names, then the one that replicas follow, then the one that is used already.
 * A listed server that suddenly says it is a primary, of a history that nobody shares, is not taken for one that took over.
 */
export function findPrimary<M extends Standing>(members: readonly M[], { current, named }: PrimaryHints<M>): M | undefined {
  const claiming = members.filter(({ info }) => info?.role === 'primary')
  const trusted = claiming.filter((member) => member === named || member === current || isHeir(member, members, current))
  const support = (member: M): number[] => [member === named ? 1 : 0, followersOf(member, members)]
  const offset = (member: M): number => member.info?.offset ?? 0
  const isPassed = (member: M, other: M): boolean => {
    if (tookOver(other, member)) return true
    const isFormer = succeeds(other, member)
    if (tookOver(member, other) || !(isFormer || succeeds(member, other))) return false
    const lead = compare([...support(other), offset(other)], [...support(member), offset(member)])
    return lead > 0 || (lead === 0 && isFormer)
  }
  const latest = trusted.filter((member) => !trusted.some((other) => other !== member && isPassed(member, other)))
  const rank = (member: M): number[] => [
    member === named ? 1 : 0,
    member === current || !beganAnew(member) ? 1 : 0,
    followersOf(member, members),
    member === current ? 1 : 0,
    member.info?.formerHistory === undefined ? 0 : 1,
    offset(member),
  ]
  return (latest.length > 0 ? latest : trusted).toSorted((a, b) => compare(rank(b), rank(a)))[0]
}

/** Whether there is a sign that a member took over: from the current one, or at all while that is not there to be asked. */
function isHeir<M extends Standing>(member: M, members: readonly M[], current: M | undefined): boolean {
  const isFollowed = followersOf(member, members) > 0
  if (beganAnew(member)) {
    // A primary that answers was replaced by nobody. Without one, data of some time ago is worse than none: either someone has made
    // others follow it, or it must have all that is known to have been written.
    const isOwnHistory = member.info?.history !== member.footing?.history
    return current?.info?.role !== 'primary' && ((isFollowed && isOwnHistory) || hasAll(member, members))
  }
  if (current === undefined || current.info?.role === 'replica' || isFollowed) return true
  if (succeeds(member, current) || tookOver(member, current)) return true
  // The current one may have been taken for the primary while the one that it grew out of was not there to be asked.
  return current.info === undefined ? member.info?.formerHistory !== undefined : succeeds(current, member)
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
  const hasBegunAnew = members.some(beganAnew)
  // A server that is simply down says best itself what is wrong.
  if (first?.error !== undefined && !hasBegunAnew) return first.error
  const roles = members.map((member) => {
    const { name, info, error } = member
    if (info === undefined) return `${name} does not answer${error === undefined ? '' : ` (${error.code})`}`
    return `${name} says that it is a ${info.role}${beganAnew(member) ? ', but has begun anew with what it had saved' : ''}`
  })
  const remedy = hasBegunAnew
    ? 'Start the former one again, or promote a replica; what has begun anew is made one first (REPLICAOF the former one, then REPLICAOF NO ONE).'
    : 'Promote one (REPLICAOF NO ONE), or wait for the failover to end.'
  return new ShaleError(
    first?.error?.code ?? (first?.info?.role === 'replica' ? 'SERVER_READONLY' : 'SERVER_UNAVAILABLE'),
    `${shard}: there is no primary that can be trusted: ${roles.join('; ')}. ${remedy}`,
    first?.error === undefined ? {} : { cause: first.error },
  )
}
