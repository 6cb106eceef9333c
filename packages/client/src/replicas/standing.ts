import type { ShaleError } from '@shale/contracts'
import type { ReplicationInfo } from './replication-info.ts'

/** A member of a replica set, as far as it is known. */
export interface Standing {
  readonly name: string
  /** What it said last, if that was its answer to the latest question; `undefined` for one that does not answer. */
  readonly info: ReplicationInfo | undefined
  /** What it said when it last answered. */
  readonly lastInfo: ReplicationInfo | undefined
  /** What it said when it last was a replica, or became the primary in use (see `footingAfter`); `undefined` where it was seen as neither. */
  readonly footing?: ReplicationInfo | undefined
  /** Why it did not answer the latest question. */
  readonly error?: ShaleError | undefined
}

/**
 * The footing of a member once it has said something, by what it had said last and what its footing was: by which of its processes,
 * and where in which history, its data were known to be right. A primary stands on it as long as the process is the same, so that one
 * that was promoted does; one that has begun anew has what its last snapshot had. What becomes the primary in use has it anew.
 */
export function footingAfter(
  said: ReplicationInfo,
  last: ReplicationInfo | undefined,
  footing: ReplicationInfo | undefined,
): ReplicationInfo | undefined {
  if (said.role === 'replica') return said
  const isAnother = last?.role === 'primary' && isSameProcess(said, last) && said.history !== last.history
  if (!isAnother || said.formerHistory === undefined) return footing
  // It was not seen as a replica, but a process changes its history and keeps a former one only where it is promoted.
  return { ...said, role: 'replica', history: said.formerHistory, offset: said.forkedAt }
}

/** Whether one was seen to be promoted, and what it followed was the other: the same process was a replica of that history. */
export function tookOver({ info, footing }: Standing, other: Standing): boolean {
  if (info?.role !== 'primary' || footing?.role !== 'replica' || !isSameProcess(info, footing)) return false
  if (info.formerHistory === undefined || info.formerHistory === info.history) return false
  return [other.info, other.lastInfo, other.footing].some((said) => said?.history === info.formerHistory)
}

/** Whether a primary is seen to have begun anew since it was a replica, or the primary in use. */
export function beganAnew({ info, footing }: Standing): boolean {
  if (info?.role !== 'primary' || info.process === undefined || footing?.process === undefined) return false
  return info.process !== footing.process
}

/** Whether one grew out of the history of the other, by the ids of replication. A snapshot of that history suffices for it. */
export function succeeds(one: Standing, other: Standing): boolean {
  const history = (other.info ?? other.lastInfo)?.history
  return history !== undefined && one.info?.formerHistory === history && one.info.history !== history
}

/** Whether a primary that has begun anew has, of the history that it grew out of, all that any member is known to have had. */
export function hasAll({ info, footing }: Standing, members: readonly Standing[]): boolean {
  if (info?.formerHistory === undefined || info.forkedAt < (footing?.offset ?? 0)) return false
  const said = members.flatMap((member) => [member.info, member.lastInfo, member.footing])
  return said.every((one) => one === undefined || one.history !== info.formerHistory || one.offset <= info.forkedAt)
}

/** How many replicas are in step with a member. */
export function followersOf(member: Standing, members: readonly Standing[]): number {
  return members.filter(({ info }) => info?.role === 'replica' && info.linked && info.history === member.info?.history).length
}

function isSameProcess(one: ReplicationInfo, other: ReplicationInfo | undefined): boolean {
  return one.process !== undefined && one.process === other?.process
}
