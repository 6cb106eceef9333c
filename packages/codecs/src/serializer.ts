import { type Clock, type Codec, describe, ShaleError, systemClock } from '@shale/contracts'
import { cbor } from './cbor.ts'
import { codecIds } from './codec-ids.ts'
import { CodecSet } from './codec-set.ts'
import { type Compression, compressionName, decompress } from './compression.ts'
import { Encryption, type EncryptionOptions, type EntryContext } from './encryption.ts'
import { decodeHeader, encodeHeader, type Envelope, fixedHeaderBytes, isEnveloped, isPlain, writeFixedHeader } from './envelope.ts'
import { type FastCodec, isFast } from './fast-codec.ts'
import { decodeInteger, encodeInteger, isIntegerText, isIntegerValue } from './integer.ts'
import { ownBytes } from './own-bytes.ts'
import { corrupt, unknown } from './problems.ts'

/** How entries are made and read. */
export interface SerializerOptions {
  /** The codec that writes. Default `cbor()`. */
  readonly codec?: Codec | undefined
  /** The codecs that may be read beside it. Default `cbor()`, `json()`, `msgpack()` where `msgpackr` is installed, and `bytes()`. */
  readonly accept?: readonly Codec[] | undefined
  /** Default none. What is compressed is read whatever this says. */
  readonly compression?: Compression | undefined
  /** Default none. */
  readonly encryption?: EncryptionOptions | undefined
  /** The most bytes of a value once encoded, before compression: more are neither written, nor decompressed. Default 16 MiB. */
  readonly maxValueBytes?: number | undefined
  /** Where the time of creation comes from. */
  readonly clock?: Pick<Clock, 'now'> | undefined
}

/** What the header of an entry says. */
export interface EntryHeader {
  /** The name of the codec; `'integer'` for an integer. */
  readonly codec: string
  readonly protocol: number
  /** `undefined` if not compressed. */
  readonly compression: string | undefined
  /** `undefined` if not encrypted. */
  readonly encryptionKeyId: string | undefined
  /** Milliseconds since the epoch; `undefined` for a plain integer, which does not say. */
  readonly createdAt: number | undefined
}

/** Turns values into entries and back. Synchronous; an entry is all that is needed to read it. */
export interface Serializer {
  /**
   * The entry of a value, in memory of its own. The context is needed with encryption.
   *
   * @throws ShaleError `VALUE_INVALID`, `VALUE_TOO_LARGE`; `CONFIG_INVALID` for a context that is missing.
   */
  encode(value: unknown, context?: EntryContext): Uint8Array
  /**
   * The value of an entry; shares no memory with it.
   *
   * @throws ShaleError `CODEC_UNKNOWN` for what is not ours, or needs what this reader lacks; `CODEC_CORRUPT` for what is
   * damaged; `CONFIG_INVALID` for a context that is missing.
   */
  decode(bytes: Uint8Array, context?: EntryContext): unknown
  /** What the header says, without reading the value; `undefined` for what is not ours. @throws ShaleError `CODEC_UNKNOWN`, `CODEC_CORRUPT` */
  inspect(bytes: Uint8Array): EntryHeader | undefined
  /**
   * The entry as `encode` would write it now, with the time of creation that it had; `undefined` if it already is that.
   *
   * @throws ShaleError as `decode` and `encode`.
   */
  reencode(bytes: Uint8Array, context?: EntryContext): Uint8Array | undefined
}

const defaultMaxValueBytes = 16 * 2 ** 20
/** What a server takes under one key. */
const highestMaxValueBytes = 512 * 2 ** 20
const integerProtocol = 1
const optionNames: readonly string[] = ['codec', 'accept', 'compression', 'encryption', 'maxValueBytes', 'clock']

/** Makes a serializer. @throws ShaleError `CONFIG_INVALID` that names the option. */
export function createSerializer(options: SerializerOptions = {}): Serializer {
  if (typeof options !== 'object' || options === null) {
    throw new ShaleError('CONFIG_INVALID', `createSerializer: expected an object of options; found ${describe(options)}.`)
  }
  for (const name of Object.keys(options)) {
    if (!optionNames.includes(name)) {
      throw new ShaleError('CONFIG_INVALID', `createSerializer: ${name} is no option of it; expected ${optionNames.join(', ')}. Remove it.`)
    }
  }
  return new EntrySerializer(options)
}

class EntrySerializer implements Serializer {
  readonly #codec: Codec
  readonly #fast: FastCodec | undefined
  readonly #readers: CodecSet
  readonly #compression: Compression | undefined
  readonly #encryption: Encryption | undefined
  readonly #maxValueBytes: number
  readonly #clock: Pick<Clock, 'now'>

  constructor({
    codec = cbor(),
    accept,
    compression,
    encryption,
    maxValueBytes = defaultMaxValueBytes,
    clock = systemClock,
  }: SerializerOptions) {
    this.#readers = new CodecSet(codec, accept)
    this.#codec = codec
    this.#fast = isFast(codec) ? codec : undefined
    this.#compression = checkedCompression(compression)
    this.#encryption = encryption === undefined ? undefined : new Encryption(encryption)
    if (!Number.isSafeInteger(maxValueBytes) || maxValueBytes < 1 || maxValueBytes > highestMaxValueBytes) {
      throw new ShaleError(
        'CONFIG_INVALID',
        `maxValueBytes: expected a number of bytes from 1 to ${highestMaxValueBytes}; found ${describe(maxValueBytes)}.`,
      )
    }
    this.#maxValueBytes = maxValueBytes
    if (typeof clock?.now !== 'function') {
      throw new ShaleError('CONFIG_INVALID', `clock: expected an object with now(); found ${describe(clock)}.`)
    }
    this.#clock = clock
  }

  encode(value: unknown, context?: EntryContext): Uint8Array {
    return this.#encode(value, context, undefined, undefined)
  }

  decode(bytes: Uint8Array, context?: EntryContext): unknown {
    // The common entry: behind a header without extensions there is the payload.
    if (isPlain(bytes) && bytes[3] !== codecIds.integer && this.#encryption?.required !== true) {
      return this.#decodePayload(bytes, fixedHeaderBytes, bytes[3]!, bytes[4]!)
    }
    if (isEnveloped(bytes)) return this.#decodeEnveloped(bytes, decodeHeader(bytes), context)
    if (!isIntegerText(bytes)) throw foreign()
    this.#checkMayBePlain()
    return decodeInteger(bytes)
  }

  inspect(bytes: Uint8Array): EntryHeader | undefined {
    if (isEnveloped(bytes)) {
      const { codec, protocol, compression, encryptionKeyId, createdAt } = decodeHeader(bytes)
      return { codec: this.#readers.nameOf(codec), protocol, compression: compressionName(compression), encryptionKeyId, createdAt }
    }
    if (!isIntegerText(bytes)) return undefined
    return { codec: 'integer', protocol: integerProtocol, compression: undefined, encryptionKeyId: undefined, createdAt: undefined }
  }

  reencode(bytes: Uint8Array, context?: EntryContext): Uint8Array | undefined {
    const value = this.decode(bytes, context)
    if (!isEnveloped(bytes))
      return this.#encryption === undefined || typeof value === 'bigint' ? undefined : this.#encode(value, context, undefined, undefined)
    const before = decodeHeader(bytes)
    const after = this.#encode(value, context, before.createdAt, before.others)
    if (!isEnveloped(after)) return after
    const now = decodeHeader(after)
    const isCurrent =
      before.codec === now.codec &&
      before.protocol === now.protocol &&
      before.compression === now.compression &&
      before.encryptionKeyId === now.encryptionKeyId
    return isCurrent ? undefined : after
  }

  #encode(value: unknown, context: EntryContext | undefined, createdAt: number | undefined, others: Uint8Array | undefined): Uint8Array {
    const encryption = this.#encryption
    const isInteger = isIntegerValue(value)
    if (isInteger && encryption === undefined && others === undefined) return encodeInteger(value)
    if (value === undefined) {
      throw new ShaleError('VALUE_INVALID', 'undefined cannot be stored: it is what a miss gives. Store null, or delete the key.')
    }
    if (encryption !== undefined) checkContext(context)
    const codec = isInteger ? codecIds.integer : this.#codec.id
    const protocol = isInteger ? integerProtocol : this.#codec.protocol
    const time = createdAt ?? this.#clock.now()
    const entry = isInteger ? ownBytes(encodeInteger(value), fixedHeaderBytes) : this.#payload(value)
    const size = entry.length - fixedHeaderBytes
    const compression = this.#compression !== undefined && size >= this.#compression.threshold ? this.#compression : undefined
    if (compression === undefined && encryption === undefined && others === undefined) {
      writeFixedHeader(entry, codec, protocol, 0, time, fixedHeaderBytes)
      return entry
    }
    let payload = entry.subarray(fixedHeaderBytes)
    let compressionId = 0
    if (compression !== undefined && size > 0) {
      const compressed = compression.compress(payload)
      if (compressed.length < size) {
        payload = compressed
        compressionId = compression.id
      }
    }
    const originalLength = compressionId === 0 ? undefined : size
    const header = encodeHeader(codec, protocol, compressionId, time, { others, originalLength, encryptionKeyId: encryption?.current })
    return encryption === undefined ? joined(header, payload) : encryption.seal(header, payload, context!)
  }

  /** The encoded value behind room for the fixed fields of the header. */
  #payload(value: unknown): Uint8Array {
    try {
      if (this.#fast !== undefined) return this.#fast.encodeAfter(value, fixedHeaderBytes, this.#maxValueBytes)
      const payload = this.#codec.encode(value)
      if (!(payload instanceof Uint8Array)) throw new Error(`its encode gave ${describe(payload)} instead of bytes`)
      if (payload.length > this.#maxValueBytes) {
        throw new ShaleError(
          'VALUE_TOO_LARGE',
          `The value takes ${payload.length} bytes as ${this.#codec.name}; expected at most ${this.#maxValueBytes}. Store less under one key, or raise maxValueBytes.`,
        )
      }
      return ownBytes(payload, fixedHeaderBytes)
    } catch (error) {
      if (ShaleError.is(error) && (error.code === 'VALUE_INVALID' || error.code === 'VALUE_TOO_LARGE')) throw error
      // A stack that is well used already may not bear what `maxDepth` allows.
      const message = error instanceof RangeError ? 'it nests too deep' : error instanceof Error ? error.message : String(error)
      throw new ShaleError('VALUE_INVALID', `The value cannot be stored as ${this.#codec.name}: ${message}`, { cause: error })
    }
  }

  #decodeEnveloped(bytes: Uint8Array, header: Envelope, context: EntryContext | undefined): unknown {
    const { encryptionKeyId, originalLength, headerBytes, codec, protocol } = header
    if (encryptionKeyId === undefined) this.#checkMayBePlain()
    if (originalLength !== undefined && originalLength > this.#maxValueBytes) {
      throw corrupt(`it announces ${originalLength} bytes, more than maxValueBytes (${this.#maxValueBytes})`)
    }
    if (encryptionKeyId === undefined && originalLength === undefined) return this.#decodePayload(bytes, headerBytes, codec, protocol)
    let payload = bytes.subarray(headerBytes)
    if (encryptionKeyId !== undefined) payload = this.#decrypt(encryptionKeyId, bytes.subarray(0, headerBytes), payload, context)
    if (originalLength !== undefined) payload = decompress(header.compression, payload, originalLength)
    return this.#decodePayload(payload, 0, codec, protocol)
  }

  #decrypt(id: string, header: Uint8Array, sealed: Uint8Array, context: EntryContext | undefined): Uint8Array {
    if (this.#encryption === undefined) throw unknown(`it is encrypted with the key ${JSON.stringify(id)}. Set encryption with that key.`)
    checkContext(context)
    return this.#encryption.open(id, header, sealed, context)
  }

  #decodePayload(bytes: Uint8Array, start: number, id: number, protocol: number): unknown {
    if (id === codecIds.integer) {
      if (protocol !== integerProtocol)
        throw unknown(`integer protocol ${protocol} is not one that this release knows. Upgrade the readers first.`)
      if (!isIntegerText(bytes, start)) throw corrupt('an integer that is none')
      return decodeInteger(bytes, start)
    }
    const codec = this.#readers.reader(id, protocol)
    try {
      return isFast(codec) ? codec.decodeFrom(bytes, start, protocol) : codec.decode(start === 0 ? bytes : bytes.subarray(start), protocol)
    } catch (error) {
      if (ShaleError.is(error) && (error.code === 'CODEC_CORRUPT' || error.code === 'CODEC_UNKNOWN')) throw error
      const message = error instanceof Error ? error.message : String(error)
      throw new ShaleError('CODEC_CORRUPT', `The entry is corrupt: ${codec.name} cannot decode it (${message}). Delete or overwrite it.`, {
        cause: error,
      })
    }
  }

  #checkMayBePlain(): void {
    if (this.#encryption?.required === true) {
      throw corrupt('it is not encrypted, and encryption.required is set')
    }
  }
}

function checkedCompression(compression: Compression | undefined): Compression | undefined {
  if (compression === undefined) return undefined
  if (typeof compression?.compress !== 'function' || compressionName(compression.id) !== compression.name) {
    throw new ShaleError('CONFIG_INVALID', `compression: expected gzip(), brotli() or zstd(); found ${describe(compression)}.`)
  }
  return compression
}

function checkContext(context: EntryContext | undefined): asserts context is EntryContext {
  if (typeof context?.prefix === 'string' && typeof context.key === 'string') return
  throw new ShaleError(
    'CONFIG_INVALID',
    `context: expected { prefix, key }, which encryption binds the entry to; found ${describe(context)}.`,
  )
}

function joined(header: Uint8Array, payload: Uint8Array): Uint8Array {
  const entry = Buffer.allocUnsafeSlow(header.length + payload.length)
  entry.set(header)
  entry.set(payload, header.length)
  return entry
}

function foreign(): ShaleError {
  return unknown('it is neither an integer nor an entry of Shale. Another program wrote it; leave it, or delete the key.')
}
