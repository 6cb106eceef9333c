import { ShaleError, type BatchName, type ErrorCode, type StoreIncrement } from '@shale/contracts'

/** How an operation of a store keeps clear of an entry whose last write had failed. */
export interface DoubtRule {
  /**
   * What it does where its key is in doubt. `'answers'`: says that the key is missing, and asks nobody. `'removes'`: removes the
   * entry, then says that it is missing. `'renews'`: removes the entry, then does its work. `'passes'`: does its work as ever.
   */
  readonly approach: 'answers' | 'removes' | 'renews' | 'passes'
  /** Whether it may store something or remove it, so that what comes later has to know when it is over. */
  readonly writes: boolean
  /** Whether its failure leaves its key in doubt: what is there may be older. */
  readonly marks: boolean
  /** Whether its answer, or its effect elsewhere, comes from the entry that it finds. */
  readonly reads: boolean
  /** Whether what it found, or left, is no older than its own call: then a doubt from before is over. */
  readonly ends: (answer: unknown) => boolean
  /** Its answer where there is no entry. */
  readonly missing: (item: unknown) => unknown
}

const never = (): boolean => false
const always = (): boolean => true
const isTrue = (answer: unknown): boolean => answer === true
const nothing = (): undefined => undefined
const no = (): boolean => false

const reading = { approach: 'answers', writes: false, marks: false, reads: true, ends: never } as const
const changing = { approach: 'removes', writes: false, marks: false, reads: false, ends: never, missing: no } as const
const beside = { approach: 'passes', writes: false, marks: false, reads: false, ends: never, missing: no } as const

/**
 * The rules of all operations that answer key by key. `add`, `swap` and `touch` store nothing over an entry that differs from what
 * they were told to expect, and `lease` and `release` do not concern the entry: their failure leaves no doubt. So a lock, which is
 * taken by `add` and given back by `swap`, is never in doubt, and never removed. Nor does the failure of `incr`: the sum with and the sum
 * without it are both what the counter may hold, and to remove a counter would lose all that was counted before.
 */
export const doubtRules: Readonly<Record<BatchName, DoubtRule>> = {
  get: { ...reading, missing: nothing },
  getWithTtl: { ...reading, missing: nothing },
  ttl: { ...reading, missing: nothing },
  has: { ...reading, missing: no },
  set: { approach: 'passes', writes: true, marks: true, reads: false, ends: always, missing: no },
  add: { approach: 'renews', writes: true, marks: false, reads: false, ends: isTrue, missing: no },
  fill: { approach: 'renews', writes: true, marks: true, reads: false, ends: isTrue, missing: no },
  touch: changing,
  swap: changing,
  incr: { approach: 'removes', writes: true, marks: false, reads: true, ends: never, missing: noInteger },
  take: { approach: 'removes', writes: true, marks: true, reads: true, ends: always, missing: nothing },
  // Of the key that the entry was at: whether it was moved or not, it is not there.
  move: { approach: 'removes', writes: true, marks: true, reads: true, ends: always, missing: no },
  lease: beside,
  release: beside,
}

function noInteger(item: unknown): ShaleError {
  const name = JSON.stringify((item as StoreIncrement).key)
  return new ShaleError(
    'KEY_NOT_FOUND',
    `incr: there is no entry under ${name}: a write of it had failed before, so what was there counts as missing; store a number first.`,
  )
}

const doubtful: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'SERVER_UNAVAILABLE',
  'SERVER_TIMEOUT',
  'SERVER_AUTH',
  'SERVER_READONLY',
  'SERVER_OOM',
  'SERVER_REPLY',
  'SHARDS_FAILED',
  // Of a server whose role or database is wrong for now.
  'CONFIG_INVALID',
])

/** Whether an answer is an error that says nothing of what the key holds now, or that it holds what is out of date. Allocates nothing. */
export function leavesDoubt(answer: unknown): boolean {
  return typeof answer === 'object' && answer !== null && ShaleError.is(answer) && doubtful.has(answer.code)
}

/** Whether an answer says that the server refuses us as we are configured. */
export function refusesUs(answer: unknown): boolean {
  return ShaleError.is(answer) && (answer.code === 'SERVER_AUTH' || answer.code === 'CONFIG_INVALID')
}

/** As `leavesDoubt`, of what a whole call rejected with: whatever is no `ShaleError` says nothing either. */
export function rejectionLeavesDoubt(error: unknown): boolean {
  return !ShaleError.is(error) || leavesDoubt(error)
}
