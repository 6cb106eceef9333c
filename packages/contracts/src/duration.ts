import { describe } from './describe.ts'
import { ShaleError } from './shale-error.ts'

/** The unit of a duration that is written as a string. */
export type DurationUnit = 'ms' | 's' | 'm' | 'h' | 'd'

/**
 * A length of time: a number of milliseconds, or a number with a unit, as in `'250ms'`, `'30s'`, `'5m'`, `'2h'`, `'7d'`. A few texts
 * compile that are none, as `'5 s'` does: they are `CONFIG_INVALID` where they are used.
 */
export type Duration = number | `${number}${DurationUnit}`

const unitMs: Readonly<Record<DurationUnit, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }
const written = /^(-?\d+(?:\.\d+)?)(ms|s|m|h|d)$/

/** The longest duration that is accepted: 100 years of 365.25 days, in milliseconds. */
export const maxDurationMs: number = 100 * 365.25 * unitMs.d

/**
 * A duration as whole milliseconds. A fraction of a millisecond is rounded away from zero, so that only zero is zero.
 *
 * @param name what the duration is for, as its reader knows it, for the message.
 * @throws ShaleError `CONFIG_INVALID` for anything that is not a `Duration`, is not finite or is beyond 100 years.
 */
export function parseDuration(duration: unknown, name: string): number {
  const ms = typeof duration === 'number' ? duration : fromText(duration)
  if (ms === undefined || !Number.isFinite(ms) || Math.abs(ms) > maxDurationMs) {
    throw new ShaleError(
      'CONFIG_INVALID',
      `${name}: expected a duration of at most 100 years, as a number of milliseconds or a string such as '250ms', '30s', '5m', '2h' or '7d'; found ${describe(duration)}.`,
    )
  }
  return ms < 0 ? Math.floor(ms) : Math.ceil(ms)
}

/**
 * A duration above zero as whole milliseconds: for whatever cannot be zero, such as a deadline.
 *
 * @throws ShaleError `CONFIG_INVALID`, as `parseDuration`, and for zero and less.
 */
export function parsePositiveDuration(duration: unknown, name: string): number {
  const ms = parseDuration(duration, name)
  if (ms > 0) return ms
  throw new ShaleError('CONFIG_INVALID', `${name}: expected a duration above zero, such as '500ms'; found ${describe(duration)}.`)
}

function fromText(duration: unknown): number | undefined {
  if (typeof duration !== 'string') return undefined
  const [, amount, unit] = written.exec(duration) ?? []
  return amount === undefined ? undefined : Number(amount) * unitMs[unit as DurationUnit]
}
