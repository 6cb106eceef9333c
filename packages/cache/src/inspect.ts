import { ShaleError } from '@shale/contracts'
import type { EntryHeader } from '@shale/codecs'
import type { CallOptions } from './call-options.ts'
import { answersOf, type Core } from './core.ts'
import { versionOnly } from './reads.ts'
import type { Scope } from './scope.ts'

/** What is known of an entry without decoding its value. */
export interface EntryInfo {
  /** The shard that the key lives on. */
  readonly shard: string
  /** The server that was asked. */
  readonly server: string
  /** Bytes of the stored entry, header included. */
  readonly bytes: number
  /** The codec by name, `'integer'` for plain decimal text; `undefined` if no Shale cache wrote the entry, or its header cannot be read. */
  readonly codec: string | undefined
  readonly protocol: number | undefined
  /** The compression by name; `undefined` for none. */
  readonly compression: string | undefined
  /** `undefined` where the entry is not encrypted. */
  readonly encryptionKeyId: string | undefined
  /** Milliseconds left; `null` never expires. */
  readonly ttl: number | null
  /** When the entry was written, in milliseconds since the epoch; `undefined` where it does not say. */
  readonly createdAt: number | undefined
}

/** Looks at one entry; `undefined` if it is missing. */
export async function inspectEntry(scope: Scope, key: string, options: CallOptions | undefined): Promise<EntryInfo | undefined> {
  const { core } = scope
  const stored = scope.stored(key, options, versionOnly, 'inspect')
  // Both are asked in one turn, so that they go out together.
  const [[bytes], [ttl]] = await Promise.all([answersOf(core.store.get([stored]), 1), answersOf(core.store.ttl([stored]), 1)])
  const left = core.demand<number | null | undefined>(ttl, stored)
  if (left === undefined) return undefined
  const location = core.store.locate(stored)
  if (ShaleError.is(bytes) && bytes.code === 'CODEC_CORRUPT') return { ...location, ...unknownEntry, bytes: 0, ttl: left }
  const entry = core.demand<Uint8Array | undefined>(bytes, stored)
  if (entry === undefined) return undefined
  const header = headerOf(core, entry)
  if (header === undefined) return { ...location, ...unknownEntry, bytes: entry.byteLength, ttl: left }
  const { codec, protocol, compression, encryptionKeyId, createdAt } = header
  return { ...location, bytes: entry.byteLength, codec, protocol, compression, encryptionKeyId, ttl: left, createdAt }
}

/** What the header says; `undefined` for one that cannot be read: a look at an entry tells what it can. */
function headerOf(core: Core, entry: Uint8Array): EntryHeader | undefined {
  try {
    return core.serializer.inspect(entry)
  } catch {
    return undefined
  }
}

const unknownEntry = {
  codec: undefined,
  protocol: undefined,
  compression: undefined,
  encryptionKeyId: undefined,
  createdAt: undefined,
} as const
