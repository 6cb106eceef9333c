import { describe, parseDuration, ShaleError, type Duration, type Random } from '@shale/contracts'

/** How long entries live where a call does not say. */
export interface TtlPolicy {
  /** Milliseconds; `null` for ever. */
  readonly ttl: number | null
  /** 0 to 1: the share of a ttl that may be taken off. */
  readonly jitter: number
}

/**
 * A ttl of a call in milliseconds, jitter taken off; `null` for ever; zero or less means that nothing is to be kept.
 *
 * @throws ShaleError `CONFIG_INVALID`
 */
export function resolveTtl(ttl: Duration | null | undefined, jitter: number | undefined, policy: TtlPolicy, random: Random): number | null {
  const ms = ttl === undefined ? policy.ttl : parseTtl(ttl, 'ttl')
  const share = jitter === undefined ? policy.jitter : parseJitter(jitter, 'ttlJitter')
  if (ms === null || ms <= 0 || share === 0) return ms
  return Math.max(1, Math.ceil(ms - ms * share * random()))
}

/** A duration in milliseconds, or `null`. */
export function parseTtl(ttl: unknown, name: string): number | null {
  return ttl === null ? null : parseDuration(ttl, name)
}

/** A share between 0 and 1, or `CONFIG_INVALID`. */
export function parseJitter(jitter: unknown, name: string): number {
  if (typeof jitter === 'number' && jitter >= 0 && jitter <= 1) return jitter
  throw new ShaleError('CONFIG_INVALID', `${name}: expected a share of the ttl between 0 and 1; found ${describe(jitter)}.`)
}
