// What a remote cache does at once, without a message for each call.

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms))

/** Stores one value under many keys; gives how many were not stored. */
export async function flood(cache, { from, to, value, at = 5000 }) {
  let failed = 0
  for (let i = from; i < to; i += at) {
    const entries = Array.from({ length: Math.min(at, to - i) }, (_, j) => [`flood:${i + j}`, value])
    failed += (
      await cache
        .setMany(entries)
        .catch((error) => ({ length: error.partial === undefined ? entries.length : entries.length - error.partial.done }))
    ).length
  }
  return failed
}

/** The memory of this process, after a collection. */
export function held() {
  // What the first one frees outside the heap is counted as free by the second.
  gc()
  gc()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

/** Reads keys again and again; gives of each key the values that were found, and when each was asked for at last. */
export async function poll(cache, { keys, ms, every = 5 }) {
  const found = Object.fromEntries(keys.map((key) => [key, {}]))
  const end = Date.now() + ms
  while (Date.now() < end) {
    const asked = Date.now()
    const values = await cache.getMany(keys).catch(() => new Map())
    for (const key of keys) found[key][values.has(key) ? String(values.get(key)) : 'missing'] = asked
    await pause(every)
  }
  return found
}

/** How many increments a value has room for beside the number of the call that stored it. */
const span = 1000

/**
 * Changes and reads keys that are nobody else's, at random, without awaiting. Each value says which call stored it. Gives what was found wrong,
 * and all writes with their outcome.
 */
export async function churn(cache, { keys, seed, ms }) {
  let state = seed
  const random = () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
  const pick = (some) => some[Math.floor(random() * some.length)]
  const wrong = []
  const writes = Object.fromEntries(keys.map((key) => [key, []]))
  const counts = { hits: 0, misses: 0, unanswered: 0, written: 0, failed: 0 }
  const check = (key, at, value) => {
    const source = Math.floor(value / span)
    const last = (fits) => writes[key].findLast((write) => write.at < at && fits(write))
    // What failed, or is known to have replaced or removed what was there, must not be newer than what was found.
    const over = last(({ kind, outcome }) => kind !== 'incr' && (outcome === 'failed' || outcome === 'done'))
    if (over !== undefined && source < over.at) wrong.push({ key, at, value, over })
    // Of the increments since then those that succeeded are in the value; those that failed, or have no answer yet, may be.
    const since = (fits) => writes[key].filter((write) => write.kind === 'incr' && write.at > source && fits(write)).length
    const least = since((write) => write.at < at && write.outcome === 'done')
    const most = since((write) => write.at <= at && write.outcome !== 'no')
    if (value % span < least || value % span > most) wrong.push({ key, at, value, least, most })
  }
  let at = 0
  const write = (kind, key, work) => {
    const entry = { at, kind, outcome: 'pending', settled: 0 }
    const settle = (outcome) => {
      entry.outcome = outcome
      entry.settled = Date.now()
      counts[outcome === 'failed' ? 'failed' : 'written']++
    }
    writes[key].push(entry)
    return work().then(
      (answer) => {
        if (kind === 'incr') check(key, entry.at, answer)
        settle(answer === false && kind === 'add' ? 'no' : 'done')
      },
      (error) => settle(error.code === 'KEY_NOT_FOUND' ? 'no' : kind === 'add' ? 'no' : 'failed'),
    )
  }
  const read = (some, work) => {
    const asked = at
    return work().then(
      (values) => {
        for (const key of some) {
          if (values.get(key) === undefined) counts.misses++
          else counts.hits++
          if (values.get(key) !== undefined) check(key, asked, values.get(key))
        }
      },
      () => counts.unanswered++,
    )
  }
  const calls = []
  const end = Date.now() + ms
  while (Date.now() < end) {
    for (let i = 0; i < 5; i++) {
      at++
      const key = pick(keys)
      const value = at * span
      const kind = pick(['set', 'set', 'add', 'delete', 'incr', 'get', 'get', 'get', 'getMany'])
      if (kind === 'set') calls.push(write(kind, key, () => cache.set(key, value)))
      else if (kind === 'add') calls.push(write(kind, key, () => cache.add(key, value)))
      else if (kind === 'delete') calls.push(write(kind, key, () => cache.delete(key)))
      else if (kind === 'incr') calls.push(write(kind, key, () => cache.incr(key)))
      else if (kind === 'get') calls.push(read([key], () => cache.get(key).then((found) => new Map([[key, found]]))))
      else calls.push(read(keys, () => cache.getMany(keys)))
    }
    await pause(5)
  }
  await Promise.all(calls)
  return { wrong: wrong.slice(0, 10), writes, counts, span }
}
