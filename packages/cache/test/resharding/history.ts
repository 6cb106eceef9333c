/** An operation on one key, and what its caller knows of it. Times are steps. */
export interface Done {
  readonly kind: 'set' | 'add' | 'get' | 'has' | 'ttl' | 'delete' | 'take' | 'touch' | 'incr' | 'bring'
  /** The value that it was to store. */
  readonly value: string | undefined
  readonly ttl: number | null
  readonly start: number
  /** By the clock. */
  readonly startMs: number
  end: number
  endMs: number
  /** `undefined` where it failed, so that nobody knows what it did. */
  result: { readonly answer: unknown } | undefined
}

const isWrite = ({ kind, result }: Done): boolean => kind === 'set' || (kind === 'add' && (result === undefined || result.answer === true))
const overwrites = ({ kind, result }: Done): boolean =>
  result !== undefined &&
  (kind === 'set' || kind === 'delete' || (kind === 'add' && result.answer === true) || (kind === 'take' && result.answer !== undefined))

/** What no read may have seen: a value that was overwritten or removed, for all to know, before the read began. */
export function staleReads(history: readonly Done[]): string[] {
  const wrong: string[] = []
  for (const read of history) {
    const found = valueRead(read)
    if (found === undefined) continue
    const write = history.find((one) => one.value === found && isWrite(one))
    if (write === undefined) {
      wrong.push(`${show(read)} saw ${found}, which nobody stored`)
      continue
    }
    const later = history.find(
      (one) =>
        one !== write && one !== read && overwrites(one) && write.result !== undefined && one.start > write.end && one.end < read.start,
    )
    if (later !== undefined) wrong.push(`${show(read)} saw ${show(write)}, after ${show(later)}`)
  }
  return wrong
}

function valueRead({ kind, result }: Done): string | undefined {
  return (kind === 'get' || kind === 'take') && result !== undefined ? (result.answer as string | undefined) : undefined
}

/** Entries that were seen when their time was over, beyond `slack` milliseconds. */
export function lateReads(history: readonly Done[], slack: number): string[] {
  return history.flatMap((read) => {
    const found = valueRead(read)
    const write = history.find((one) => found !== undefined && one.value === found && isWrite(one))
    if (write === undefined || write.ttl === null) return []
    const ends = history
      .filter((one) => one === write || one.kind === 'touch')
      .map(({ endMs, ttl }) => (ttl === null ? Infinity : endMs + ttl))
    const end = Math.max(...ends) + slack
    return read.startMs > end ? [`${show(read)} at ${read.startMs} saw ${show(write)}, which was over at ${end}`] : []
  })
}

/**
 * Whether the changes have an order, such that each lies between its call and its answer, in which a single place would have given the
 * same answers. An entry with a ttl may be gone at any time.
 *
 * Source: J. M. Wing, C. Gong, "Testing and Verifying Concurrent Objects", 1993.
 */
export function isLinearizable(history: readonly Done[]): boolean {
  const changes = history.filter(({ kind }) => kind !== 'get' && kind !== 'has' && kind !== 'ttl' && kind !== 'bring')
  const seen = new Set<string>()
  const search = (left: readonly Done[], value: string | undefined, expires: boolean): boolean => {
    if (left.length === 0) return true
    const state = `${left.map((one) => changes.indexOf(one)).join()}|${value ?? '-'}|${expires}`
    if (seen.has(state)) return false
    seen.add(state)
    const firstEnd = Math.min(...left.map(({ end }) => end))
    for (const one of left) {
      if (one.start > firstEnd) continue
      const after = apply(one, value, expires)
      const rest = left.filter((other) => other !== one)
      if (after !== undefined && search(rest, after.value, after.expires)) return true
    }
    return value !== undefined && expires && search(left, undefined, false)
  }
  return search(changes, undefined, false)
}

function apply(
  { kind, value: stored, ttl, result }: Done,
  value: string | undefined,
  expires: boolean,
): { value: string | undefined; expires: boolean } | undefined {
  const answer = result?.answer
  const isThere = value !== undefined
  switch (kind) {
    case 'set':
      return { value: stored, expires: ttl !== null }
    case 'add':
      if (answer !== !isThere) return undefined
      return isThere ? { value, expires } : { value: stored, expires: ttl !== null }
    case 'delete':
      return answer === isThere ? { value: undefined, expires: false } : undefined
    case 'take':
      return answer === value ? { value: undefined, expires: false } : undefined
    case 'touch':
      if (answer !== isThere) return undefined
      return { value, expires: isThere && ttl !== null }
    default:
      return { value, expires }
  }
}

export function show({ kind, value, start, end, result }: Done): string {
  const answer = result === undefined ? 'failed' : JSON.stringify(result.answer)
  return `${kind}(${value ?? ''}) [${start}, ${end}] = ${answer}`
}
