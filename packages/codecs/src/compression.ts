import * as zlib from 'node:zlib'
import { describe, ShaleError } from '@shale/contracts'
import { corrupt, unknown } from './problems.ts'

/** How a compression is set. */
export interface CompressionOptions {
  /** Values of fewer bytes, once encoded, are not compressed. Default 1024. */
  readonly threshold?: number
  /** How hard to try, in the compression's own scale: gzip 1 to 9 (default 6), brotli 0 to 11 (4), zstd 1 to 22 (3). */
  readonly level?: number
}

/** Makes entries smaller. It never matters for reading: all that the runtime has is read. */
export interface Compression {
  /** As stored with the entry. */
  readonly id: number
  readonly name: string
  /** In bytes. */
  readonly threshold: number
  compress(bytes: Uint8Array): Uint8Array
}

interface Kind {
  readonly id: number
  readonly lowest: number
  readonly highest: number
  readonly level: number
  compress(bytes: Uint8Array, level: number): Uint8Array
  decompress(bytes: Uint8Array, maxOutputLength: number): Uint8Array
}

interface Zstd {
  readonly constants: Readonly<Record<string, number>>
  zstdCompressSync?(bytes: Uint8Array, options: object): Buffer
  zstdDecompressSync?(bytes: Uint8Array, options: object): Buffer
}

// Only later versions of Node have it.
const { zstdCompressSync, zstdDecompressSync, constants }: Zstd = zlib as unknown as Zstd

const kinds = {
  gzip: {
    id: 1,
    lowest: 1,
    highest: 9,
    level: 6,
    compress: (bytes, level) => zlib.gzipSync(bytes, { level }),
    decompress: (bytes, maxOutputLength) => zlib.gunzipSync(bytes, { maxOutputLength }),
  },
  brotli: {
    id: 2,
    lowest: 0,
    highest: 11,
    level: 4,
    compress: (bytes, level) =>
      zlib.brotliCompressSync(bytes, {
        params: { [zlib.constants.BROTLI_PARAM_QUALITY]: level, [zlib.constants.BROTLI_PARAM_SIZE_HINT]: bytes.length },
      }),
    decompress: (bytes, maxOutputLength) => zlib.brotliDecompressSync(bytes, { maxOutputLength }),
  },
  zstd: {
    id: 3,
    lowest: 1,
    highest: 22,
    level: 3,
    compress: (bytes, level) => zstdCompressSync!(bytes, { params: { [constants['ZSTD_c_compressionLevel']!]: level } }),
    decompress(bytes, maxOutputLength) {
      if (zstdDecompressSync === undefined)
        throw unknown('it is compressed with zstd, which this runtime does not have. Use Node 22.15 or later.')
      return zstdDecompressSync(bytes, { maxOutputLength })
    },
  },
} as const satisfies Record<string, Kind>

type CompressionName = keyof typeof kinds

const names: ReadonlyMap<number, CompressionName> = new Map(Object.entries(kinds).map(([name, { id }]) => [id, name as CompressionName]))

/** Compression by gzip (RFC 1952). @throws ShaleError `CONFIG_INVALID` for a wrong option. */
export function gzip(options?: CompressionOptions): Compression {
  return create('gzip', options)
}

/** Compression by brotli (RFC 7932): smaller than gzip at a like speed. @throws ShaleError `CONFIG_INVALID` for a wrong option. */
export function brotli(options?: CompressionOptions): Compression {
  return create('brotli', options)
}

/** Compression by zstd (RFC 8878), where the runtime has it. @throws ShaleError `CONFIG_INVALID` for a wrong option, or where it has not. */
export function zstd(options?: CompressionOptions): Compression {
  if (zstdCompressSync === undefined) {
    throw new ShaleError('CONFIG_INVALID', 'zstd: this runtime does not have it. Use Node 22.15 or later, or gzip() or brotli().')
  }
  return create('zstd', options)
}

function create(name: CompressionName, options: CompressionOptions = {}): Compression {
  const kind: Kind = kinds[name]
  const { threshold = 1024, level = kind.level, ...others } = Object(options) as CompressionOptions
  for (const other of Object.keys(others)) {
    throw new ShaleError('CONFIG_INVALID', `${name}: ${other} is no option of it; expected threshold or level. Remove it.`)
  }
  if (!Number.isSafeInteger(threshold) || threshold < 0) {
    throw new ShaleError('CONFIG_INVALID', `${name}: expected threshold to be a number of bytes from 0; found ${describe(threshold)}.`)
  }
  if (!Number.isSafeInteger(level) || level < kind.lowest || level > kind.highest) {
    throw new ShaleError(
      'CONFIG_INVALID',
      `${name}: expected level to be from ${kind.lowest} to ${kind.highest}; found ${describe(level)}.`,
    )
  }
  return Object.freeze({ id: kind.id, name, threshold, compress: (bytes: Uint8Array) => kind.compress(bytes, level) })
}

/** The name of a compression as stored, for people; `undefined` for none. */
export function compressionName(id: number): string | undefined {
  return id === 0 ? undefined : (names.get(id) ?? `compression ${id}`)
}

/**
 * What was compressed, `length` bytes of it; nothing is allocated beyond them.
 *
 * @throws ShaleError `CODEC_UNKNOWN`, `CODEC_CORRUPT`.
 */
export function decompress(id: number, bytes: Uint8Array, length: number): Uint8Array {
  const name = names.get(id)
  if (name === undefined) throw unknown(`compression ${id} is not one that this release knows. Upgrade the readers first.`)
  if (length === 0) throw corrupt('nothing at all was compressed')
  let original: Uint8Array
  try {
    original = kinds[name].decompress(bytes, length)
  } catch (error) {
    if (ShaleError.is(error)) throw error
    throw corrupt(`its ${name} data cannot be decompressed to the ${length} bytes that it announces`)
  }
  if (original.length !== length) throw corrupt(`it announces ${length} bytes and decompresses to ${original.length}`)
  return original
}
