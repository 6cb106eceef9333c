import { corrupt, unknown } from './problems.ts'

/**
 * The layout of an entry, specified in docs/format.md. All numbers are big-endian.
 *
 *     0   2  magic: C1 53. No UTF-8 text, and so no integer, starts with C1
 *     2   1  format version: 1
 *     3   1  codec id
 *     4   1  protocol of the codec
 *     5   1  compression id, 0 for none
 *     6   1  flags, all reserved
 *     7   6  time of creation, milliseconds since the epoch
 *     13  2  length of the header, extensions included
 *     15  …  extensions, each: type (1), length (2), value; types ascending, none twice
 *     …      payload
 */
const formatVersion = 1
export const fixedHeaderBytes = 15

const magic0 = 0xc1
const magic1 = 0x53
const longestHeader = 0xffff

/** The types of extension. One from `firstCritical` on that a reader does not know makes the entry unreadable; others are passed over. */
const extension = { originalLength: 0x81, encryptionKeyId: 0x82 } as const
const firstCritical = 0x80

/** A header as it is stored. */
export interface Envelope {
  readonly codec: number
  readonly protocol: number
  readonly compression: number
  readonly createdAt: number
  /** Where the payload starts. */
  readonly headerBytes: number
  /** Bytes before compression; `undefined` if not compressed. */
  readonly originalLength: number | undefined
  readonly encryptionKeyId: string | undefined
  /** The extensions that were passed over, as they are stored; `undefined` if there are none. */
  readonly others: Uint8Array | undefined
}

/** Whether bytes claim to be an entry of ours that is no plain integer. */
export function isEnveloped(bytes: Uint8Array): boolean {
  return bytes.length >= 2 && bytes[0] === magic0 && bytes[1] === magic1
}

/** Whether an entry has the plainest header: nothing but the fixed fields, neither compressed nor encrypted. */
export function isPlain(bytes: Uint8Array): boolean {
  return (
    bytes.length >= fixedHeaderBytes &&
    bytes[0] === magic0 &&
    bytes[1] === magic1 &&
    bytes[2] === formatVersion &&
    bytes[5] === 0 &&
    bytes[6] === 0 &&
    bytes[13] === 0 &&
    bytes[14] === fixedHeaderBytes
  )
}

/** Fills in the fixed fields at the start of `bytes`. */
export function writeFixedHeader(
  bytes: Uint8Array,
  codec: number,
  protocol: number,
  compression: number,
  createdAt: number,
  headerBytes: number,
): void {
  bytes[0] = magic0
  bytes[1] = magic1
  bytes[2] = formatVersion
  bytes[3] = codec
  bytes[4] = protocol
  bytes[5] = compression
  bytes[6] = 0
  const high = Math.floor(createdAt / 0x1_0000_0000)
  bytes[7] = high >>> 8
  bytes[8] = high
  bytes[9] = createdAt >>> 24
  bytes[10] = createdAt >>> 16
  bytes[11] = createdAt >>> 8
  bytes[12] = createdAt
  bytes[13] = headerBytes >>> 8
  bytes[14] = headerBytes
}

/** What a header holds beside the fixed fields. */
interface Extensions {
  readonly originalLength?: number | undefined
  readonly encryptionKeyId?: string | undefined
  readonly others?: Uint8Array | undefined
}

/** A whole header. @throws ShaleError `CODEC_CORRUPT` if extensions that are kept leave no room. */
export function encodeHeader(codec: number, protocol: number, compression: number, createdAt: number, extensions: Extensions): Uint8Array {
  const { originalLength, encryptionKeyId, others } = extensions
  const parts: Uint8Array[] = []
  if (others !== undefined) parts.push(others)
  if (originalLength !== undefined) {
    const value = Buffer.alloc(4)
    value.writeUInt32BE(originalLength)
    parts.push(field(extension.originalLength, value))
  }
  if (encryptionKeyId !== undefined) parts.push(field(extension.encryptionKeyId, Buffer.from(encryptionKeyId)))
  const header = Buffer.concat([Buffer.alloc(fixedHeaderBytes), ...parts])
  if (header.length > longestHeader) throw corrupt('its extensions leave no room in the header')
  writeFixedHeader(header, codec, protocol, compression, createdAt, header.length)
  return header
}

function field(type: number, value: Uint8Array): Uint8Array {
  return Buffer.concat([Uint8Array.of(type, value.length >>> 8, value.length & 0xff), value])
}

/**
 * Reads the header of bytes that are enveloped.
 *
 * @throws ShaleError `CODEC_UNKNOWN` for what only a later release may know, `CODEC_CORRUPT` for what none would write.
 */
export function decodeHeader(bytes: Uint8Array): Envelope {
  if (bytes.length < 3) throw corrupt('it ends in its header')
  if (bytes[2] !== formatVersion) throw unknown(`format version ${bytes[2]} is not one that this release knows. Upgrade the readers first.`)
  if (bytes.length < fixedHeaderBytes) throw corrupt('it ends in its header')
  if (bytes[6] !== 0) throw unknown(`flags 0x${bytes[6]!.toString(16)} are not ones that this release knows. Upgrade the readers first.`)
  const headerBytes = (bytes[13]! << 8) | bytes[14]!
  if (headerBytes < fixedHeaderBytes || headerBytes > bytes.length) throw corrupt(`a header of ${headerBytes} bytes in ${bytes.length}`)
  const extensions = decodeExtensions(bytes, headerBytes)
  if ((bytes[5] !== 0) !== (extensions.originalLength !== undefined)) throw corrupt('compression and original length do not go together')
  return {
    codec: bytes[3]!,
    protocol: bytes[4]!,
    compression: bytes[5]!,
    createdAt: createdAtOf(bytes),
    headerBytes,
    originalLength: extensions.originalLength,
    encryptionKeyId: extensions.encryptionKeyId,
    others: extensions.others,
  }
}

/** The time of creation in a header that has its fixed fields. */
function createdAtOf(bytes: Uint8Array): number {
  return ((bytes[7]! << 8) | bytes[8]!) * 0x1_0000_0000 + bytes[9]! * 0x1000000 + ((bytes[10]! << 16) | (bytes[11]! << 8) | bytes[12]!)
}

function decodeExtensions(bytes: Uint8Array, end: number): Extensions {
  let originalLength: number | undefined
  let encryptionKeyId: string | undefined
  let othersEnd = fixedHeaderBytes
  let last = -1
  for (let pos = fixedHeaderBytes; pos < end;) {
    const type = bytes[pos]!
    const start = pos + 3
    const length = start > end ? Infinity : (bytes[pos + 1]! << 8) | bytes[pos + 2]!
    if (start + length > end) throw corrupt('an extension that goes beyond the header')
    if (type <= last) throw corrupt('extensions out of order')
    last = type
    pos = start + length
    if (type < firstCritical) othersEnd = pos
    else if (type === extension.originalLength) {
      if (length !== 4) throw corrupt('an original length that is no number')
      originalLength = bytes[start]! * 0x1000000 + ((bytes[start + 1]! << 16) | (bytes[start + 2]! << 8) | bytes[start + 3]!)
    } else if (type === extension.encryptionKeyId) {
      encryptionKeyId = Buffer.from(bytes.buffer, bytes.byteOffset + start, length).toString('utf8')
    } else throw unknown(`extension 0x${type.toString(16)} must be understood, and this release does not. Upgrade the readers first.`)
  }
  return {
    originalLength,
    encryptionKeyId,
    others: othersEnd === fixedHeaderBytes ? undefined : bytes.slice(fixedHeaderBytes, othersEnd),
  }
}
