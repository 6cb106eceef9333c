import { cbor, createCache, type Cache, type ReinsertReport } from '@shale/cache'
import type { Mention } from '../archive/mentions.ts'
import type { Servers } from '../servers.ts'
import { median, timed } from './timing.ts'

/** How a change of protocol went; times are in milliseconds. */
export interface ProtocolChange {
  readonly entries: number
  /** The entries that the cache of the new protocol could read before anything was rewritten. */
  readonly readableBefore: number
  readonly ms: number
  readonly report: Readonly<ReinsertReport>
  readonly readAllMs: { readonly before: number; readonly after: number }
  /** One entry, before and after. */
  readonly sample: readonly EntryState[]
}

/** What `inspect` says of an entry. */
export interface EntryState {
  readonly key: string
  readonly codec: string
  readonly protocol: number
  readonly bytes: number
  readonly ttl: number | null
}

/**
 * Fills a cache that writes protocol 1 with the register of names, opens a second one over the same entries that writes
 * protocol 2, and lets `reinsertKeys` rewrite them.
 */
export async function changeProtocol(
  servers: Servers,
  keyPrefix: string,
  mentions: ReadonlyMap<string, readonly Mention[]>,
  onProgress: (report: Readonly<ReinsertReport>, entries: number) => void,
): Promise<ProtocolChange> {
  const options = { servers, keyPrefix, ttl: '1h' } as const
  const old = createCache({ ...options, codec: cbor({ protocol: 1 }) })
  const renewed = createCache({ ...options, codec: cbor({ protocol: 2 }) })
  try {
    await old.setMany(mentions)
    const names = [...mentions.keys()]
    const sampled = names[0] ?? ''
    const readableBefore = (await renewed.getMany(names)).size
    const before = await readAll(renewed, names)
    const first = await state(renewed, sampled)
    const { ms, result: report } = await timed(() => renewed.reinsertKeys({ onProgress: (soFar) => onProgress(soFar, names.length) }))
    const after = await readAll(renewed, names)
    return { entries: names.length, readableBefore, ms, report, readAllMs: { before, after }, sample: [first, await state(renewed, sampled)] }
  } finally {
    await renewed.clear()
    await old.close()
    await renewed.close()
  }
}

async function readAll(cache: Cache, names: readonly string[]): Promise<number> {
  const times: number[] = []
  for (let i = 0; i < 7; i++) times.push((await timed(() => cache.getMany(names))).ms)
  return median(times)
}

async function state(cache: Cache, key: string): Promise<EntryState> {
  const { codec = '?', protocol = 0, bytes = 0, ttl = null } = (await cache.inspect(key)) ?? {}
  return { key, codec, protocol, bytes, ttl }
}
