// Serializing
export { createSerializer, type EntryHeader, type Serializer, type SerializerOptions } from './serializer.ts'

// Codecs
export { cbor, type CborOptions } from './cbor.ts'
export { json } from './json.ts'
export { msgpack } from './msgpack.ts'
export { v8 } from './v8.ts'
export { bytes } from './bytes.ts'

// Compression
export { brotli, type Compression, type CompressionOptions, gzip, zstd } from './compression.ts'

// Encryption
export type { EncryptionOptions, EntryContext } from './encryption.ts'

// What these name
export type { Clock, Codec } from '@shale/contracts'
