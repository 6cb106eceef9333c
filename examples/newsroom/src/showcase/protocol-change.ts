import { cbor, createCache, type Cache, type ReinsertReport } from '@shale/cache'
import type { Mention } from '../archive/mentions.ts'
import type { Servers } from '../servers.ts'
import { compare, timed } from './timing.ts'

/** How a change of protocol went; times are in milliseconds. */
export interface ProtocolChange {
  readonly entries: number
  /** The entries that the cache of the new protocol could read before anything was rewritten. */
  readonly readableBefore: number
  readonly ms: number
  readonly report: Readonly<ReinsertReport>
  /** Reading all entries by one `getMany`. */
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
  const options = { servers, ttl: '1h' } as const
  const old = createCache({ ...options, keyPrefix, codec: cbor({ protocol: 1 }) })
  const renewed = createCache({ ...options, keyPrefix, codec: cbor({ protocol: 2 }) })
  /** Left as it was, to compare with. */
  const copy = createCache({ ...options, keyPrefix: `${keyPrefix}-before`, codec: cbor({ protocol: 1 }) })
  try {
    await old.setMany(mentions)
    await copy.setMany(mentions)
    const names = [...mentions.keys()]
    const sampled = names[0] ?? ''
    const readableBefore = (await renewed.getMany(names)).size
    const first = await state(renewed, sampled)
    const { ms, result: report } = await timed(() => renewed.reinsertKeys({ onProgress: (soFar) => onProgress(soFar, names.length) }))
    const second = await state(renewed, sampled)
    const [before, after] = await compare(
      40,
      () => copy.getMany(names),
      () => renewed.getMany(names),
    )
    return { entries: names.length, readableBefore, ms, report, readAllMs: { before, after }, sample: [first, second] }
  } finally {
    try {
      await Promise.all([renewed.clear(), copy.clear()])
    } finally {
      await Promise.all([old.close(), renewed.close(), copy.close()])
    }
  }
}

async function state(cache: Cache, key: string): Promise<EntryState> {
  const { codec = '?', protocol = 0, bytes = 0, ttl = null } = (await cache.inspect(key)) ?? {}
  return { key, codec, protocol, bytes, ttl }
}
